"""Hugging Face: training on its Jobs, and pushing a model to its Hub.

Here: what talks to the Hub about a run or a model. Not here: downloading a base (engine/hub.py).
"""
