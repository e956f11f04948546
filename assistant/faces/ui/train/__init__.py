"""Training on the page: options, forecast, the run, and hosted deployments.

Here: what is seen of a job. Not here: its result (result/).
"""
