"""AutoTrain Advanced, in an environment of its own.

Here: its environment, its input, its trainer. Not here: following its run (workers/elsewhere/).
"""
