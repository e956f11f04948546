"""Which texts are nearly the same: Jaccard similarity of character 5-gram sets, found by MinHash (datasketch)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from assistant.record.types import Message

THRESHOLD = 0.7  # similarity from which two conversations count as the same
_PERMUTATIONS = 128
_SLACK = 0.8  # candidates are looked for below the threshold, so that hardly one above it is missed; then checked


class Near:
    """Texts that can be asked which of them are nearly a given one. Texts are numbered in the order they are added."""

    def __init__(self, texts: Iterable[str] = ()) -> None:
        from datasketch import MinHashLSH

        self._grams: list[set[bytes]] = []
        self._index = MinHashLSH(threshold=THRESHOLD * _SLACK, num_perm=_PERMUTATIONS)
        for text in texts:
            self.add(text)

    def add(self, text: str) -> list[int]:
        """Add a text; the numbers of those before it that are nearly the same."""
        grams = _shingles(text)
        found = self._like(grams)
        self._index.insert(len(self._grams), _sketch(grams))
        self._grams.append(grams)
        return found

    def __contains__(self, text: str) -> bool:
        return bool(self._grams) and bool(self._like(_shingles(text)))

    def _like(self, grams: set[bytes]) -> list[int]:
        candidates = sorted(int(number) for number in self._index.query(_sketch(grams)))
        return [number for number in candidates if _jaccard(grams, self._grams[number]) >= THRESHOLD]


def asked(messages: Sequence[Message]) -> str:
    """Everything the user said."""
    return " ".join(str(message["content"]) for message in messages if message["role"] == "user")


def key(messages: Sequence[Message]) -> str:
    """What makes a conversation the same as another: what the user said, without case and punctuation."""
    return re.sub(r"\W+", " ", asked(messages).lower()).strip()


def _shingles(text: str) -> set[bytes]:
    return {text[i : i + 5].encode() for i in range(max(1, len(text) - 4))}


def _sketch(grams: set[bytes]) -> object:
    from datasketch import MinHash

    sketch = MinHash(num_perm=_PERMUTATIONS, seed=1)
    sketch.update_batch(sorted(grams))
    return sketch


def _jaccard(a: set[bytes], b: set[bytes]) -> float:
    return len(a & b) / len(a | b)
