"""Text to passages: chunks, words, vectors, and the index that finds them.

Here: what finds pieces of the documents. Not here: what is answered with them (quote/, prompt/).
"""
