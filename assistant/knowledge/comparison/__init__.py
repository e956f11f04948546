"""Texts compared with texts: what is the same, what is contained in what, and what a model would have seen before.

Here: n-grams, containment, near-duplicates and leaks. Not here: finding passages (search/), the split (conversations/).
"""
