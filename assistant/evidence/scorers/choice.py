"""Which scorer suits a set of approved answers, why, and what it ignores."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from assistant.evidence.scorers import code, labels, quantities
from assistant.evidence.scorers.catalogue import AUTO, canonical, ignores
from assistant.evidence.scorers.json_reading import plain_json

REPEATED = 3  # answers for each different one, from which they are labels


@dataclass(frozen=True)
class ScorerChoice:
    """A scorer's name; `why` it is used and what it `ignores`, a sentence each."""

    name: str
    why: str
    ignores: str

    def __str__(self) -> str:
        return f"{self.name}. {self.why} {self.ignores}"


def choose(references: Sequence[str]) -> ScorerChoice:
    """The scorer that suits these approved answers."""
    for fits, name, why in _RULES:
        if references and fits(references):
            return ScorerChoice(name, why, ignores(name))
    why = "The approved answers are running text." if references else "There is no approved answer to choose by."
    return ScorerChoice("chrf", why, ignores("chrf"))


def named(wanted: str, references: Sequence[str]) -> ScorerChoice:
    """The scorer that a case asks for by name; with no name, or "auto", the one that suits its answers."""
    if wanted in ("", AUTO):
        return choose(references)
    name = canonical(wanted)
    return ScorerChoice(name, "The case names it.", ignores(name))


def suggest(references: Sequence[str]) -> str:
    """The name of the scorer that suits these answers."""
    return choose(references).name


def _are_json(references: Sequence[str]) -> bool:
    return all(_is_json(text) for text in references)


def _are_labels(references: Sequence[str]) -> bool:
    """Few and short: three or more answers for each different one, or for each different label in their lists."""
    if not all(labels.short(text) for text in references):
        return False
    every = labels.every(references)
    different = min(len({frozenset(found) for found in every}), len({label for found in every for label in found}))
    return different <= len(references) / REPEATED


def _are_numbers(references: Sequence[str]) -> bool:
    return all(quantities.whole(text) for text in references)


def _is_json(text: str) -> bool:
    try:
        return isinstance(plain_json(text), (dict, list))
    except ValueError:
        return False


_RULES: tuple[tuple[Callable[[Sequence[str]], bool], str, str], ...] = (
    (_are_json, "json_records", "Every approved answer is JSON."),
    (_are_labels, "exact", "The approved answers are a few short labels."),
    (_are_numbers, "numbers", "Every approved answer is a number."),
    (lambda texts: all(map(code.is_sql, texts)), "sql", "Every approved answer is a query."),
    (lambda texts: all(map(code.is_code, texts)), "code", "Every approved answer is code."),
)
