"""Commands about what was proved: the answers on the table, blind votes, a model that judges, the report.

Here: one module a command. Not here: commands that make, measure and choose models (model_commands.py).
"""
