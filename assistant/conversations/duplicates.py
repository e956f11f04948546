"""Groups of conversations that are nearly the same, or begin so."""

from __future__ import annotations

from collections.abc import Sequence

from assistant.knowledge.search.near_duplicates import Near, openings
from assistant.record.types import Message


def groups(conversations: Sequence[Sequence[Message]]) -> list[int]:
    """A group number for each conversation: near-duplicates, and what they are near to, share one.

    Numbers are the index of the group's first member, so the same input always gives the same groups.
    """
    return both(conversations)[0]


def both(conversations: Sequence[Sequence[Message]]) -> tuple[list[int], list[int]]:
    """The groups of near-duplicates, and the wider ones of conversations of which one begins nearly as another does.

    Of the first, one conversation is enough. Those of the second differ, but must not lie on two sides of a split.
    """
    near = Near()
    owner: list[tuple[int, bool]] = []  # of each text: its conversation, and whether it is the whole of it
    same = list(range(len(conversations)))
    kin = list(range(len(conversations)))
    for i, messages in enumerate(conversations):
        said = openings(messages)
        for place, text in enumerate(said, start=1):
            whole = place == len(said)
            for number in near.add(text):
                j, other_whole = owner[number]
                _join(kin, i, j)
                if whole and other_whole:
                    _join(same, i, j)
            owner.append((i, whole))
    return [_root(same, i) for i in range(len(same))], [_root(kin, i) for i in range(len(kin))]


def _root(leader: list[int], i: int) -> int:
    while leader[i] != i:
        i = leader[i]
    return i


def _join(leader: list[int], i: int, j: int) -> None:
    a, b = _root(leader, i), _root(leader, j)
    leader[max(a, b)] = min(a, b)
