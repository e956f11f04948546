"""The training program: `python -m tools.workers.finetune` and its steps.

Here: from rows to a trained model. Not here: tensor work that any method needs (compute/).
"""
