"""How a document's text is built: its headings, paragraphs, lists, tables and code, by the rules of its kind.

Here: where blocks begin and end. Not here: reading files (reading/), how large a chunk may be (search/chunks.py).
"""
