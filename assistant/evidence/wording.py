"""What a verdict says, in the words of a consultant: what is better, what is not, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from assistant.evidence.aspects import FACTS, FORM, Aspect
from assistant.evidence.sanity import MEANS

if TYPE_CHECKING:
    from assistant.evidence.checks.measuring import Gate

NOTHING_SHARED = (
    "No held-out conversation was answered and scored by every variant, so nothing can be compared: "
    "look at the errors, then evaluate again."
)
HALF = 0.5  # of what was approved: whoever says less is better than before and still mostly wrong


@dataclass(frozen=True)
class Basis:
    """What every sentence may need."""

    candidate: str
    aspects: Sequence[Aspect]
    n: int
    topics: int
    margin: float
    alpha: float

    @property
    def basis(self) -> str:
        about = f" about {self.topics} topics" if self.topics < self.n else ""
        return f"{self.n} held-out conversations{about}"


def baseline(best: str, mean: float) -> str:
    return f"Of the untrained variants, {best} is best ({mean:.3f}). No tuned model has been measured yet."


def few(said: Basis, needed: int) -> str:
    return (
        f"{said.n} held-out conversations prove nothing; approve more until there are {needed}. "
        f"So far: {_all(said.aspects)}."
    )


def worse(said: Basis, worse: Sequence[Aspect], better: Sequence[Aspect]) -> str:
    lost = " and ".join(_plain(one) for one in worse)
    gained = f"{_capital(' and '.join(_plain(one) for one in better))}, but " if better else ""
    text = f"Don't switch: {gained}{lost} ({said.basis})."
    if any(one.name == FACTS for one in worse):
        text += " Put the facts into documents and tune with retrieval."
    return text


def small(said: Basis, small: Sequence[Aspect]) -> str:
    one = small[0]
    return (
        f"Don't switch: '{said.candidate}' is better, but by {one.mine - one.best:.3f} in {one.name}, "
        f"less than the {one.smallest:.3f} that matters ({said.basis})."
    )


def unproved(said: Basis) -> str:
    needs = [one for one in said.aspects if (one.smallest_shown or 0) >= 0.005]
    one = min(needs, key=lambda one: one.smallest_shown or 1.0, default=None)
    could = f" Rows like these show a gain in {one.name} of {one.smallest_shown:.2f} or more." if one else ""
    return (
        f"Don't switch yet: '{said.candidate}' is not proved better. {_capital(_all(said.aspects))} ({said.basis})."
        f"{could} More approved conversations, above all of the kind it gets wrong, would settle it."
    )


def broken(failed: Mapping[str, float]) -> str:
    name, share = max(failed.items(), key=lambda one: one[1])
    return (
        f"'{name}' failed to answer {share:.0%} of the questions, so beating it proves nothing: "
        "mend that, then evaluate again."
    )


def unsure(said: Basis, better: Sequence[Aspect], unsure: Sequence[Aspect]) -> str:
    one = unsure[0]
    return (
        f"Don't switch yet: {' and '.join(_plain(b) for b in better)}, but its {one.name} may be worse by up to "
        f"{-one.low:.2f} ({one.mine:.2f} against {one.best:.2f} of {one.against}), more than the {said.margin:.2f} "
        f"that would be acceptable ({said.basis}). More held-out conversations would settle it."
    )


def constant(said: Basis, better: Sequence[Aspect], name: str, found: Mapping[str, Any]) -> str:
    way = "says as much" if found["difference"] <= 0 else "is not proved to say less"
    return (
        f"Don't switch: {MEANS.get(name, name)} {way} of what was approved as '{said.candidate}' does "
        f"(facts {found['facts']:.2f} against {found['facts'] + found['difference']:.2f}, {said.basis})."
        + (
            " What it has learned is the form: put the facts into documents."
            if any(one.name == FORM for one in better) and not any(one.name == FACTS for one in better)
            else ""
        )
    )


def gate(better: Sequence[Aspect], failed: Sequence[Gate]) -> str:
    gained = " and ".join(_plain(one) for one in better)
    text, measured = failed[0].text, failed[0].measured or 0.0
    return f"Don't switch: {gained}, but your own success test is not met: {text} (measured: {measured:.0%})."


def switch(said: Basis, better: Sequence[Aspect], close: Mapping[str, Mapping[str, Any]]) -> str:
    """`close`: the answers without a model that are not surely worse in facts."""
    rest = [one for one in said.aspects if one not in better]
    text = " ".join(f"{_capital(_plain(one))}." for one in better)
    if any(one.name == FACTS for one in rest):
        one = next(one for one in rest if one.name == FACTS)
        text += (
            f" Its facts are no better ({one.mine:.2f} against {one.best:.2f} of {one.against}): "
            "put them into documents and tune with retrieval."
        )
    facts = next((one for one in said.aspects if one.name == FACTS), None)
    if facts is not None and facts.mine < HALF:
        text += f" It still says only {facts.mine:.0%} of what was approved: read its answers before you rely on them."
    for name, found in close.items():
        text += f" It is not proved that {MEANS.get(name, name)} says less ({found['facts']:.2f})."
    ends = ", ".join(f"{one.name} {one.low:+.2f} to {one.high:+.2f}" for one in better)
    return f"{text} Proved on {said.basis} ({1 - 2 * said.alpha:.0%} interval: {ends})."


def _all(aspects: Sequence[Aspect]) -> str:
    return ", ".join(f"{one.name} {_value(one, one.mine)} against {_value(one, one.best)}" for one in aspects)


def _plain(one: Aspect) -> str:
    """One aspect as one says it: it keeps your format in 98 % of answers (before: 8 % at best)."""
    if one.name == FORM:
        return f"it keeps your format in {one.mine:.0%} of answers (without training: {one.best:.0%}, {one.against})"
    what = "its facts are" if one.name == FACTS else "its score is"
    side = "better" if one.mine >= one.best else "worse"
    return f"{what} {side}: {one.mine:.2f} (without training: {one.best:.2f}, {one.against})"


def _value(one: Aspect, value: float) -> str:
    return f"{value:.0%}" if one.name == FORM else f"{value:.2f}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
