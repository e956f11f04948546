"""Which known word a misspelled one was meant to be."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

import numpy as np

_ALIKE = 0.83  # how alike a word must be to one of the documents to be taken for it (difflib's ratio)
_SHORTEST = 5  # shorter words have too many neighbours
_LETTERS = 64  # letters are counted by their code, modulo this

Counts = np.ndarray[Any, np.dtype[np.uint8]]


class Spelling:
    """The words of a corpus by their first letter, which is rarely mistyped, with how often each letter is in them."""

    def __init__(self, vocabulary: Iterable[str]) -> None:
        groups: dict[str, list[str]] = {}
        for word in vocabulary:
            groups.setdefault(word[:1], []).append(word)
        self._groups = {
            letter: (words, np.stack([_counted(word) for word in words]), np.array([len(word) for word in words]))
            for letter, words in groups.items()
        }

    def meant(self, word: str) -> str:
        """The known word that is most like this one, or "" where none is alike enough."""
        if len(word) < _SHORTEST or word[0] not in self._groups:
            return ""
        words, counts, lengths = self._groups[word[0]]
        shared = np.minimum(counts, _counted(word)).sum(axis=1)  # bounds difflib's ratio, which takes far longer
        likely = np.flatnonzero((2 * shared >= _ALIKE * (lengths + len(word))) & (abs(lengths - len(word)) <= 2))
        return next(iter(get_close_matches(word, [words[place] for place in likely], 1, _ALIKE)), "")


def _counted(word: str) -> Counts:
    return np.bincount([ord(letter) % _LETTERS for letter in word], minlength=_LETTERS).astype(np.uint8)
