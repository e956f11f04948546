"""Whether two texts differ in the spelling or the ending of a few words, and in nothing else."""

from __future__ import annotations

from collections import Counter
from difflib import SequenceMatcher

_MOST = 2  # words that may differ
_SHORTEST = 5  # letters: shorter words have too many neighbours
_ALIKE = 0.83  # difflib's ratio from which two words are one


def misspelt(one: str, other: str) -> bool:
    """Whether two canonical texts are the same but for that. A number never is another one."""
    mine, theirs = Counter(one.split()), Counter(other.split())
    left, right = [*(mine - theirs).elements()], [*(theirs - mine).elements()]
    if len(left) != len(right) or len(left) > _MOST:
        return False
    return all(any(_one_word(a, b) for b in right) for a in left)


def _one_word(one: str, other: str) -> bool:
    if min(len(one), len(other)) < _SHORTEST or any(letter.isdigit() for letter in one + other):
        return False
    return SequenceMatcher(None, one, other, autojunk=False).ratio() >= _ALIKE
