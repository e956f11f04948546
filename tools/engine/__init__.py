"""Local models: their files and the servers that answer from them, by llama.cpp or vLLM.

What belongs here: GGUF files read, made and checked, the embedded model, and server processes on loopback. What does
not: training (workers/), and which model a chat uses (assistant/models.py).
"""

CONTEXT = 16_384  # tokens that a server keeps for all its answers together, and so the longest prompt
EMBEDDED = "smollm2-135m-instruct"  # the name of the embedded model wherever a model is named
