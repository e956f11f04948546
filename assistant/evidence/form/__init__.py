"""How an answer is shaped: the frame that a case's approved answers share, and whether an answer keeps it.

Not here: what an answer says (facts), rules that the brief states in words (checks).
"""
