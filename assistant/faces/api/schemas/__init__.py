"""What goes in and out of /v1, by OpenAI's names.

Here: the shape of requests and objects. Not here: what is done with them.
"""
