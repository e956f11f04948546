"""The record as files on a disk: what is wrong with them, who may read them, and which process works with them.

Here: SQLite's errors in words, the mode of files, locks between processes.
Not here: what the files hold (one folder up).
"""
