"""What programs send in: files, whole or in parts, and the fine-tuning jobs and models that are made of them.

Here: what /v1 keeps of files and jobs. Not here: its routes (faces/api/).
"""
