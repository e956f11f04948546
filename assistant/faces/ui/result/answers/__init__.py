"""The answers of an evaluation on the page: rows side by side with marks, blind votes, a model that judges, the report.

Here: what is seen and clicked. Not here: how rows are chosen and what marks say (evidence/answers/).
"""
