"""What these rows can show: the chance to prove a given gain, the smallest gain that is proved mostly, rows needed."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assistant.evidence.statistics.intervals import SEED, finite, totals
from assistant.evidence.statistics.paired import ALPHA

if TYPE_CHECKING:
    import numpy as np

DRAWS = 2000
MOSTLY = 0.8  # the chance that counts as enough, as is usual
MOST_ROWS = 100_000


@dataclass(frozen=True)
class Power:
    """`chance` of proving a gain of `gain` with these rows; `smallest`: the gain proved in 80 of 100 such
    evaluations; `rows`: how many rows `gain` would need for that (None: more than 100,000)."""

    gain: float
    chance: float
    smallest: float
    rows: int | None


def power(
    candidate: Sequence[float],
    rivals: Mapping[str, Sequence[float]],
    gain: float,
    clusters: Sequence[int] | None = None,
    alpha: float = ALPHA,
) -> Power:
    """From the spread of the differences that were seen, were the candidate better than each rival by `gain`.

    Rivals that are all as good as the best are the hardest to beat, so this is what they are taken for.
    """
    import numpy as np

    mine = finite(candidate)
    apart = np.stack([mine - finite(scores) for scores in rivals.values()])
    groups = [totals(row, clusters) for row in apart]
    sizes = groups[0][1]
    rest = np.stack([sums - row.mean() * sizes for (sums, _), row in zip(groups, apart, strict=True)])
    count, n = sizes.size, float(sizes.sum())
    if count < 2:
        return Power(gain, 0.0, math.inf, None)
    covariance = count / (count - 1) * (rest @ rest.T) / n**2
    draw = _Draw(covariance, count)
    chance = draw.chance(gain, 1.0, alpha)
    smallest = _least(lambda value: draw.chance(value, 1.0, alpha), 1e-4, 10.0)
    times = _least(lambda value: draw.chance(gain, value, alpha), 2 / count, MOST_ROWS / n) if gain > 0 else math.inf
    return Power(gain, chance, smallest, None if math.isinf(times) else math.ceil(times * n))


class _Draw:
    """Student statistics of all comparisons at once, as they would come out: their noise is drawn once."""

    def __init__(self, covariance: np.ndarray, clusters: int) -> None:
        import numpy as np

        rng = np.random.default_rng(SEED)
        error = np.sqrt(np.diag(covariance))
        self.error = np.where(error > 0, error, 1e-12)
        shape = covariance / np.outer(self.error, self.error)
        self.noise = rng.standard_normal((DRAWS, len(error))) @ _root(shape).T
        self.spread = rng.standard_normal((DRAWS, len(error))) @ _root(shape**2).T  # variances of correlated values
        self.clusters = clusters

    def chance(self, gain: float, times: float, alpha: float) -> float:
        """With `times` as many rows."""
        import numpy as np
        from scipy import stats

        if 2.0 ** -(self.clusters * times) > alpha:
            return 0.0  # so few clusters have too few assignments of signs to prove anything
        freedom = max(1.0, self.clusters * times - 1)
        part = 2 / (9 * freedom)  # chi-square over its freedom (Wilson and Hilferty 1931)
        scale = np.sqrt(np.clip(1 - part + self.spread * math.sqrt(part), 0.05, None) ** 3)
        seen = (self.noise + gain / (self.error / math.sqrt(times))) / scale
        return float((seen.min(axis=1) > stats.t.ppf(1 - alpha, freedom)).mean())


def _root(correlations: np.ndarray) -> np.ndarray:
    import numpy as np

    values, vectors = np.linalg.eigh(correlations)
    found: np.ndarray = vectors * np.sqrt(np.clip(values, 0, None))
    return found


def _least(chance: Callable[[float], float], low: float, high: float) -> float:
    """The least value whose chance is enough, by bisection on a logarithmic scale; infinity where none is."""
    if chance(high) < MOSTLY:
        return math.inf
    if chance(low) >= MOSTLY:
        return low
    for _ in range(18):
        middle = math.sqrt(low * high)
        low, high = (low, middle) if chance(middle) >= MOSTLY else (middle, high)
    return high
