"""Which texts are nearly the same, as they come one after the other: Jaccard similarity of n-gram sets, by MinHash.

For texts that are there at once, and for what is contained in what, see comparison/.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from assistant.knowledge.comparison import grams
from assistant.knowledge.comparison.canonical import canonical, telling
from assistant.record.types import Message

THRESHOLD = 0.7  # similarity from which two texts count as the same
_BANDS, _ROWS = 32, 4  # of the sketch: a pair at the threshold is missed once in 6,000 times, candidates are checked
_PERMUTATIONS = _BANDS * _ROWS
_BYTES = 8  # of a hashed n-gram


class Near:
    """Texts that can be asked which of them are nearly a given one. Texts are numbered in the order they are added.

    Two that differ in a number or an operator are never nearly the same.
    """

    def __init__(self, texts: Iterable[str] = ()) -> None:
        from datasketch import MinHashLSH

        self._known: list[tuple[tuple[str, ...], frozenset[int]]] = []
        self._index = MinHashLSH(num_perm=_PERMUTATIONS, params=(_BANDS, _ROWS))
        for text in texts:
            self.add(text)

    def add(self, text: str) -> list[int]:
        """Add a text; the numbers of those before it that are nearly the same."""
        told, found = telling(canonical(text)), frozenset(grams.of(canonical(text)).tolist())
        numbers = self._like(told, found)
        self._index.insert(len(self._known), _sketch(found))
        self._known.append((told, found))
        return numbers

    def __contains__(self, text: str) -> bool:
        if not self._known:
            return False
        return bool(self._like(telling(canonical(text)), frozenset(grams.of(canonical(text)).tolist())))

    def _like(self, told: tuple[str, ...], found: frozenset[int]) -> list[int]:
        candidates = sorted(int(number) for number in self._index.query(_sketch(found)))
        return [
            number
            for number in candidates
            if self._known[number][0] == told and _jaccard(found, self._known[number][1]) >= THRESHOLD
        ]


def asked(messages: Sequence[Message]) -> str:
    """Everything the user said."""
    return " ".join(str(message["content"]) for message in messages if message["role"] == "user")


def key(messages: Sequence[Message]) -> str:
    """What makes a conversation the same as another: what the user said, without case and closing marks."""
    return canonical(asked(messages))


def _sketch(found: frozenset[int]) -> object:
    from datasketch import MinHash

    sketch = MinHash(num_perm=_PERMUTATIONS, seed=1)
    sketch.update_batch([gram.to_bytes(_BYTES, "little") for gram in sorted(found)])
    return sketch


def _jaccard(a: frozenset[int], b: frozenset[int]) -> float:
    return len(a & b) / len(a | b)
