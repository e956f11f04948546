"""Groups of near-duplicate conversations."""

from __future__ import annotations

from collections.abc import Sequence

from assistant.knowledge.likeness import Near, key
from assistant.record.types import Message


def groups(conversations: Sequence[Sequence[Message]]) -> list[int]:
    """A group number for each conversation: near-duplicates, and what they are near to, share one.

    Numbers are the index of the group's first member, so the same input always gives the same groups.
    """
    near = Near()
    leader: list[int] = []
    for i, messages in enumerate(conversations):
        leader.append(i)
        for j in near.add(key(messages)):
            _join(leader, i, j)
    return [_root(leader, i) for i in range(len(leader))]


def _root(leader: list[int], i: int) -> int:
    while leader[i] != i:
        i = leader[i]
    return i


def _join(leader: list[int], i: int, j: int) -> None:
    a, b = _root(leader, i), _root(leader, j)
    leader[max(a, b)] = min(a, b)
