"""Conversations in files: one reader a format.

Here: text or files to conversations and back. Not here: what becomes of them (labels.py, split.py).
"""
