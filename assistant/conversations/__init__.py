"""What people approved: labels, formats in and out, near-duplicates, the split.

Here: labels, the split, rows to train on, and files of conversations (formats/). Not here: scoring (evidence/).
"""
