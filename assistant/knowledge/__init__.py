"""What answers may draw on: documents, their chunks, the retriever, shots, and the prompt made of them.

Here: reading files, searching them, quoting them, and the prompt. Not here: asking a model (chat.py, models.py).
"""
