"""Documents and conversations on the page.

Here: what goes in, and the dataset made of it. Not here: training on it (train/).
"""
