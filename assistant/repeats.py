"""Whether an answer repeats itself to its end, as small models do that do not find theirs."""

from __future__ import annotations

import re

TIMES = 4  # the same words so often, one after another, up to the end: a refrain of three is a poem's
LETTERS = 60  # characters that what comes after the first time fills, at least: "no, no, no, no" is an answer
_LOOKED_AT = 2000  # words and signs at the end: what a loop is seen in
_BULLET = re.compile(r"^\s*(?:\d+[.)]|[-*•])\s+", re.MULTILINE)  # a list that counts on repeats itself all the same
_PIECE = re.compile(r"\w+|[^\w\s]")


def repeated(text: str) -> int:
    """How many times the same words stand one after another at the end of a text; 0 where that is no loop.

    The last time may be unfinished: the answer was ended by its limit. Lists, tables, code and JSON of similar entries
    differ somewhere; poems repeat their lines less often.
    """
    pieces = [(found[0].lower(), found.start()) for found in _PIECE.finditer(_BULLET.sub("- ", text))]
    pieces = pieces[-_LOOKED_AT:]
    for end in (len(pieces), len(pieces) - 1):  # without the last one as well: it may be half a word
        for period in range(1, end // TIMES + 1):
            length = period
            while length < end and pieces[end - 1 - length][0] == pieces[end - 1 - length + period][0]:
                length += 1
            first = end - length
            long = pieces[end - 1][1] - pieces[first + period][1] if length > period else 0
            said = any(piece[0].isalpha() for piece, _ in pieces[first : first + period])
            if length >= TIMES * period and long >= LETTERS and said:
                return length // period
    return 0
