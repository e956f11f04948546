"""The answer without a language model: the sentence or row of the documents that answers best.

Here: which sentence is quoted, and whether any is. Not here: finding the passages (search/).
"""
