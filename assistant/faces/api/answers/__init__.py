"""Every route of /v1 that answers: chat, completions, responses, embeddings.

Here: a request to its model and its answer in OpenAI's shape. Not here: what the shapes are (schemas/).
"""
