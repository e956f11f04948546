"""The measured answer to: should this case be fine-tuned, and is this model better, in form and in facts?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from assistant.errors import AttuneError
from assistant.evidence import wording
from assistant.evidence.aspects import FACTS, FORM, SCORE, Aspect, Rows, aspect
from assistant.evidence.checks.measuring import Gate
from assistant.evidence.sanity import NEAREST
from assistant.evidence.statistics.paired import ALPHA, difference

FEW = 20  # fewer held-out conversations than this cannot carry a verdict
MARGIN = 0.1  # how much worse facts or form may be where the other is better: surely no more than that
SMALLEST = {FORM: 0.05, FACTS: 0.02, SCORE: 0.02}  # a smaller gain is not worth a switch, however sure
FAILED = 0.05  # of an untrained variant's answers failed: beating what was out of order proves nothing


@dataclass(frozen=True)
class Findings:
    """What was measured, each variant -> held-out conversation -> mean of its answers, 0 to 1; a failed one is 0.

    `form` is empty where approved answers share no frame and the brief has no check; `sanity`: facts of the answers
    that need no model; `clusters`: the topic of a conversation; `failed`: the share of a variant's answers that failed;
    `look`: which candidate this is that these held-out rows judge, from 1.
    """

    score: Rows
    facts: Rows
    form: Rows = field(default_factory=dict)
    sanity: Rows = field(default_factory=dict)
    clusters: Mapping[int, int] = field(default_factory=dict)
    gates: Sequence[Gate] = ()
    failed: Mapping[str, float] = field(default_factory=dict)
    look: int = 1
    smallest: Mapping[str, float] = field(default_factory=lambda: SMALLEST)
    margin: float = MARGIN


@dataclass(frozen=True)
class Verdict:
    """`decision`: switch (the tuned model is proved better), stay (it is not better), undecided (cannot tell),
    baseline (nothing tuned was measured). `difference` is the candidate's score minus the best untrained variant's,
    `low` to `high` its interval; `aspects`: form, facts and score, each compared; `sanity`: of each answer that needs
    no model, its facts and whether the candidate beats it."""

    decision: str
    reason: str
    candidate: str = ""
    against: str = ""
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    p_value: float | None = None
    n: int = 0
    topics: int = 0
    look: int = 1
    alpha: float = ALPHA
    aspects: dict[str, Any] = field(default_factory=dict)
    sanity: dict[str, Any] = field(default_factory=dict)
    gates: list[dict[str, Any]] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def only(found: Findings, kept: Set[int]) -> Findings:
    """The same findings of some of the conversations alone."""
    score, facts, form, sanity = (
        {name: {item: value for item, value in rows.items() if item in kept} for name, rows in measured.items()}
        for measured in (found.score, found.facts, found.form, found.sanity)
    )
    return replace(found, score=score, facts=facts, form=form, sanity=sanity)


def limits(options: Mapping[str, Any]) -> dict[str, Any]:
    """`smallest` and `margin` of a case's options: numbers from 0 to 1, or of `smallest_difference` one an aspect.

    Raises AttuneError for anything else.
    """
    wanted = options.get("smallest_difference", {})
    smallest = wanted if isinstance(wanted, Mapping) else dict.fromkeys(SMALLEST, wanted)
    if unknown := sorted(set(smallest) - set(SMALLEST)):
        raise AttuneError(f"smallest_difference knows no '{unknown[0]}'.", f"It knows {', '.join(SMALLEST)}.")
    margin = options.get("margin", MARGIN)
    for name, value in {**smallest, "margin": margin}.items():
        if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= 1:
            raise AttuneError(f"'{name}' is {value!r}, no number from 0 to 1.", "Write it as 0.1, for example.")
    return {"smallest": SMALLEST | dict(smallest), "margin": float(margin)}


def untrained(names: Iterable[str]) -> list[str]:
    """Those of the variants' names that are no tuned model's."""
    return [name for name in names if not name.startswith("tuned")]


def judge(found: Findings, candidate: str | None) -> Verdict:
    """Tested against every untrained variant on the conversations that all of them were asked.

    Switch: form or facts proved better than each of them, neither worse by more than the margin, every answer that
    needs no model beaten, no threshold of the brief failed. Each conclusion errs in at most 2 of 100 cases, shared out
    over the candidates that the same held-out rows have judged.
    """
    rivals = untrained(found.score)
    shared = sorted(set.intersection(*(set(values) for values in found.score.values()))) if found.score else []
    if not rivals or not shared:
        return Verdict("undecided", wording.NOTHING_SHARED)
    means = {name: sum(found.score[name][i] for i in shared) / len(shared) for name in rivals}
    best = max(means, key=lambda name: means[name])
    if candidate is None or candidate not in found.score:
        return Verdict("baseline", wording.baseline(best, means[best]), against=best, n=len(shared))
    alpha = ALPHA / found.look
    clusters = [found.clusters.get(i, -1 - i) for i in shared]
    aspects = {
        name: aspect(name, rows, rivals, candidate, shared, clusters, alpha, found.smallest[name])
        for name, rows in ((FORM, found.form), (FACTS, found.facts), (SCORE, found.score))
        if rows
    }
    sanity = {
        name: _beaten(name, found.facts[candidate], rows, shared, clusters, alpha)
        for name, rows in found.sanity.items()
    }
    score = aspects[SCORE]
    decision, reason = _decide(found, aspects, sanity, candidate, len(shared), len(set(clusters)), alpha)
    return Verdict(
        decision,
        reason,
        candidate,
        score.against,
        score.difference,
        score.low,
        score.high,
        score.p_value,
        len(shared),
        len(set(clusters)),
        found.look,
        alpha,
        {name: asdict(one) for name, one in aspects.items()},
        sanity,
        [asdict(gate) for gate in found.gates],
    )


def _beaten(
    name: str,
    mine: Mapping[int, float],
    other: Mapping[int, float],
    shared: Sequence[int],
    clusters: Sequence[int],
    alpha: float,
) -> dict[str, Any]:
    """Whether the candidate says more. Of an answer that is the same to every question that has to be proved.

    The nearest approved answer looks at the question, as the untrained variants do: it must not win.
    """
    apart = difference([mine[i] for i in shared], [other[i] for i in shared], clusters, alpha)
    mean = sum(other[i] for i in shared) / len(shared)
    proved = apart.better(alpha)
    beaten = apart.mean > 0 if name == NEAREST else proved
    return {"facts": round(mean, 4), "difference": round(apart.mean, 4), "proved": proved, "beaten": beaten}


def _decide(
    found: Findings,
    aspects: Mapping[str, Aspect],
    sanity: Mapping[str, Any],
    candidate: str,
    n: int,
    topics: int,
    alpha: float,
) -> tuple[str, str]:
    judged = [aspects[name] for name in (FORM, FACTS) if name in aspects]
    better = [one for one in judged if one.better]
    worse = [one for one in aspects.values() if one.worse]
    unsure = [one for one in judged if not one.better and one.low <= -found.margin]
    lost = [name for name, one in sanity.items() if not one["beaten"]]
    failed = [gate for gate in found.gates if gate.ok is False]
    broken = {name: share for name, share in found.failed.items() if name != candidate and share > FAILED}
    said = wording.Basis(candidate, judged, n, topics, found.margin, alpha)
    if n < FEW:
        return "undecided", wording.few(said, FEW)
    if worse:
        return "stay", wording.worse(said, worse, better)
    wins = [name for name in lost if sanity[name]["difference"] <= 0]
    if wins:  # whatever else is better: nothing was learned about the questions
        name = min(wins, key=lambda one: sanity[one]["difference"])
        return "stay", wording.constant(said, better, name, sanity[name])
    if not better:
        small = [one for one in judged if one.sure]
        return ("stay", wording.small(said, small)) if small else ("undecided", wording.unproved(said))
    if broken:
        return "undecided", wording.broken(broken)
    if unsure:
        return "undecided", wording.unsure(said, better, unsure)
    if lost:
        name = min(lost, key=lambda one: sanity[one]["difference"])
        return "undecided", wording.constant(said, better, name, sanity[name])
    if failed:
        return "stay", wording.gate(better, failed)
    return "switch", wording.switch(said, better, {name: one for name, one in sanity.items() if not one["proved"]})
