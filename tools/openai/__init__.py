"""Fine-tuning at OpenAI and at every vendor with the same API.

Here: files, jobs, events and errors of such a vendor. Not here: Azure's differences (azure/).
"""
