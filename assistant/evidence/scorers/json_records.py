"""JSON answers compared field by field: records of a list are paired off so that the most of them agrees."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

from assistant.evidence.scorers import folding
from assistant.evidence.scorers.json_reading import json_of

MOST = 100_000  # pairs of values that are looked at in two answers; lists beyond are compared place by place
Pair = tuple["Node", "Node"]


@dataclass(frozen=True)
class Node:
    """A JSON value. Values are equal if their `key` is; `size` counts its leaves, an empty list or object being one."""

    key: int
    size: int
    fields: dict[str, Node] | None = None
    items: list[Node] | None = None
    ordered: bool = False


@dataclass(frozen=True)
class Agreement:
    """Of two values: how many leaves agree, F1 of that, and whether a list was too long for the best pairing."""

    leaves: int
    f1: float
    capped: bool


def json_records(answer: str, reference: str) -> float | None:
    """F1 of the fields that agree; 0 where the answer holds no such JSON, None where the reference holds none."""
    found = compare(answer, reference)
    return None if found is None else found.f1


def compare(answer: str, reference: str) -> Agreement | None:
    """How far the value of an answer agrees with the reference's; None where the reference holds none."""
    try:
        wanted = json_of(reference)
    except ValueError:
        return None
    try:
        found = json_of(answer, wanted)
    except ValueError:
        return Agreement(0, 0.0, False)
    return agreement(found, wanted)


def agreement(found: Any, wanted: Any) -> Agreement:
    """How far two JSON values agree. 1 is 1.0, but neither "1" nor true; null and missing are two things.

    Strings are compared without case. The order of records and strings in a list does not count; that of numbers
    in a list of numbers does, and that of a row, a list within a list.
    """
    ids: dict[Hashable, int] = {}
    one, other = _node(found, ids), _node(wanted, ids)
    search = RecordPairing()
    leaves = search.same(one, other)
    return Agreement(leaves, 2 * leaves / (one.size + other.size), search.capped)


class RecordPairing:
    """Counts the leaves on which two values agree, within a limit of work."""

    def __init__(self, most: int = MOST) -> None:
        self.left, self.capped = most, False

    def same(self, one: Node, other: Node) -> int:
        """Leaves that agree; symmetric."""
        self.left -= 1
        if one.key == other.key:
            return one.size
        if one.fields is not None and other.fields is not None:
            fields = other.fields
            return sum(self.same(value, fields[key]) for key, value in one.fields.items() if key in fields)
        if one.items is not None and other.items is not None:
            return self._lists(one.items, other.items, one.ordered or other.ordered)
        return 0

    def _lists(self, found: list[Node], wanted: list[Node], ordered: bool) -> int:
        agreed, found, wanted = _without_ends(found, wanted) if ordered else _without_equals(found, wanted)
        if not found or not wanted:
            return agreed
        if len(found) * len(wanted) > self.left:
            self.capped = True
            return agreed + sum(self.same(*pair) for pair in zip(found, wanted, strict=False))
        matrix = [[self.same(one, other) for other in wanted] for one in found]
        return agreed + (_in_order(matrix) if ordered else _best(matrix))


def _best(matrix: Sequence[Sequence[int]]) -> int:
    """The largest sum of a one-to-one pairing of rows and columns."""
    import numpy as np
    from scipy.optimize import linear_sum_assignment

    costs = np.asarray(matrix)
    return int(costs[linear_sum_assignment(costs, maximize=True)].sum())


def _in_order(matrix: Sequence[Sequence[int]]) -> int:
    """The largest sum of a pairing of rows and columns that crosses nowhere."""
    before = [0] * (len(matrix[0]) + 1)
    for row in matrix:
        now = [0]
        for place, value in enumerate(row):
            now.append(max(now[-1], before[place + 1], before[place] + value))
        before = now
    return before[-1]


def _without_equals(found: list[Node], wanted: list[Node]) -> tuple[int, list[Node], list[Node]]:
    """Leaves of the items that both lists have, and what is left of both: equal items belong together in any case."""
    shared = Counter(node.key for node in found) & Counter(node.key for node in wanted)
    agreed, rests = 0, []
    for nodes in (found, wanted):
        left, rest, agreed = shared.copy(), [], 0
        for node in nodes:
            if left[node.key]:
                left[node.key] -= 1
                agreed += node.size
            else:
                rest.append(node)
        rests.append(rest)
    return agreed, rests[0], rests[1]


def _without_ends(found: list[Node], wanted: list[Node]) -> tuple[int, list[Node], list[Node]]:
    """The same for lists in order: their common beginning and end."""
    start = next((i for i, (a, b) in enumerate(zip(found, wanted, strict=False)) if a.key != b.key), None)
    start = min(len(found), len(wanted)) if start is None else start
    agreed = sum(node.size for node in found[:start])
    found, wanted = found[start:], wanted[start:]
    while found and wanted and found[-1].key == wanted[-1].key:
        agreed += found[-1].size
        found, wanted = found[:-1], wanted[:-1]
    return agreed, found, wanted


def _node(value: Any, ids: dict[Hashable, int], in_list: bool = False) -> Node:
    key: Hashable
    if isinstance(value, dict):
        fields = {folding.composed(name): _node(inner, ids) for name, inner in value.items()}
        key = ("object", frozenset((name, node.key) for name, node in fields.items()))
        return Node(_id(key, ids), sum(n.size for n in fields.values()) or 1, fields=fields)
    if isinstance(value, list):
        items = [_node(inner, ids, in_list=True) for inner in value]
        ordered = in_list or all(isinstance(inner, (int, float)) for inner in value)
        keys = [node.key for node in items]
        key = ("list", tuple(keys if ordered else sorted(keys)))
        return Node(_id(key, ids), sum(n.size for n in items) or 1, items=items, ordered=ordered)
    key = folding.spaced(folding.folded(value)) if isinstance(value, str) else value
    return Node(_id((_kind(value), key), ids), 1)


def _kind(value: Any) -> str:
    return "number" if isinstance(value, (int, float)) and not isinstance(value, bool) else type(value).__name__


def _id(key: Hashable, ids: dict[Hashable, int]) -> int:
    return ids.setdefault(key, len(ids))
