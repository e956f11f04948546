"""Texts -> vectors by their stems and spelling: a small embedding that needs no model and nothing to download."""

from __future__ import annotations

import math
import threading
import zlib
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from assistant.knowledge.search.words import stems

Vector = np.ndarray[Any, np.dtype[np.float32]]
Feature = tuple[list[int], list[float]]  # where a stem falls in a vector, and how heavily
DIMENSIONS = 1024
EMBEDDING = "lexical-2"  # change it with anything below that changes a vector: old indexes are then rebuilt
_NGRAM, _STEM_WEIGHT, _NGRAM_WEIGHT = 4, 1.0, 0.35
_MEMORY = 50_000  # words whose features are remembered


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
