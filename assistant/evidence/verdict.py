"""The measured answer to: should this case be fine-tuned, and is this model better?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from assistant.evidence.statistics import difference

ALPHA = 0.05
FEW = 20  # fewer held-out conversations than this cannot carry a verdict


@dataclass(frozen=True)
class Verdict:
    """`decision`: switch (the tuned model is proved better), stay (it is not better), undecided (cannot tell),
    baseline (nothing tuned was measured). `difference` is the candidate minus the best untrained variant."""

    decision: str
    reason: str
    candidate: str = ""
    against: str = ""
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    p_value: float | None = None
    n: int = 0

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def judge(scores: Mapping[str, Mapping[int, float]], candidate: str | None) -> Verdict:
    """`scores`: variant -> held-out conversation -> mean score of its answers, 0 to 1; `candidate`: the tuned one.

    Tested against the untrained variant with the best mean on the same conversations, which favours the untrained.
    Only conversations that every variant answered are compared.
    """
    untrained = {name: values for name, values in scores.items() if not name.startswith("tuned")}
    shared = sorted(set.intersection(*(set(values) for values in scores.values()))) if scores else []
    if not untrained or not shared:
        return Verdict(
            "undecided",
            "No held-out conversation was answered and scored by every variant, so nothing "
            "can be compared: look at the errors, then evaluate again.",
            n=0,
        )
    means = {name: sum(values[i] for i in shared) / len(shared) for name, values in untrained.items()}
    best = max(means, key=lambda name: means[name])
    if candidate is None or candidate not in scores:
        return Verdict(
            "baseline",
            f"Of the untrained variants, {best} is best ({means[best]:.3f}). No tuned model has been measured yet.",
            against=best,
            n=len(shared),
        )
    found = difference([scores[candidate][i] for i in shared], [scores[best][i] for i in shared])
    decision, reason = _decide(found.mean, found.low, found.high, found.p_value, len(shared), candidate, best)
    return Verdict(decision, reason, candidate, best, found.mean, found.low, found.high, found.p_value, len(shared))


def _decide(mean: float, low: float, high: float, p_value: float, n: int, candidate: str, best: str) -> tuple[str, str]:
    by = f"{mean:+.3f}, 95 % interval {low:+.3f} to {high:+.3f}, p = {p_value:.4f}, {n} held-out conversations"
    if n < FEW:
        return "undecided", (
            f"With {n} held-out conversations nothing can be proved ({by}); approve more until there are {FEW}."
        )
    if low > 0 and p_value < ALPHA:
        return "switch", f"The model '{candidate}' beats the best untrained variant '{best}' ({by})."
    if high < 0:
        return "stay", f"Don't switch: '{candidate}' is worse than '{best}' without any training ({by})."
    return "undecided", (
        f"Don't switch yet: '{candidate}' is not proved better than '{best}' ({by}); "
        "more approved conversations, above all of the kind it gets wrong, would settle it."
    )
