"""One aspect of the answers, form, facts or score: the candidate compared with every untrained variant."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from assistant.evidence.statistics.contest import contest
from assistant.evidence.statistics.power import power

FORM, FACTS, SCORE = "form", "facts", "score"
Rows = Mapping[str, Mapping[int, float]]  # variant -> held-out conversation -> 0 to 1


@dataclass(frozen=True)
class Aspect:
    """`mine` and `best` are the means of the candidate and of `against`, the best untrained variant in this aspect.

    `difference`: candidate minus best, the best chosen without favour; `low` to `high`: its interval; `sure`: better
    than each; `better`: and by what matters; `worse`: surely worse than one of them. `smallest_shown`: the gain that
    rows like these prove in 80 of 100 evaluations; `chance`: of proving a gain of `smallest`; `rows_needed` for that.
    """

    name: str
    mine: float
    best: float
    against: str
    difference: float
    low: float
    high: float
    p_value: float
    sure: bool
    better: bool
    worse: bool
    smallest: float
    smallest_shown: float | None
    chance: float
    rows_needed: int | None


def aspect(
    name: str,
    rows: Rows,
    rivals: Sequence[str],
    candidate: str,
    shared: Sequence[int],
    clusters: Sequence[int],
    alpha: float,
    smallest: float,
) -> Aspect:
    """Raises ValueError where a score is no number."""
    mine = [rows[candidate][i] for i in shared]
    others = {rival: [rows[rival][i] for i in shared] for rival in rivals}
    found = contest(mine, others, clusters, alpha)
    shown = power(mine, others, smallest, clusters, alpha)
    mean, best = (math.fsum(values) / len(values) for values in (mine, others[found.best]))
    return Aspect(
        name,
        round(mean, 4),
        round(best, 4),
        found.best,
        round(found.estimate, 4),
        _number(found.low),
        _number(found.high),
        min(1.0, 2 * found.p_better),
        found.better,
        found.better and mean - best >= smallest,
        found.worse,
        smallest,
        None if math.isinf(shown.smallest) else round(shown.smallest, 4),
        round(shown.chance, 3),
        shown.rows,
    )


def _number(value: float) -> float:
    """JSON knows no infinity: differences of scores between 0 and 1 end at 1."""
    return round(max(-1.0, min(1.0, value)), 4)
