"""What products give back: ChatGPT, Claude, Open WebUI, Langfuse and LangSmith, Slack.

Here: one module a product. Not here: rows that were made to train on (rows/), zip archives (containers/).
"""
