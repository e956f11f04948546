"""GGUF files: read, written from weights, and turned back into weights. Needs no torch.

Here: bytes of model files. Not here: which file a model's name means (local_models.py).
"""
