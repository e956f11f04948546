"""Runs that other programs or machines carry out: AutoTrain and Hugging Face Jobs.

Here: what follows them and brings their result home. Not here: how they are ordered (tools/autotrain/ and such).
"""
