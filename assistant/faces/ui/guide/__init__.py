"""The guide on the page: its conversation, its proposals as cards, the brief as a form.

Here: what is seen of the guide. Not here: what it says (assistant/guide/).
"""
