"""Records that were made to train on: ShareGPT, question and answer, preferences.

Here: one module a family of rows. Not here: OpenAI's own rows (openai_rows.py), what products export (exports/).
"""
