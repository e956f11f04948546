"""The command line, `attune`.

Here: options in, one call of a stage or of the guide, words and JSON out. Not here: anything that decides.
"""
