"""From the answers of an evaluation to what a verdict is made of: score, form and facts of every variant."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from assistant.evidence import sanity
from assistant.evidence.facts import agreement
from assistant.evidence.facts.stated import compare, unsupported
from assistant.evidence.form import frame as frames
from assistant.evidence.form.frame import Frame
from assistant.evidence.likeness import topics
from assistant.evidence.runner import HeldOutQuestion, references, turn
from assistant.evidence.scorers import Scorer
from assistant.knowledge.search.words import numbers
from assistant.record.store import Store
from assistant.record.types import Item, Score

_PROSE = frozenset({"chrf", "token_f1", "rouge_l", "similarity"})  # of the others the score itself says what is right
_ROUND = 4
Holds = Callable[[str], bool]
Turns = dict[tuple[int, int], float]


@dataclass(frozen=True)
class Measures:
    """How answers of a case are measured. All of it is learned from the train split."""

    frame: Frame
    score: Scorer
    facts: Scorer | None  # None: the score itself says what is right
    checks: Sequence[Holds] = ()

    @property
    def has_form(self) -> bool:
        return bool(self.frame) or bool(self.checks)

    def form(self, answer: str) -> float:
        return float(self.frame.keeps(answer) and all(holds(answer) for holds in self.checks))


def measures(
    train: Sequence[Item], scorer: str, score: Scorer, corrected: Frame | None = None, checks: Sequence[Holds] = ()
) -> Measures:
    """`corrected`: the frame as the user wants it, instead of the learned one."""
    approved = references(train)
    frame = frames.learn(approved) if corrected is None else corrected
    return Measures(frame, score, facts_scorer(scorer, approved, frame), checks)


def facts_scorer(scorer: str, approved: Sequence[str], frame: Frame) -> Scorer | None:
    """What measures the facts of answers that the scorer of that name scores; None: their score does."""
    return agreement.learn(approved, frame).score if scorer in _PROSE else None


@dataclass(frozen=True)
class Sheet:
    """Of every variant, conversation by conversation: mean score, form and facts of its turns, 0 to 1.

    `failed`: the share of its turns without an answer; they count as 0. Turns that no scorer can score are left out.
    """

    score: dict[str, dict[int, float]]
    form: dict[str, dict[int, float]]
    facts: dict[str, dict[int, float]]
    failed: dict[str, float]


def sheet(asked: Sequence[HeldOutQuestion], answers: Mapping[str, Sequence[Score]], by: Measures) -> Sheet:
    """`answers`: variant -> its answers to the questions; one that is missing or has an error failed.

    An answer that has its score already is not scored again.
    """
    approved = {(q.item, q.turn): q.reference for q in asked}
    usable = {key for key, reference in approved.items() if by.score(reference, reference) is not None}
    found = Sheet({}, {}, {}, {})
    for name, mine in answers.items():
        said = {turn(one): one for one in mine if not one.error and turn(one) in usable}
        texts = {key: one.answer for key, one in said.items()}
        score = {k: _scored(said[k], approved[k], by.score) if k in said else 0.0 for k in usable}
        facts = score
        if by.facts is not None:
            facts = {k: float(by.facts(texts[k], approved[k]) or 0.0) if k in said else 0.0 for k in usable}
        form = {k: by.form(texts[k]) if k in said else 0.0 for k in usable}
        found.score[name], found.facts[name] = _by_item(score), _by_item(facts)
        if by.has_form:
            found.form[name] = _by_item(form)
        found.failed[name] = 1 - len(said) / max(1, len(usable))
    return found


def constants(
    train: Sequence[Item], asked: Sequence[HeldOutQuestion], by: Measures
) -> tuple[dict[str, list[str]], Sheet]:
    """The answers that need no model, by name, one a question; and how they are measured."""
    said = sanity.answers(train, asked, by.frame, by.score).of(asked)
    rows = {
        name: [Score(0, name, q.item, q.turn, text, None, 0, 0, 0, 0) for q, text in zip(asked, texts, strict=True)]
        for name, texts in said.items()
    }
    return said, sheet(asked, rows, by)


def clusters(asked: Sequence[HeldOutQuestion]) -> dict[int, int]:
    """The topic of each held-out conversation, by everything that the user says in it."""
    said = said_in(asked)
    return dict(zip(said, topics(list(said.values())), strict=True))


def said_in(asked: Sequence[HeldOutQuestion]) -> dict[int, str]:
    """Everything that the user says in each held-out conversation: its last turn knows all of it."""
    return {
        one.item: " ".join(str(message["content"]) for message in one.messages if message["role"] == "user")
        for one in asked
    }


def written(store: Store, case: str) -> frozenset[str]:
    """The numbers that stand in the documents of a case."""
    return numbers("\n".join(document.text for document in store.documents(case)))


def summary(
    name: str, asked: Sequence[HeldOutQuestion], mine: Sequence[Score], found: Sheet, sources: frozenset[str]
) -> dict[str, Any]:
    """What is told of a variant: form and facts, its numbers, and how many answers state a number from nowhere.

    `sources`: the numbers that stand in documents and instructions.
    """
    said = _answered(asked, mine)
    loose = sum(bool(unsupported(one.answer, sources | own_numbers(question))) for one, question in said)
    return {
        "form": mean(found.form[name]) if name in found.form else None,
        "facts": mean(found.facts[name]),
        "numbers": compare(pairs(asked, mine)),
        "unsupported": loose,
    }


def pairs(asked: Sequence[HeldOutQuestion], mine: Sequence[Score]) -> list[tuple[str, str]]:
    """(answer, approved answer) of every question that was answered."""
    return [(one.answer, question.reference) for one, question in _answered(asked, mine)]


def mean(values: Mapping[int, float]) -> float | None:
    return round(sum(values.values()) / len(values), _ROUND) if values else None


def own_numbers(question: HeldOutQuestion) -> frozenset[str]:
    """The numbers of a question, of what was said before it and of its approved answer."""
    return numbers(" ".join([str(message["content"]) for message in question.messages] + [question.reference]))


def _answered(asked: Sequence[HeldOutQuestion], mine: Sequence[Score]) -> list[tuple[Score, HeldOutQuestion]]:
    known = {(q.item, q.turn): q for q in asked}
    return [(one, known[turn(one)]) for one in mine if not one.error and turn(one) in known]


def _scored(one: Score, reference: str, score: Scorer) -> float:
    return float((score(one.answer, reference) if one.score is None else one.score) or 0.0)


def _by_item(values: Turns) -> dict[int, float]:
    """The mean of each conversation: its turns are not independent, so they are one unit."""
    found: dict[int, list[float]] = {}
    for (item, _), value in values.items():
        found.setdefault(item, []).append(value)
    return {item: sum(rows) / len(rows) for item, rows in sorted(found.items())}
