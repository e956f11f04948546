"""Whether one rate is higher than another, looked at after every answer without spoiling the error level.

The method is testing by betting (Waudby-Smith and Ramdas 2024, Shafer 2021). For each common rate m that the two could
have, the evidence against "the new one's rate is at most m and the old one's at least m" is the mean of the likelihood
ratios of alternatives above m, times that of alternatives below m. Each is a nonnegative supermartingale when m lies
between the true rates, whatever is shared out to whom and however the values in [0, 1] are distributed; so the least
of them over all m exceeds 1/level with a probability of at most `level`, however often it is looked at (Ville 1939).
Only counts and sums matter, not the order.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

COMMON = 128  # common rates that are tried first, closer together near 0 and 1
ALTERNATIVES = 64  # rates on one side that are bet on; any choice keeps the level, more of them find more
EDGE = 1e-6  # the first and, from 1, the last common rate


@dataclass(frozen=True)
class Counts:
    """The sums and numbers of two series of values from 0 to 1: all that the evidence depends on."""

    new: float
    news: int
    old: float
    olds: int

    def at(self, rate: np.ndarray) -> np.ndarray:
        """Logarithm of the evidence against each common rate. That a rate is lower: its complement is higher."""
        good = self.olds - self.old
        found: np.ndarray = _against(self.new, self.news, rate) + _against(good, self.olds, 1 - rate)
        return found

    @property
    def pooled(self) -> float:
        rate = (self.new + self.old) / (self.news + self.olds)
        return min(1 - EDGE, max(EDGE, rate))


def log_evidence(new: Sequence[float], old: Sequence[float]) -> float:
    """Logarithm of the evidence that the mean of `new` is higher; both are values from 0 to 1. 0 without any.

    It proves so at a level once it reaches log(1 / level). Raises ValueError for a value outside.
    """
    found = _counted(new, old)
    return _least(found) if found else 0.0


def proves(new: Sequence[float], old: Sequence[float], level: float) -> bool:
    """Whether the mean of `new` is proved higher at the level. As above, and quick where it is not."""
    import numpy as np

    found, enough = _counted(new, old), -math.log(level)
    if found is None or found.new * found.olds <= found.old * found.news:
        return False  # at either mean both factors are at most 1
    if found.at(np.array([found.pooled]))[0] < enough:
        return False  # the least one is not more
    return _least(found) >= enough


def _counted(new: Sequence[float], old: Sequence[float]) -> Counts | None:
    """None where one has no value: then no rate of it is ruled out."""
    for value in (*new, *old):
        if not 0 <= value <= 1:
            raise ValueError(f"{value} is no rate between 0 and 1")
    return Counts(math.fsum(new), len(new), math.fsum(old), len(old)) if new and old else None


def _least(found: Counts) -> float:
    """The least evidence over all common rates."""
    import numpy as np
    from scipy.optimize import minimize_scalar

    reach = math.log((1 - EDGE) / EDGE)
    tried = np.linspace(-reach, reach, COMMON)
    values = found.at(1 / (1 + np.exp(-tried)))
    place = int(values.argmin())
    bounds = (tried[max(0, place - 1)], tried[min(COMMON - 1, place + 1)])
    finer = minimize_scalar(
        lambda logit: float(found.at(1 / (1 + np.exp(-np.array([logit]))))[0]), bounds=bounds, method="bounded"
    )
    return min(float(values[place]), float(finer.fun))


def _against(total: float, count: int, rate: np.ndarray) -> np.ndarray:
    """Logarithm of the evidence against "the mean is at most `rate`", for each rate: bets on many higher ones."""
    import numpy as np

    part = ((np.arange(ALTERNATIVES) + 0.5) / ALTERNATIVES) ** 2  # more of them just above the rate
    odds = ((1 - rate) / rate)[:, None]
    won = total * np.log1p(odds * part) + (count - total) * np.log1p(-part)
    most = won.max(axis=1)
    return np.asarray(most + np.log(np.exp(won - most[:, None]).mean(axis=1)))
