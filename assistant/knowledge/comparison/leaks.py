"""Which conversations hold a question or an answer of another one, turn by turn.

How much two texts of a case have in common without one being made from the other differs from case to case. So what is
too much is read off the case itself: the median share by which the nearest texts of different conversations overlap,
and above it as many median absolute deviations as an outlier lies (Hampel 1974), which are then left out and both
taken anew, until none is left.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from assistant.knowledge.comparison.canonical import canonical, telling
from assistant.knowledge.comparison.containment import Flags, Overlaps, Texts
from assistant.knowledge.comparison.misspelling import misspelt
from assistant.knowledge.search.words import length
from assistant.record.types import Item, Message

QUESTION, ANSWER = "question", "answer"
WHOLE = -1  # in place of a turn: everything the user said
_ROLES = {QUESTION: "user", ANSWER: "assistant"}
_LONG = 6  # words: a shorter opening is a greeting, and a shorter answer a label, which others have in common with it
_OPENINGS = 6  # questions up to which a conversation is looked at as it stood at each
_FEW = 20  # texts from which a case tells what is usual in it
_SAMPLE = 400  # of them are looked at for that
_STOCK = 3  # conversations that give an answer to other questions: more of them, and it tells nothing of any
_FENCES = (5.0, 3.0)  # standard deviations above the median from which a share is too much, and from which unusual
_SCALE = 1.4826  # of the median absolute deviation to a standard deviation, for a normal distribution
_LEAST = {QUESTION: (0.5, 0.4), ANSWER: (0.6, 0.5)}  # nothing below is too much, however little is usual
ALIKE = 0.7  # so much of all that two openings say is the same: then they are, however usual that is
_DOUBTED = 0.25  # and from here on it may be
_MOST = {QUESTION: (0.8, 0.7), ANSWER: (0.97, 0.95)}  # and this is, however much is: a copy with little changed


@dataclass(frozen=True)
class Find:
    """`one` and `other` are conversations, by their places; `part` is question or answer.

    `turn` and `other_turn` are the places of the messages, WHOLE for all that the user said. `share` of the shorter is
    in the longer one; from `least` on that is more than is usual in the case.
    """

    one: int
    other: int
    part: str
    turn: int
    other_turn: int
    share: float
    least: float


@dataclass(frozen=True)
class _Said:
    """A text of a conversation: of one turn, or all that was asked until then or, as a `whole`, at all.

    `telling`: it is the whole or long enough to be no greeting and no label.
    """

    owner: int
    turn: int
    text: str
    telling: bool
    whole: bool


class ComparedTurns:
    """The turns of conversations, to be compared among themselves or with those of others."""

    def __init__(self, conversations: Sequence[Sequence[Message]], beside: Sequence[Sequence[Message]] = ()) -> None:
        """`beside`: conversations that tell what is usual in the case, and are not looked for themselves."""
        self._said = {part: _texts(conversations, part) for part in _ROLES}
        others = {part: _texts(beside, part) for part in _ROLES}
        self._texts = {
            part: Texts([one.text for one in said], [one.text for one in others[part]])
            for part, said in self._said.items()
        }
        self._fences = {part: self._usual(part, others[part] or self._said[part], bool(beside)) for part in _ROLES}

    def finds(self, lax: bool = False) -> list[Find]:
        """What the conversations have of each other, each pair once, by what they share most; `lax`: suspects too."""
        return self._best(None, lax)

    def against(self, conversations: Sequence[Sequence[Message]], lax: bool = False) -> list[Find]:
        """What other conversations (`one` of a find) have of these (`other`)."""
        return self._best({part: _texts(conversations, part) for part in _ROLES}, lax)

    def same(self) -> list[tuple[int, int]]:
        """Pairs of conversations that ask the same: in the same numbers and operators, and nearly the same words."""
        said, texts = self._said[QUESTION], self._texts[QUESTION].canonical
        whole, found = _flags(said, "whole"), self._known[QUESTION]
        pairs = found.only(whole[found.ones] & whole[found.others] & _alike(found, texts, texts))
        return [
            (said[one].owner, said[other].owner)
            for one, other in zip(pairs.ones.tolist(), pairs.others.tolist(), strict=True)
            if telling(texts[one]) == telling(texts[other])
        ]

    @cached_property
    def _known(self) -> dict[str, Overlaps]:
        """What the known texts share among themselves."""
        return {part: self._texts[part].overlaps(_DOUBTED) for part in _ROLES}

    def _best(self, asked: dict[str, list[_Said]] | None, lax: bool) -> list[Find]:
        best: dict[tuple[int, int], Find] = {}
        for find in self._found(asked, lax):
            known = best.get((find.one, find.other))
            if known is None or find.share > known.share:
                best[find.one, find.other] = find
        return [best[pair] for pair in sorted(best)]

    def _found(self, asked: dict[str, list[_Said]] | None, lax: bool) -> Iterator[Find]:
        questions = list(self._of(QUESTION, asked, lax))
        yield from questions
        alike = {(find.one, find.other) for find in questions}
        answers = list(self._of(ANSWER, asked, lax))
        apart: dict[tuple[str, int, int], set[int]] = defaultdict(set)  # who gives an answer to another question
        for find in answers:
            if (find.one, find.other) not in alike:
                apart["one", find.one, find.turn].add(find.other)
                apart["other", find.other, find.other_turn].add(find.one)
        for find in answers:
            stock = (apart["one", find.one, find.turn], apart["other", find.other, find.other_turn])
            if (find.one, find.other) in alike or max(map(len, stock)) <= _STOCK:
                yield find

    def _of(self, part: str, asked: dict[str, list[_Said]] | None, lax: bool) -> Iterator[Find]:
        known, ones = self._said[part], (asked or self._said)[part]
        if not known or not ones:
            return
        least = self._fences[part][lax]
        if asked is None:
            found = self._known[part]
            found = found.only(_owners(ones)[found.ones] != _owners(known)[found.others])
        else:
            found = self._texts[part].overlaps(_DOUBTED, [one.text for one in ones])
        if part == ANSWER:
            found = found.only(_flags(ones, "telling")[found.ones] & _flags(known, "telling")[found.others])
        copies = least >= _MOST[part][lax] and part == ANSWER
        shares = found.alike if copies else found.part
        same = np.zeros(len(shares), dtype=bool)
        if part == QUESTION:
            texts = self._texts[part].canonical
            same = _openings(found, ones, known)
            same &= _alike(found, texts if asked is None else [canonical(one.text) for one in ones], texts, same)
        shares = np.where(same, np.maximum(shares, found.alike), np.where(found.enough | found.covered, shares, 0.0))
        for place in np.flatnonzero(same | (shares >= least)):
            one, other = ones[found.ones[place]], known[found.others[place]]
            yield Find(one.owner, other.owner, part, one.turn, other.turn, round(float(shares[place]), 4), least)

    def _usual(self, part: str, said: Sequence[_Said], beside: bool) -> tuple[float, float]:
        """From which share on a text has too much of another one, and from which on it is suspect."""
        known, least, most = self._said[part], _LEAST[part], _MOST[part]
        if len(said) < _FEW or not known:
            return ((least[0] + most[0]) / 2, (least[1] + most[1]) / 2)
        step = -(-len(said) // _SAMPLE)
        sample = said[::step]
        owners = [-1 - one.owner for one in sample] if beside else [one.owner for one in sample]
        best = self._texts[part].nearest([one.text for one in sample], owners, [one.owner for one in known])
        while True:
            middle = float(np.median(best))
            spread = _SCALE * float(np.median(np.abs(best - middle)))
            fences = (middle + reach * spread for reach in _FENCES)
            strict, lax = (min(max(at, of), to) for at, of, to in zip(fences, least, most, strict=True))
            usual = best[best < strict]  # what lies beyond tells nothing of what is usual
            if len(usual) in (len(best), 0):
                return strict, lax
            best = usual


def suspects(train: Iterable[Item], test: Iterable[Item]) -> dict[int, list[Find]]:
    """For the positions of test items, what train items may have of them, at a share that is merely unusual.

    In a find `one` is the train item's position and `other` the test item's. Test items without any are the clean ones.
    """
    trained, tested = list(train), list(test)
    found: dict[int, list[Find]] = {}
    turns = ComparedTurns([item.messages for item in tested], [item.messages for item in trained])
    for find in turns.against([item.messages for item in trained], lax=True):
        one, other = trained[find.one].position, tested[find.other].position
        found.setdefault(other, []).append(
            Find(one, other, find.part, find.turn, find.other_turn, find.share, find.least)
        )
    return found


def _openings(found: Overlaps, ones: Sequence[_Said], known: Sequence[_Said]) -> Flags:
    """Which pairs are compared as a whole, also where they say too little to be recognised as a part of something."""
    both: Flags = _flags(ones, "whole")[found.ones] & _flags(known, "whole")[found.others]
    both |= _flags(ones, "telling")[found.ones] & _flags(known, "telling")[found.others]
    return both


def _alike(found: Overlaps, ones: Sequence[str], others: Sequence[str], which: Flags | None = None) -> Flags:
    """Which pairs, or `which` of them, say nearly the same: in their n-grams, or but for the spelling of a word.

    The second where most of a question is an instruction that others have, too, so that one word is all it says.
    """
    alike: Flags = found.alike >= ALIKE
    doubted = ~alike & (found.alike >= _DOUBTED) & (True if which is None else which)
    for place in np.flatnonzero(doubted):
        alike[place] = misspelt(ones[found.ones[place]], others[found.others[place]])
    return alike


def _texts(conversations: Sequence[Sequence[Message]], part: str) -> list[_Said]:
    return [said for owner, messages in enumerate(conversations) for said in _parts(owner, messages, part)]


def _parts(owner: int, messages: Sequence[Message], part: str) -> Iterator[_Said]:
    said = [(turn, str(m["content"])) for turn, m in enumerate(messages) if m["role"] == _ROLES[part]]
    for turn, text in said:
        whole = len(said) == 1
        long = max(length(text), len(canonical(text).split())) >= _LONG
        yield _Said(owner, turn, text, long or (whole and part == QUESTION), whole)
    if part == QUESTION:
        for count in range(2, len(said) + 1):
            if count <= _OPENINGS or count == len(said):
                yield _Said(owner, WHOLE, " ".join(text for _, text in said[:count]), True, count == len(said))


def _owners(said: Sequence[_Said]) -> Any:
    return np.array([one.owner for one in said], dtype=np.int64)


def _flags(said: Sequence[_Said], name: str) -> Any:
    return np.array([getattr(one, name) for one in said], dtype=bool)
