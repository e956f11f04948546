"""Local models: their files and the servers that answer from them, by llama.cpp or vLLM.

Here: the embedded model, local models' files (gguf/), and the servers on loopback. Not here: which model a chat uses
(assistant/models.py).
"""

CONTEXT = 16_384  # tokens that a server keeps for all its answers together, and so the longest prompt
EMBEDDED = "smollm2-135m-instruct"  # the name of the embedded model wherever a model is named
