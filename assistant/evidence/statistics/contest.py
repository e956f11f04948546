"""One candidate against several: better only if better than each, worse as soon as surely worse than one.

Better is an intersection-union test (Berger 1982): each comparison at the whole error rate, none corrected, because
all have to succeed. Worse is a union: its error rate is shared out (Bonferroni). So neither is easier to be told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assistant.evidence.statistics.intervals import SEED, finite
from assistant.evidence.statistics.paired import ALPHA, FLIPS, Difference, difference

if TYPE_CHECKING:
    import numpy as np

HALVES = 200  # random halves: the best is chosen on one, and measured on the other


@dataclass(frozen=True)
class Contest:
    """`against` each rival: the difference to it. `best`: the rival with the highest mean, `estimate`: the candidate's
    mean minus the best rival's, where the best was chosen on other rows than it was measured on."""

    against: dict[str, Difference]
    best: str
    estimate: float
    alpha: float

    @property
    def better(self) -> bool:
        return bool(self.against) and all(one.better(self.alpha) for one in self.against.values())

    @property
    def worse(self) -> bool:
        return any(one.worse(self.alpha / len(self.against)) for one in self.against.values())

    @property
    def low(self) -> float:
        """The lower end of the interval of candidate minus the best of them."""
        return min(one.low for one in self.against.values())

    @property
    def high(self) -> float:
        return min(one.high for one in self.against.values())

    @property
    def p_better(self) -> float:
        return max(one.p_better for one in self.against.values())

    @property
    def hardest(self) -> str:
        """The rival that the candidate is the least surely better than."""
        return max(self.against, key=lambda name: (self.against[name].p_better, -self.against[name].mean))


def contest(
    candidate: Sequence[float],
    rivals: Mapping[str, Sequence[float]],
    clusters: Sequence[int] | None = None,
    alpha: float = ALPHA,
    flips: int = FLIPS,
) -> Contest:
    """Compare; all sequences are in the order of the same held-out rows. Raises ValueError without a rival."""
    if not rivals:
        raise ValueError("nothing to compare with")
    share = alpha / len(rivals)
    against = {name: difference(candidate, scores, clusters, alpha, flips) for name, scores in rivals.items()}
    if len(rivals) > 1:  # the interval of "worse" is wider: its error rate is shared out
        against = {
            name: one if one.p_worse > share else _wider(one, candidate, rivals[name], clusters, share, flips)
            for name, one in against.items()
        }
    best = min(against, key=lambda name: (against[name].mean, name))
    return Contest(against, best, unfavoured(candidate, rivals), alpha)


def unfavoured(candidate: Sequence[float], rivals: Mapping[str, Sequence[float]]) -> float:
    """Candidate minus the best rival, the best being chosen on one random half and measured on the other (mean)."""
    import numpy as np

    mine, others = finite(candidate), np.stack([finite(scores) for scores in rivals.values()])
    n = mine.size
    if len(rivals) == 1 or n < 4:
        return float(mine.mean() - others.mean(axis=1).max())
    halves = _halves(n)
    kept = halves @ others.T / halves.sum(axis=1, keepdims=True)
    chosen = kept.argmax(axis=1)
    rest = 1 - halves
    measured = rest @ (mine - others).T / rest.sum(axis=1, keepdims=True)
    return float(measured[np.arange(HALVES), chosen].mean())


def _halves(n: int) -> np.ndarray:
    """0/1 rows, half of each 1."""
    import numpy as np

    order = np.random.default_rng(SEED).random((HALVES, n)).argsort(axis=1)
    return (order < n // 2).astype(float)


def _wider(
    one: Difference, a: Sequence[float], b: Sequence[float], clusters: Sequence[int] | None, alpha: float, flips: int
) -> Difference:
    """The same difference, with the upper end of the interval at the shared-out error rate."""
    stricter = difference(a, b, clusters, alpha, flips)
    return Difference(one.mean, one.low, stricter.high, one.p_better, one.p_worse, one.n, one.clusters)
