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
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

COMMON = 400  # common rates that are tried, closer together near 0 and 1
ALTERNATIVES = 200  # rates on one side that are bet on; any choice keeps the level, more of them find more
EDGE = 1e-6  # the first and, from 1, the last common rate


def log_evidence(new: Sequence[float], old: Sequence[float]) -> float:
    """Logarithm of the evidence that the mean of `new` is higher; both are values from 0 to 1. 0 without any.

    It proves so at a level once it reaches log(1 / level). Raises ValueError for a value outside.
    """
    import numpy as np
    from scipy.optimize import minimize_scalar

    for value in (*new, *old):
        if not 0 <= value <= 1:
            raise ValueError(f"{value} is no rate between 0 and 1")
    if not new or not old:
        return 0.0  # no rate of the other one is ruled out
    worse, better = (math.fsum(new), len(new)), (math.fsum(old), len(old))

    def at(logit: np.ndarray) -> np.ndarray:
        rate = 1 / (1 + np.exp(-logit))
        good = (better[1] - better[0], better[1])  # that a rate is lower is that its complement is higher
        return np.asarray(_against(*worse, rate) + _against(*good, 1 - rate))

    reach = math.log((1 - EDGE) / EDGE)
    tried = np.linspace(-reach, reach, COMMON)
    values = at(tried)
    place = int(values.argmin())
    bounds = (tried[max(0, place - 1)], tried[min(COMMON - 1, place + 1)])
    finer = minimize_scalar(lambda logit: float(at(np.array([logit]))[0]), bounds=bounds, method="bounded")
    return min(float(values[place]), float(finer.fun))


def _against(total: float, count: int, rate: np.ndarray) -> np.ndarray:
    """Logarithm of the evidence against "the mean is at most `rate`", for each rate: bets on many higher ones."""
    import numpy as np
    from scipy.special import logsumexp

    part = ((np.arange(ALTERNATIVES) + 0.5) / ALTERNATIVES) ** 2  # more of them just above the rate
    free = 1 - rate[:, None]
    higher, lower = np.log1p(free / rate[:, None] * part), np.log1p(-part)
    return np.asarray(logsumexp(total * higher + (count - total) * lower, axis=1) - math.log(ALTERNATIVES))
