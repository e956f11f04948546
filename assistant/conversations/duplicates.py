"""Which conversations are nearly the same, contradict each other, or must not lie on two sides of a split."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from assistant.knowledge.comparison.agreement import agree
from assistant.knowledge.comparison.canonical import canonical
from assistant.knowledge.comparison.leaks import Find, Turns
from assistant.record.types import Message

Conversations = Sequence[Sequence[Message]]


@dataclass(frozen=True)
class Relations:
    """What conversations have to do with each other, each by its place in what was given.

    `first`: of each, the first one that asks the same and answers it alike: one of them is enough. `finds`: one holds a
    question or an answer of another. `contradictions`: groups that ask the same and are answered differently.
    """

    first: list[int]
    finds: list[Find]
    contradictions: list[list[int]]
    pairs: list[tuple[int, int]]

    def kin(self, allowed: set[tuple[int, int]] | None = None) -> list[int]:
        """For each the first of those that stay on one side with it, but for pairs that are `allowed` apart."""
        apart = allowed or set()
        return _joined([pair for pair in self.pairs if pair not in apart], len(self.first))


def relations(conversations: Conversations) -> Relations:
    """How these conversations are related. In time that grows little faster than their number."""
    place = _distinct(conversations)
    kept = sorted(set(place))
    turns = Turns([conversations[i] for i in kept])
    asked = [(kept[i], kept[j]) for i, j in turns.same()]
    finds = [_at(find, kept) for find in turns.finds()]
    answers = {i: _answered(conversations[i]) for pair in asked for i in pair}
    alike = {pair: agree(answers[pair[0]], answers[pair[1]]) for pair in asked}
    copies = [(i, first) for i, first in enumerate(place) if i != first]
    first = _joined([*copies, *(pair for pair, same in alike.items() if same)], len(conversations))
    torn = _joined([pair for pair, same in alike.items() if not same], len(conversations))
    pairs = dict.fromkeys([*copies, *asked, *((find.one, find.other) for find in finds)])
    return Relations(first, finds, _groups(torn), list(pairs))


def groups(conversations: Conversations) -> list[int]:
    """A group number for each conversation: near-duplicates, and what they are near to, share one.

    Numbers are the index of the group's first member, so the same input always gives the same groups.
    """
    return relations(conversations).first


def contradictions(conversations: Conversations) -> list[list[int]]:
    """Groups of conversations that ask the same and are answered differently in substance, by their places."""
    return relations(conversations).contradictions


def _distinct(conversations: Conversations) -> list[int]:
    """For each conversation the first one that says the same to the letter, but for case and closing marks."""
    known: dict[tuple[tuple[str, str], ...], int] = {}
    return [
        known.setdefault(tuple((str(m["role"]), canonical(str(m["content"]))) for m in messages), i)
        for i, messages in enumerate(conversations)
    ]


def _answered(messages: Sequence[Message]) -> str:
    return "\n".join(str(m["content"]) for m in messages if m["role"] == "assistant" and m.get("weight", 1) != 0)


def _at(find: Find, places: Sequence[int]) -> Find:
    return Find(places[find.one], places[find.other], *list(vars(find).values())[2:])


def _groups(first: Sequence[int]) -> list[list[int]]:
    found: dict[int, list[int]] = {}
    for i, leader in enumerate(first):
        found.setdefault(leader, []).append(i)
    return [group for group in found.values() if len(group) > 1]


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
