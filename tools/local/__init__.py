"""Training on this machine: TRL and Unsloth, what a base model must be, and what a run will take.

Here: what is decided before the worker starts. Not here: the training itself (workers/training/).
"""
