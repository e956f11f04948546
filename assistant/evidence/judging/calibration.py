"""How far a judge agrees with the people who marked answers: only then is it worth listening to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assistant.evidence.statistics.intervals import CONFIDENCE, SEED, Interval

if TYPE_CHECKING:
    import numpy as np

MARKED = 20  # answers that people called right or wrong, at least
KAPPA = 0.4  # moderate agreement (Landis and Koch 1977), at least
RESAMPLES = 4999


@dataclass(frozen=True)
class JudgeCalibration:
    """Of `n` marked answers the share on which judge and people agree, and Cohen's kappa: the same beyond chance."""

    n: int
    agreement: float
    kappa: float
    low: float
    high: float

    @property
    def trusted(self) -> bool:
        return self.n >= MARKED and self.kappa >= KAPPA

    @property
    def sentence(self) -> str:
        if self.n < MARKED:
            return f"The judge is not asked yet: mark {MARKED} answers right or wrong, {self.n} are."
        told = f"The judge agrees with you in {self.agreement:.0%} of {self.n} answers "
        told += f"(kappa {self.kappa:.2f}, {self.low:.2f} to {self.high:.2f})"
        return f"{told}." if self.trusted else f"{told}: not used as evidence."


def of(judge: Sequence[bool], people: Sequence[bool], rows: Sequence[int]) -> JudgeCalibration:
    """Both say of each answer whether it is right. `rows`: the held-out conversation of each; those are drawn whole.

    The interval is a bootstrap of 95 %, seeded. Where one of them always says the same, kappa is 0.
    """
    import numpy as np

    n = len(judge)
    if n == 0:
        return JudgeCalibration(0, 0.0, 0.0, 0.0, 0.0)
    said, thought = np.asarray(judge, dtype=bool), np.asarray(people, dtype=bool)
    around = _interval(said, thought, np.asarray(rows))
    agreement = float((said == thought).mean())
    return JudgeCalibration(n, round(agreement, 4), *(round(v, 4) for v in (around.mean, around.low, around.high)))


def kappa(judge: np.ndarray, people: np.ndarray) -> float:
    """Cohen's kappa (1960) of two yes/no judgements of the same answers."""
    agree = float((judge == people).mean())
    p, q = float(judge.mean()), float(people.mean())
    chance = p * q + (1 - p) * (1 - q)
    return 0.0 if chance >= 1 else (agree - chance) / (1 - chance)


def _interval(judge: np.ndarray, people: np.ndarray, rows: np.ndarray) -> Interval:
    import numpy as np

    units, place = np.unique(rows, return_inverse=True)
    members = [np.flatnonzero(place == unit) for unit in range(units.size)]
    rng = np.random.default_rng(SEED)
    drawn = []
    for _ in range(RESAMPLES):
        chosen = np.concatenate([members[i] for i in rng.integers(0, units.size, units.size)])
        drawn.append(kappa(judge[chosen], people[chosen]))
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(drawn, [tail, 1 - tail])
    return Interval(kappa(judge, people), float(low), float(high))
