"""Which conversations are nearly the same, contradict each other, or must not lie on two sides of a split."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass

from assistant.knowledge.comparison.agreement import agree
from assistant.knowledge.comparison.canonical import canonical
from assistant.knowledge.comparison.leaks import ALIKE, QUESTION, WHOLE, ComparedTurns, Find
from assistant.record.types import Message

Conversations = Sequence[Sequence[Message]]
Two = tuple[int, int]


@dataclass(frozen=True)
class Relations:
    """What conversations have to do with each other, each by its place in what was given.

    `copy_of`: of each, the first one that says the same to the letter. `alike`: pairs asked and answered
    alike, of which one is enough. `finds`: one holds a question or an answer of another. `contradictions`: groups that
    ask the same and are answered differently. In a pair the later one comes first, and each is there once.
    """

    copy_of: list[int]
    alike: list[Two]
    finds: list[Find]
    contradictions: list[list[int]]

    def same(self, apart: Set[Two] = frozenset()) -> list[int]:
        """For each the first of those of which one is enough; pairs `apart` do not count."""
        return _joined([two for two in self.alike if two not in apart], len(self.copy_of))

    def kin(self, apart: Set[Two] = frozenset()) -> list[int]:
        """For each the first of those that stay on one side of a split with it; pairs `apart` do not count."""
        return _joined([two for two in self.pairs if two not in apart], len(self.copy_of))

    def near(self, first: int, apart: Set[Two] = frozenset()) -> set[int]:
        """The places from `first` on of conversations that have something of one before; pairs `apart` do not count."""
        before = set(self.copy_of[:first])
        counted = [two for two in self.pairs if two not in apart]
        ends = [(self.copy_of[one], self.copy_of[other]) for one, other in counted]
        found = {a for a, b in ends if b in before} | {b for a, b in ends if a in before}
        copies = {one for one, other in counted if self.copy_of[one] == self.copy_of[other]}
        return {
            place
            for place, original in enumerate(self.copy_of)
            if place >= first and (place in copies if original in before else original in found)
        }

    @property
    def pairs(self) -> list[Two]:
        return [(find.one, find.other) for find in self.finds]


def relations(conversations: Conversations) -> Relations:
    """How these conversations are related. In time that grows little faster than their number."""
    place = _distinct(conversations)
    kept = sorted(set(place))
    turns = ComparedTurns([conversations[i] for i in kept])
    asked = [(kept[i], kept[j]) for i, j in turns.same()]
    finds = [_at(find, kept) for find in turns.finds()]
    answers = {i: _answered(conversations[i]) for pair in asked for i in pair}
    alike = {two: agree(answers[two[0]], answers[two[1]]) for two in asked}
    copies = [(i, first) for i, first in enumerate(place) if i != first]
    torn = _joined([two for two, same in alike.items() if not same], len(conversations))
    known = {(find.one, find.other) for find in finds}
    finds += [Find(*two, QUESTION, WHOLE, WHOLE, 1.0, ALIKE) for two in (*copies, *asked) if two not in known]
    return Relations(place, [*copies, *(two for two, same in alike.items() if same)], finds, _groups(torn))


def groups(conversations: Conversations) -> list[int]:
    """A group number for each conversation: near-duplicates, and what they are near to, share one.

    Numbers are the index of the group's first member, so the same input always gives the same groups.
    """
    return relations(conversations).same()


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
