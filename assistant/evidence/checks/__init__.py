"""What the brief asks for, as checks that a program can hold an answer to and a person can read.

Here: the checks, the compiler from a brief's words to them, what a case keeps of them, measuring and gating.
Not here: the learned house format (evidence/form), likeness and numbers (scorers), the verdict that asks the gates.
"""
