"""Near-duplicate conversations: MinHash over word shingles of what the user said (datasketch)."""

from __future__ import annotations

import re
from collections.abc import Sequence

from assistant.record.types import Message

THRESHOLD = 0.7  # Jaccard similarity of character 5-gram sets from which two texts count as the same
PERMUTATIONS = 128


def key_text(messages: Sequence[Message]) -> str:
    """What makes a conversation the same as another: everything the user said, normalised."""
    said = " ".join(str(m["content"]) for m in messages if m["role"] == "user")
    return re.sub(r"\W+", " ", said.lower()).strip()


def shingles(text: str) -> set[str]:
    return {text[i : i + 5] for i in range(max(1, len(text) - 4))}


def groups(conversations: Sequence[Sequence[Message]], threshold: float = THRESHOLD) -> list[int]:
    """A group number for each conversation: near-duplicates, and what they are near to, share one.

    Numbers are the index of the group's first member, so the same input always gives the same groups.
    """
    from datasketch import MinHash, MinHashLSH

    sets = [shingles(key_text(messages)) for messages in conversations]
    index = MinHashLSH(threshold=threshold * 0.8, num_perm=PERMUTATIONS)
    leader = list(range(len(sets)))
    for i, grams in enumerate(sets):
        sketch = MinHash(num_perm=PERMUTATIONS, seed=1)
        sketch.update_batch([gram.encode() for gram in grams])
        for j in sorted(int(found) for found in index.query(sketch)):
            if _jaccard(grams, sets[j]) >= threshold:
                _join(leader, i, j)
        index.insert(str(i), sketch)
    return [_root(leader, i) for i in range(len(sets))]


def _jaccard(a: set[str], b: set[str]) -> float:
    return len(a & b) / len(a | b)


def _root(leader: list[int], i: int) -> int:
    while leader[i] != i:
        i = leader[i]
    return i


def _join(leader: list[int], i: int, j: int) -> None:
    a, b = _root(leader, i), _root(leader, j)
    leader[max(a, b)] = min(a, b)
