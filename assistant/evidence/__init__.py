"""What was proved: answers of every variant to held-out conversations, scored, paired, and judged.

Here: scorers, statistics, failures, the verdict. Not here: running an evaluation (stages/evaluate.py).
"""
