"""What was measured, on the page: variants, verdict, switch, plots, and taking a model elsewhere.

Here: what is seen of an evaluation. Not here: how it is measured (evidence/, stages/).
"""
