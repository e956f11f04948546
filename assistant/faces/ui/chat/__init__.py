"""The chat on the page: messages, gestures, citations, and what the model was sent.

Here: what is seen around an answer. Not here: how it is made (assistant/chat.py).
"""
