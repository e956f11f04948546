"""Programs that run in a child process, never in the app: the only code that may import torch.

Here: programs, each with a folder as its whole conversation. Not here: who starts them (process.py, engine/).
"""
