"""OpenAI's API under /v1: files, fine-tuning, models, chat and embeddings for programs with the `openai` SDK."""
