"""Attune: a chat app that finds out whether fine-tuning would pay, does it, proves it, and switches to the result."""
