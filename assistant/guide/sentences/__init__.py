"""What the checklist says and understands: one table a language, and the reader of these tables.

Here: sentences, questions and the few exact words. Not here: when they are said (checklist.py, replies.py).
"""
