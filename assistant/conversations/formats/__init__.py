"""Conversations in files: what a file is, is told by its content, and each format has one reader.

Here: files to conversations and back; containers/ (lines, tables, archives), rows/ (training formats), exports/
(products). Not here: what becomes of them (importing.py, labels.py, split.py).
"""
