"""Where an answer differs from the approved one, word by word."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

MOST = 1500  # words and signs of a text; a longer one is not compared, for the time grows with the square
_PIECE = re.compile(r"\w+(?:['’]\w+)*|[^\w\s]")


@dataclass(frozen=True)
class TextPiece:
    """A stretch of an answer; `same`: the approved answer has it there, too."""

    text: str
    same: bool


def pieces(answer: str, approved: str) -> list[TextPiece]:
    """The whole answer in stretches, those with the same words as the approved one and those without.

    Capitals and spaces make no difference. Joined, the pieces are the answer to the letter.
    """
    said, wanted = _words(answer), _words(approved)
    if not said or max(len(said), len(wanted)) > MOST:
        return [TextPiece(answer, True)] if answer else []
    matcher = SequenceMatcher(None, [w for w, _, _ in said], [w for w, _, _ in wanted], autojunk=False)
    shared = [(block.a, block.a + block.size) for block in matcher.get_matching_blocks() if block.size]
    return _cut(answer, [(said[first][1], said[last - 1][2]) for first, last in shared])


def _cut(text: str, shared: Sequence[tuple[int, int]]) -> list[TextPiece]:
    """The text in turns: what is not shared, what is. Space at the edge of what differs is not part of it."""
    found: list[TextPiece] = []
    place = 0
    for start, end in [*shared, (len(text), len(text))]:
        between = text[place:start]
        if between.strip():
            inner = between.strip()
            before, _, after = between.partition(inner)
            found += [TextPiece(before, True), TextPiece(inner, False), TextPiece(after + text[start:end], True)]
        else:
            found.append(TextPiece(between + text[start:end], True))
        place = end
    return _joined(found)


def _joined(found: Sequence[TextPiece]) -> list[TextPiece]:
    whole: list[TextPiece] = []
    for one in found:
        if whole and one.text and whole[-1].same == one.same:
            whole[-1] = TextPiece(whole[-1].text + one.text, one.same)
        elif one.text:
            whole.append(one)
    return whole


def _words(text: str) -> list[tuple[str, int, int]]:
    return [(found[0].casefold(), found.start(), found.end()) for found in _PIECE.finditer(text)]
