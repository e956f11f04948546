"""Files to text: one reader a kind of file, in a process of its own, and how a document enters a case.

Here: everything between an upload and its Markdown. Not here: how the text is cut and found (search/).
"""
