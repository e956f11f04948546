"""What a model is sent: instruction, examples and passages, cut to its window.

Here: how a prompt is put together, counted and shown. Not here: asking the model (chat.py, models.py).
"""
