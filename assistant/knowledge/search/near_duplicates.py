"""Which texts are nearly the same: Jaccard similarity of character 5-gram sets, found by MinHash (datasketch)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

from assistant.record.types import Message

THRESHOLD = 0.7  # similarity from which two conversations count as the same
_BANDS, _ROWS = 32, 4  # of the sketch: a pair at the threshold is missed once in 6,000 times, candidates are checked
_PERMUTATIONS = _BANDS * _ROWS
_OPENING = 6  # words: fewer are a greeting, with which conversations begin that have nothing else in common


class Near:
    """Texts that can be asked which of them are nearly a given one. Texts are numbered in the order they are added."""

    def __init__(self, texts: Iterable[str] = ()) -> None:
        from datasketch import MinHashLSH

        self._grams: list[set[bytes]] = []
        self._index = MinHashLSH(num_perm=_PERMUTATIONS, params=(_BANDS, _ROWS))
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
    said = unicodedata.normalize("NFKC", asked(messages)).casefold()
    return re.sub(r"\W+", " ", said).strip() or said.strip()


def openings(messages: Sequence[Message]) -> list[str]:
    """The keys of a conversation as it stood at each question, the whole one last.

    Every answer is a row to train on and a question to test: who has seen how a conversation begins has seen a part
    of it. Openings of a few words are left out.
    """
    asking = [place for place, message in enumerate(messages) if message["role"] == "user"]
    parts = [key(messages[: place + 1]) for place in asking[:-1]]
    return [part for part in parts if len(part.split()) >= _OPENING] + [key(messages)]


def _shingles(text: str) -> set[bytes]:
    return {text[i : i + 5].encode() for i in range(max(1, len(text) - 4))}


def _sketch(grams: set[bytes]) -> object:
    from datasketch import MinHash

    sketch = MinHash(num_perm=_PERMUTATIONS, seed=1)
    sketch.update_batch(sorted(grams))
    return sketch


def _jaccard(a: set[bytes], b: set[bytes]) -> float:
    return len(a & b) / len(a | b)
