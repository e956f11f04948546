"""Two variants on the same held-out rows: the difference, its interval, and how surely it is one.

The test flips the sign of whole clusters (Fisher's randomisation test on sums); the interval is Student's, with
variance between clusters (Liang and Zeger 1986, the small-sample factor of Stata). Both have to agree before
anything is concluded.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import TYPE_CHECKING

from assistant.evidence.statistics.intervals import SEED, Interval, finite, totals

if TYPE_CHECKING:
    import numpy as np

FLIPS = 9999
ALL = 12  # clusters up to which every assignment of signs is tried: 4,096
ALPHA = 0.02  # the error of one conclusion in one direction: at most 2 of 100 equal models are called better


@dataclass(frozen=True)
class Difference(Interval):
    """Mean of a - b over pairs. `low` and `high` are the ends of its 1 - 2 * alpha interval.

    `p_better` is the one-sided p value of "a is not better", `p_worse` of "a is not worse"; `n` pairs in `clusters`.
    """

    p_better: float = 1.0
    p_worse: float = 1.0
    n: int = 0
    clusters: int = 0

    @property
    def p_value(self) -> float:
        """Two-sided."""
        return min(1.0, 2 * min(self.p_better, self.p_worse))

    def better(self, alpha: float = ALPHA) -> bool:
        return self.p_better <= alpha and self.low > 0

    def worse(self, alpha: float = ALPHA) -> bool:
        return self.p_worse <= alpha and self.high < 0


def difference(
    a: Sequence[float],
    b: Sequence[float],
    clusters: Sequence[int] | None = None,
    alpha: float = ALPHA,
    flips: int = FLIPS,
) -> Difference:
    """Paired difference a - b: one pair a held-out conversation, in the same order. Raises ValueError for NaN."""
    import numpy as np

    if len(a) != len(b):
        raise ValueError(f"paired scores differ in length: {len(a)} and {len(b)}")
    data = finite(np.asarray(finite(a)) - np.asarray(finite(b)))
    n = int(data.size)
    if n == 0:
        return Difference(math.nan, math.nan, math.nan)
    sums, sizes = totals(data, clusters)
    mean, error, freedom = spread(sums, sizes)
    if not data.any():
        return Difference(0.0, 0.0, 0.0, 1.0, 1.0, n, int(sums.size))
    reach = _quantile(alpha, freedom) * error
    better, worse = _flipped(sums, flips)
    return Difference(mean, mean - reach, mean + reach, better, worse, n, int(sums.size))


def spread(sums: np.ndarray, sizes: np.ndarray) -> tuple[float, float, int]:
    """Mean of all values, its standard error between clusters, and the degrees of freedom (clusters - 1)."""
    count, n = sums.size, float(sizes.sum())
    mean = float(sums.sum()) / n
    if count < 2:
        return mean, math.inf, 0
    rest = sums - mean * sizes
    error = math.sqrt(count / (count - 1) * float((rest**2).sum())) / n
    return mean, error, count - 1


def _quantile(alpha: float, freedom: int) -> float:
    from scipy import stats

    return float(stats.t.ppf(1 - alpha, freedom)) if freedom else math.inf


def _flipped(sums: np.ndarray, flips: int) -> tuple[float, float]:
    """The share of sign assignments whose sum is at least, and at most, the observed one."""
    import numpy as np

    observed = sums.sum()
    signs = _signs(sums.size, flips)
    extra = int(sums.size > ALL)  # of drawn ones, the observed is one more (Phipson and Smyth 2010)
    found = signs @ sums
    residue = 1e-9 * max(1.0, float(np.abs(sums).sum()))
    better = (np.count_nonzero(found >= observed - residue) + extra) / (len(signs) + extra)
    worse = (np.count_nonzero(found <= observed + residue) + extra) / (len(signs) + extra)
    return float(better), float(worse)


@lru_cache(maxsize=4)  # all variants of an evaluation have the same rows
def _signs(count: int, flips: int) -> np.ndarray:
    """Every assignment of signs where they are few, else `flips` that are drawn."""
    import numpy as np

    if count <= ALL:
        return np.array(list(product((1.0, -1.0), repeat=count)))
    return np.random.default_rng(SEED).integers(0, 2, size=(flips, count)) * 2.0 - 1.0
