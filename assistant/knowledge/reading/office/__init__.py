"""Office documents -> Markdown: Word, PowerPoint, Excel, OpenDocument, with tables, charts, equations and notes.

Here: one module a program, and what several share. Not here: archives and their limits (archives.py), pages/.
"""
