"""What a training run is: its rows, its beginning, and its course until it ends.

Here: jobs, beside the stage that starts them. Not here: when a run may start (stages/), the training itself (tools/).
"""
