"""Servers in a child process: llama.cpp, vLLM, sentence-transformers.

Here: programs that answer on loopback. Not here: who starts them (tools/engine/serving.py, tools/service.py).
"""
