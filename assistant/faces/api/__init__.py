"""OpenAI's API under /v1: files, fine-tuning, models, chat and embeddings for programs with the `openai` SDK.

Here: routes, keys, limits and errors of /v1. Not here: the files and jobs behind them (assistant/uploads/).
"""
