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
    same: list[tuple[int, int]] = []
    kin: list[tuple[int, int]] = []
    for i, messages in enumerate(conversations):
        said = openings(messages)
        for place, text in enumerate(said, start=1):
            whole = place == len(said)
            for number in near.add(text):
                j, other_whole = owner[number]
                kin.append((i, j))
                if whole and other_whole:
                    same.append((i, j))
            owner.append((i, whole))
    return _joined(same, len(conversations)), _joined(kin, len(conversations))


def _joined(pairs: Sequence[tuple[int, int]], count: int) -> list[int]:
    """For each of `count` members the first one of those that pairs join it to, itself included."""
    import numpy as np
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    ends = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    graph = coo_array((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(count, count))
    _, labels = connected_components(graph, directed=False)
    _, first = np.unique(labels, return_index=True)
    joined: list[int] = first[labels].tolist()
    return joined
