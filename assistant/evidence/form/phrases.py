"""Phrases with which many texts begin, found word by word: where texts part, the phrase ends."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence

LEAST = 0.03  # of the texts share a phrase, or it is one text's own
FEW = 3  # texts: what two share may be chance
TOGETHER = 0.9  # of those that share a beginning go on in shared ways, or it ends here
WORDS = 3  # fewer are a phrase only where a sign ends it: "Of course." is one, "You can" is none
_PIECE = re.compile(r"\s*(?:\w+(?:['’]\w+)*|[^\w\s])")
_ENDS = frozenset(".:!?,;…。！？：、।؟—-")
_SENTENCE_ENDS = frozenset(".!?…。！？।؟")


def pieces(answer: str) -> list[list[str]]:
    """The lines of an answer that are not empty, each as words and signs with the space before them."""
    lines = [line.strip() for line in unicodedata.normalize("NFC", answer).splitlines()]
    return [_PIECE.findall(line) for line in lines if line] or [[]]


def squeezed(text: str) -> str:
    """For comparison: NFC, small letters, single spaces."""
    return " ".join(unicodedata.normalize("NFC", text).casefold().split())


def recurring(texts: Sequence[Sequence[str]], of: int, least: float = LEAST) -> dict[tuple[str, ...], int]:
    """The phrases with which at least `least` of the texts (and 3) begin, and how many do; each text has one at most.

    A phrase goes on as long as nearly all that begin so go on in one of a few ways. One that is no more than a word or
    two without an end is none: half of all English sentences begin with "you". It goes on after the end of a sentence
    only with a whole one that nearly all share: what some answers say next is theirs.
    """
    found: dict[tuple[str, ...], int] = {}
    need = max(FEW, least * of)

    def grow(start: tuple[str, ...], mine: list[Sequence[str]]) -> None:
        place = len(start)
        if place > 1 and start[-1].strip() in _SENTENCE_ENDS:
            more, count = _next_sentence(place, mine)
            longer = more if count >= TOGETHER * len(mine) else ()
            nexts = {longer: count} if longer else {}
        else:
            every = Counter((text[place],) for text in mine if len(text) > place)
            nexts = {piece: n for piece, n in every.items() if n >= need}
        if nexts and (not place or sum(nexts.values()) >= TOGETHER * len(mine)):
            for more in nexts:
                end = place + len(more)
                grow((*start, *more), [text for text in mine if tuple(text[place:end]) == more])
        elif _is_phrase(start, mine):
            found[start] = len(mine)

    grow((), list(texts))
    return found


def _next_sentence(place: int, texts: Sequence[Sequence[str]]) -> tuple[tuple[str, ...], int]:
    """The most frequent sentence that begins at a place, and how many texts go on with it."""
    counts: Counter[tuple[str, ...]] = Counter()
    for text in texts:
        ends = (i for i in range(place, len(text)) if text[i].strip() in _SENTENCE_ENDS)
        counts[tuple(text[place : next(ends, len(text) - 1) + 1])] += 1
    return counts.most_common(1)[0]


def _is_phrase(start: tuple[str, ...], mine: Sequence[Sequence[str]]) -> bool:
    words = sum(piece.strip().isalnum() for piece in start)
    ended = bool(start) and (start[-1].strip() in _ENDS or start[0].strip() in _ENDS)
    whole = all(len(text) == len(start) for text in mine)
    return words >= WORDS or (words > 0 and (ended or whole))
