"""Azure OpenAI: its differences from OpenAI's fine-tuning, and deployments.

Here: what only Azure has. Not here: what it shares with OpenAI (openai/).
"""
