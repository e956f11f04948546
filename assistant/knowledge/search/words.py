"""Text -> words, stems and a small lexical embedding. Deterministic, and nothing to download."""

from __future__ import annotations

import math
import re
import threading
import zlib
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

Vector = np.ndarray[Any, np.dtype[np.float32]]
Feature = tuple[list[int], list[float]]  # where a stem falls in a vector, and how heavily

DIMENSIONS = 1024
EMBEDDING = "lexical-1"  # change it with anything below that changes a vector: old indexes are then rebuilt
_WORD = re.compile(r"[^\W_]+(?:[.,]\d+)*", re.UNICODE)
_NUMBER = re.compile(r"[A-Z]+\d+|\d+(?:[.,:]\d+)*%?")  # RET30, 12.50, 9:30, 5%
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_STOP = frozenset(
    "a about after all also am an and any are as at be because been but by can could did do does doing for from get "
    "got had has have he her here him his how i if in into is it its just let like me more my no not now of on only or "
    "our out please she should so some than thank thanks that the their them then there these they this to too us very "
    "was we were what when where which who why will with would you your hello hi hey".split()
)
_NGRAM, _STEM_WEIGHT, _NGRAM_WEIGHT = 4, 1.0, 0.35
_MEMORY = 50_000  # words whose features are remembered


def words(text: str) -> list[str]:
    """Lower-case words and numbers, in order."""
    return _WORD.findall(text.lower().replace("'", "").replace("’", ""))


def stems(text: str) -> list[str]:
    """The words that carry meaning, cut to their stems; all words where nothing else is left."""
    found = words(text)
    return [stem(word) for word in found if word not in _STOP] or [stem(word) for word in found]


def content(text: str) -> list[str]:
    """Like `stems`, but empty for a text of stop words only."""
    return [stem(word) for word in words(text) if word not in _STOP]


def numbers(text: str) -> frozenset[str]:
    """The numbers and the codes with a number in them that a text states: £1,000 and 1000 are one."""
    return frozenset(_NUMBER.findall(_THOUSANDS.sub("", text)))


def stem(word: str) -> str:
    """A light English stemmer: plurals, -ing, -ed and -ly, and a final e or y that they come with."""
    if len(word) <= 3 or not word.isalpha():
        return word
    for ending in ("ingly", "edly", "ings", "ing", "ies", "ied", "ed", "ly", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not word.endswith("ss"):
            word = word[: -len(ending)] + ("y" if ending in ("ies", "ied") else "")
            break
    if len(word) > 4 and word[-1] == word[-2] and word[-1] not in "aeiouls":
        word = word[:-1]  # stopped -> stopp -> stop
    return word[:-1] if len(word) > 3 and word[-1] in "ey" else word


class Embedder:
    """Hashed stems and character n-grams, sublinear counts, length 1. Safe to use from any thread."""

    name = EMBEDDING
    label = "by spelling"
    trouble = ""
    instant = True
    floor = 0.12  # cosine below which a chunk that shares no word with the question is not offered

    def __init__(self) -> None:
        self._features: dict[str, Feature] = {}
        self._lock = threading.Lock()

    def embed(self, texts: Sequence[str], kind: str = "document") -> Vector:  # noqa: ARG002  the same for both kinds
        """A vector for each text: float32, shape (len(texts), DIMENSIONS). A text without words is all zero."""
        rows = np.zeros((len(texts), DIMENSIONS), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            places: list[int] = []
            weights: list[float] = []
            for name, count in Counter(stems(text)).items():
                at, values = self._of(name)
                places += at
                weights += values if count == 1 else [(1.0 + math.log(count)) * value for value in values]
            if places:
                row[:] = np.bincount(places, weights, DIMENSIONS)
        norms = np.linalg.norm(rows, axis=1, keepdims=True)
        norms[norms == 0] = 1.0
        normed: Vector = rows / norms
        return normed

    def ready(self) -> bool:
        return True

    def close(self) -> None:
        """Nothing is open."""

    def _of(self, name: str) -> Feature:
        """A stem's own place and weight, and its n-grams', which it shares with words that are spelled alike."""
        known = self._features.get(name)
        if known is None:
            padded = f"<{name}>"
            grams = [padded[i : i + _NGRAM] for i in range(len(padded) - _NGRAM + 1)]
            share = _NGRAM_WEIGHT / math.sqrt(len(grams)) if grams else 0.0
            slots = [_slot(f"w:{name}", _STEM_WEIGHT), *(_slot(f"g:{gram}", share) for gram in grams)]
            known = ([place for place, _ in slots], [weight for _, weight in slots])
            with self._lock:
                if len(self._features) >= _MEMORY:
                    self._features.clear()
                self._features[name] = known
        return known


def _slot(feature: str, weight: float) -> tuple[int, float]:
    """Where a feature falls, and with which sign: collisions cancel out on average."""
    code = zlib.crc32(feature.encode())
    return code % DIMENSIONS, weight if code & 0x80000000 else -weight
