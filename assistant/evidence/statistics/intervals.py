"""A mean with its bootstrap interval; rows that belong together are drawn together."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

RESAMPLES = 9999
CONFIDENCE = 0.95
SEED = 3407
EXACT = 10  # decimals that scores are told apart by: 0.1 + 0.2 is 0.3


@dataclass(frozen=True)
class Interval:
    """A mean and its 95 % bootstrap interval, in the unit of the scores."""

    mean: float
    low: float
    high: float


def interval(values: Sequence[float], clusters: Sequence[int] | None = None) -> Interval:
    """Mean of `values` with a bootstrap interval (percentiles of 9,999 draws, seeded; the mean where nothing varies).

    `clusters` says of each value which others it belongs to: they are drawn as one. NaN for no values; raises
    ValueError where one of them is no number, for a mean of it would decide nothing and look as if.
    """
    import numpy as np

    data = finite(values)
    if data.size == 0:
        return Interval(math.nan, math.nan, math.nan)
    mean = float(data.mean())
    sums, sizes = totals(data, clusters)
    if sums.size == 1 or np.ptp(data) == 0:
        return Interval(mean, mean, mean)
    rng = np.random.default_rng(SEED)
    drawn = rng.integers(0, sums.size, size=(RESAMPLES, sums.size))
    means = sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1)
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(means, [tail, 1 - tail])
    return Interval(mean, float(low), float(high))


def finite(values: Sequence[float]) -> np.ndarray:
    """The values as an array, rounding residues removed. Raises ValueError for NaN and infinity."""
    import numpy as np

    data = np.round(np.asarray(values, dtype=float), EXACT)
    if not np.isfinite(data).all():
        raise ValueError("a score is not a number: leave the row out, or count it as 0")
    return data


def totals(data: np.ndarray, clusters: Sequence[int] | None) -> tuple[np.ndarray, np.ndarray]:
    """Sum and size of each cluster; without clusters every value is its own."""
    import numpy as np

    if clusters is None:
        return data, np.ones_like(data)
    if len(clusters) != data.size:
        raise ValueError(f"{data.size} scores and {len(clusters)} clusters")
    _, place = np.unique(np.asarray(clusters), return_inverse=True)
    return np.bincount(place, weights=data), np.bincount(place).astype(float)
