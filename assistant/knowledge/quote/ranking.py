"""Which sentence, line or row of some passages answers a question best, and whether it answers it at all.

Each is scored by its meaning where the embedding tells it, by the words that it shares with the question, and by
whether it holds the kind of thing that is asked for. The weights and both limits were chosen on the questions for
development of tests/bench/quote.py and on those of tests/bench/retrieval, never on those that the benchmark reports.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from assistant.knowledge.quote import question_kinds, units
from assistant.knowledge.quote.units import Unit
from assistant.knowledge.search.retriever import Knowledge
from assistant.knowledge.search.words import content
from assistant.record.types import Passage

ENOUGH_BY_MEANING, ENOUGH_BY_WORDS = 0.65, 0.58  # how sure the best has to be
_HEADING, _BESIDE, _TITLE = 0.6, 0.3, 0.25  # what a word counts that stands there and not in the text itself
_SHARE = 0.2  # what the words count beside the meaning
_KIND = 0.1  # more for what holds the kind of thing that is asked for, less for what lacks it
_FIRST = 0.1  # for a unit of the best passage; half of it for the second, a third for the third
_SURE_FIRST, _SURE_KIND = 0.1, 0.2  # so much more and less for whether it is an answer at all


@dataclass(frozen=True)
class ScoredUnit:
    """A unit with its place in its passage, the rank of that from 0, and how sure it is an answer."""

    unit: Unit
    place: int
    rank: int
    score: float
    sure: float


@dataclass(frozen=True)
class Ranking:
    """The units, best first; how sure the best has to be; a note where meaning could not be looked at."""

    scored: tuple[ScoredUnit, ...] = ()
    enough: float = ENOUGH_BY_WORDS
    note: str = ""


def ranked(knowledge: Knowledge, case: str, question: str, passages: Sequence[Passage]) -> Ranking:
    """The units of passages that are given best first. Waits for no model to be loaded."""
    every = [
        (rank, place, unit)
        for rank, passage in enumerate(passages)
        for place, unit in enumerate(units.of(passage.text))
    ]
    if not every:
        return Ranking()
    asked = _Asked.of(knowledge, case, question)
    shares = [asked.share(unit, passages[rank]) for rank, _, unit in every]
    texts = [text for rank, _, unit in every for text in views(passages[rank], unit)]
    likeness, note = knowledge.likeness(case, question, texts)
    values, enough = shares, ENOUGH_BY_WORDS
    if likeness is not None:
        enough, pairs = ENOUGH_BY_MEANING, zip(likeness[::2], likeness[1::2], strict=True)
        values = [sum(pair) / 2 + _SHARE * share for pair, share in zip(pairs, shares, strict=True)]
    scored = [asked.scored(*one, value) for one, value in zip(every, values, strict=True)]
    return Ranking(tuple(sorted(scored, key=lambda one: -one.score)), enough, note)


def views(passage: Passage, unit: Unit) -> tuple[str, str]:
    """The two texts whose meaning is looked at: a unit alone, and with the headings above it."""
    return unit.plain, f"{passage.heading or passage.document}: {unit.plain}"


@dataclass(frozen=True)
class _Asked:
    """A question: the kinds of thing that it asks for, and its other words with their rarity."""

    kinds: frozenset[str]
    certain: bool  # see `kinds.certain`
    words: Mapping[str, float]

    @classmethod
    def of(cls, knowledge: Knowledge, case: str, question: str) -> _Asked:
        words = knowledge.rarity(case, question_kinds.without(question)) or knowledge.rarity(case, question)
        return cls(question_kinds.asked(question), question_kinds.certain(question), words)

    def scored(self, rank: int, place: int, unit: Unit, value: float) -> ScoredUnit:
        """A unit with its scores, from what it is worth by meaning and words."""
        lacks = bool(self.kinds) and not question_kinds.held(unit.plain, self.kinds)
        score = value + _FIRST / (1 + rank) + (-_KIND if lacks else _KIND if self.kinds else 0.0)
        sure = score + _SURE_FIRST / (1 + rank) - (_SURE_KIND if lacks and self.certain else 0.0)
        return ScoredUnit(unit, place, rank, score, sure)

    def share(self, unit: Unit, passage: Passage) -> float:
        """The share of the question's words, each by its rarity, that a unit holds: 0 to 1."""
        heading, before = content(passage.heading), content(" ".join(unit.before))
        row = unit.kind == "row"
        title = PurePath(passage.document).stem.replace("-", " ").replace("_", " ")
        places = (
            (1.0, frozenset(content(unit.text))),
            (_HEADING, frozenset([*heading, *before] if row else heading)),
            (_BESIDE, frozenset([*content(unit.around), *([] if row else before)])),
            (_TITLE, frozenset(content(title))),
        )
        held = (
            rarity * next((worth for worth, there in places if word in there), 0.0)
            for word, rarity in self.words.items()
        )
        return sum(held) / (sum(self.words.values()) or 1.0)
