"""What people approved: labels, formats in and out, near-duplicates, the split.

Here: labels, the split, and rows as they are trained on; files of conversations in formats/. Not here: scoring (evidence/).
"""
