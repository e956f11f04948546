"""What answers a question now, of the variants that were switched to, and when an earlier one comes back by itself.

Here: the history as it stands, shares, how answers went, the test. Not here: whether a variant may take over
(stages/switch.py), what is proved of it (evidence/).
"""
