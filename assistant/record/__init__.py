"""What happened: one SQLite file, every statement in one module, plain types that import nothing of ours.

Here: SQL and the types of its rows. Not here: what rows mean together (stages/, conversations/).
"""
