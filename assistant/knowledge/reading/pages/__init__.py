"""Pages -> Markdown: HTML, e-books, mail, notebooks, rich text and tables of values.

Here: one module a format. Not here: what an office program writes (office/), PDF (pdf.py).
"""
