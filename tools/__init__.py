"""Machinery that knows nothing of the assistant: trainers, worker processes, serving."""
