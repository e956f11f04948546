"""Rows of what answers: which variant was switched to, for what share of the conversations, and how its answers went.

Here: switches and outcomes. Not here: which of them answers a question (assistant/traffic/).
"""
