"""Which rows are looked at, and in which order: worst, best, most different, random; of a topic, a fault or a mark."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from assistant.errors import AttuneError
from assistant.evidence.answers.rows import AnswerRow, AnswerTable, Key
from assistant.knowledge.search.words import words
from assistant.record.opinions import marks
from assistant.record.opinions.marks import Mark

WORST, BEST, DIFFERENT, RANDOM = "worst", "best", "different", "random"
SORTS = (WORST, BEST, DIFFERENT, RANDOM)
UNREAD = "unread"
SHOWN = (marks.RIGHT, marks.WRONG, marks.REFERENCE, UNREAD)  # what rows may be picked by
SEED = 3407


@dataclass(frozen=True)
class RowChoice:
    """`topic`: a topic's name; `lacks`: the sentence of a part of the form that the variant's answer must not hold;
    `mark`: right, wrong (an answer of the row is called so), reference or unread; each "" = all. `variant`: whose
    answers are sorted, "" = the candidate's."""

    sort: str = WORST
    variant: str = ""
    topic: str = ""
    lacks: str = ""
    mark: str = ""
    seed: int = SEED


@dataclass(frozen=True)
class AnswerPage:
    """Some rows of `total`, from the place `start` on, counted from 0."""

    rows: list[AnswerRow]
    start: int
    total: int


def page(table: AnswerTable, said: Sequence[Mark], wanted: RowChoice, start: int = 0, count: int = 5) -> AnswerPage:
    """Only the rows of the page are measured. A place behind the last row gives the last page."""
    keys = keys_of(table, said, wanted)
    if start >= len(keys):
        start = max(0, (len(keys) - 1) // count * count)
    return AnswerPage([table.row(key, said) for key in keys[start : start + count]], start, len(keys))


def keys_of(table: AnswerTable, said: Sequence[Mark], wanted: RowChoice) -> list[Key]:
    """The rows that are wanted, in their order. Raises AttuneError for an order or a variant that there is not."""
    if wanted.sort not in SORTS:
        raise AttuneError(f"There is no order '{wanted.sort}'.", f"Choose one of {', '.join(SORTS)}.")
    if wanted.mark and wanted.mark not in SHOWN:
        raise AttuneError(f"There is no mark '{wanted.mark}'.", f"Choose one of {', '.join(SHOWN)}.")
    name = wanted.variant or table.candidate
    if name not in table.names:
        measured = ", ".join(table.names) or "none"
        raise AttuneError(f"'{name}' was not measured here (measured: {measured}).", "Choose one of them.")
    keys = [key for key in table.keys if (name, key) in table.given]
    if wanted.topic:
        keys = [key for key in keys if table.topics.get(key[0]) == wanted.topic]
    if wanted.lacks:
        keys = [key for key in keys if not table.form(table.given[name, key].answer).get(wanted.lacks, True)]
    if wanted.mark:
        chosen = _marked(said, wanted.mark)
        keys = [key for key in keys if chosen(key)]
    return _sorted(table, name, keys, wanted)


def faults(table: AnswerTable, name: str = "") -> dict[str, int]:
    """Of each part of the form, how many of a variant's answers lack it; those that none lacks are left out."""
    name = name or table.candidate
    given = [one for (who, _), one in table.given.items() if who == name and not one.error]
    return dict(Counter(part for one in given for part, holds in table.form(one.answer).items() if not holds))


def _marked(said: Sequence[Mark], mark: str) -> Callable[[Key], bool]:
    if mark == UNREAD:
        read = {(one.item, one.turn) for one in said}
        return lambda key: key not in read
    found = {(item, turn) for (_, item, turn), thought in marks.latest(said).items() if thought == mark}
    return lambda key: key in found


def _sorted(table: AnswerTable, name: str, keys: list[Key], wanted: RowChoice) -> list[Key]:
    if wanted.sort == RANDOM:
        random.Random(wanted.seed).shuffle(keys)
        return keys
    rival = next((other for other in (table.rival, table.candidate) if other != name), "")
    if wanted.sort == DIFFERENT:
        return sorted(keys, key=lambda key: (*_apart(table, name, rival, key), key))
    sign = 1 if wanted.sort == WORST else -1

    def place(key: Key) -> tuple[bool, float, float, Key]:
        mine, other = table.worth(name, key), table.worth(rival, key)  # what could not be scored comes last
        return mine is None, sign * (mine or 0.0), sign * ((mine or 0.0) - (other or 0.0)), key

    return sorted(keys, key=place)


def _apart(table: AnswerTable, name: str, rival: str, key: Key) -> tuple[float, float]:
    """Smallest first where two answers are the least alike: in score, in either direction, then in their words."""
    mine, other = table.worth(name, key) or 0.0, table.worth(rival, key) or 0.0
    texts = [table.given[who, key].answer for who in (name, rival) if (who, key) in table.given]
    bags = [set(words(text)) for text in texts]
    alike = len(set.intersection(*bags)) / max(1, len(set.union(*bags))) if len(bags) == 2 else 1.0
    return -round(abs(mine - other), 6), alike
