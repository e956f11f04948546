"""A model that judges answers: asked, read, and believed only as far as it agrees with the people who marked some.

Here: the rubric, the replies, calibration, the run. Not here: what people said themselves (evidence/answers/).
"""
