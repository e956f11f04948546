"""Commands about what is to be proved and what was.

Here: one file a command, each imported by entry.py. Not here: making, measuring and switching models
(model_commands.py), and whatever decides (evidence/).
"""
