"""The report: one page for somebody who was not there, as HTML that needs nothing else, or as PDF.

Here: what it tells, its plot, its page. Not here: what was measured (evidence/), what leaves with a model (export.py).
"""
