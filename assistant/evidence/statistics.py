"""Intervals and tests over paired scores: scipy's bootstrap and permutation test, seeded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

RESAMPLES = 9999
CONFIDENCE = 0.95
SEED = 3407


@dataclass(frozen=True)
class Interval:
    """A mean and its 95 % bootstrap interval, in the unit of the scores."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class Difference(Interval):
    """Mean of a - b over pairs, its interval, and the two-sided p value of the sign-flip permutation test."""

    p_value: float = 1.0
    n: int = 0


def interval(values: Sequence[float]) -> Interval:
    """Mean of `values` with a bootstrap interval (BCa; the mean itself where nothing varies)."""
    import numpy as np
    from scipy import stats

    data = np.asarray(values, dtype=float)
    if data.size == 0:
        return Interval(float("nan"), float("nan"), float("nan"))
    mean = float(data.mean())
    if data.size == 1 or np.ptp(data) == 0:
        return Interval(mean, mean, mean)
    found = stats.bootstrap(
        (data,),
        np.mean,
        n_resamples=RESAMPLES,
        confidence_level=CONFIDENCE,
        method="BCa",
        rng=np.random.default_rng(SEED),
    ).confidence_interval
    return Interval(mean, float(found.low), float(found.high))


def difference(a: Sequence[float], b: Sequence[float]) -> Difference:
    """Paired difference a - b: one pair for each held-out conversation, in the same order."""
    import numpy as np
    from scipy import stats

    if len(a) != len(b):
        raise ValueError(f"paired scores differ in length: {len(a)} and {len(b)}")
    differences = np.asarray(a, dtype=float) - np.asarray(b, dtype=float)
    around = interval(differences.tolist())
    if len(a) < 2 or not differences.any():
        return Difference(around.mean, around.low, around.high, 1.0, len(a))
    test = stats.permutation_test(
        (differences,), np.mean, permutation_type="samples", n_resamples=RESAMPLES, rng=np.random.default_rng(SEED)
    )
    return Difference(around.mean, around.low, around.high, float(test.pvalue), len(a))
