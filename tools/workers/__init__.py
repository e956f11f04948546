"""Programs that run in a child process, never in the app: the only code that may import torch."""
