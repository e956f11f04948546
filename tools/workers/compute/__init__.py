"""Tensor work that every method of training shares: loss, attention, memory, merging, measuring.

Here: functions on a loaded model. Not here: the order in which a run uses them (training/).
"""
