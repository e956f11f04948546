"""A share of a count with its interval."""

from __future__ import annotations

import math

from assistant.evidence.statistics.intervals import CONFIDENCE, Interval


def wilson(part: int, whole: int) -> Interval:
    """`part` of `whole` with Wilson's 95 % interval (1927), which stays between 0 and 1; NaN for a whole of 0."""
    from scipy.stats import binomtest

    if whole == 0:
        return Interval(math.nan, math.nan, math.nan)
    around = binomtest(part, whole).proportion_ci(CONFIDENCE, method="wilson")
    return Interval(part / whole, float(around.low), float(around.high))
