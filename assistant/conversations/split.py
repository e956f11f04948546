"""A seeded split by conversation, and for good: what was once tested on is never trained on, nor the other way round.

Near-duplicates, and conversations of which one holds a question or an answer of the other, never straddle it, but where
a person allowed a pair to; held-out conversations are only ever tested on.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace

from assistant.conversations import duplicates
from assistant.conversations.labels import Row
from assistant.knowledge.comparison.fingerprints import fingerprint, pair
from assistant.knowledge.comparison.leaks import Find
from assistant.record.judged_rows import Judgement
from assistant.record.types import Item, Message


@dataclass(frozen=True)
class Leak:
    """A conversation that would be trained on and has something of one that is tested on.

    `pair` names the two by their content, so that a person can allow them; `allowed`: one did.
    """

    pair: str
    trained: Sequence[Message]
    tested: Sequence[Message]
    find: Find
    allowed: bool = False


@dataclass(frozen=True)
class Split:
    """Frozen rows, how many were left out and why, what would have leaked, and rows that contradict each other."""

    items: list[Item]
    dropped: dict[str, int] = field(default_factory=dict)
    leaks: list[Leak] = field(default_factory=list)
    contradictions: list[list[Row]] = field(default_factory=list)

    @property
    def train(self) -> list[Item]:
        return [item for item in self.items if item.split == "train"]

    @property
    def test(self) -> list[Item]:
        return [item for item in self.items if item.split == "test"]


@dataclass(frozen=True)
class _Placed:
    """A row, the group that stays on one side with it, and the side that it was on in an earlier dataset."""

    row: Row
    kin: int
    side: str  # "test", "train" or "": never in a dataset


def make(
    rows: Sequence[Row],
    heldout: Sequence[Row],
    seed: int,
    test_share: float,
    earlier: Sequence[Item] = (),
    allowed: Collection[str] = (),
) -> Split:
    """Split `rows`; with `heldout` those are the test split and everything near them leaves the train split.

    `earlier` are the items of the case's datasets so far: a conversation stays on the side where it was, also after
    an edit, and the seed decides about those that were in none. `allowed` are names of pairs (see `pair`) that may lie
    on two sides.
    """
    current = [*heldout, *rows]
    known = {fingerprint(row.messages) for row in current}
    gone = [item for item in earlier if fingerprint(item.messages) not in known]
    every = [row.messages for row in current] + [item.messages for item in gone]
    found = duplicates.relations(every)
    apart = {two for two in found.pairs if allowed and pair(every[two[0]], every[two[1]]) in allowed}
    same, kin = found.same(apart), found.kin(apart)
    sides = _sides(current, gone, kin, earlier)
    dropped: dict[str, int] = {}
    seen: set[int] = set()
    test = [row for row, g in zip(heldout, same, strict=False) if _first(seen, g, dropped, "duplicate held-out")]
    near = found.near(len(heldout), apart)
    left: list[_Placed] = []
    for place, (row, g, k) in enumerate(
        zip(rows, same[len(heldout) :], kin[len(heldout) :], strict=False), start=len(heldout)
    ):
        if place in near:
            _count(dropped, "too like a held-out conversation")
        elif _first(seen, g, dropped, "near-duplicate"):
            left.append(_Placed(row, k, sides.get(k, "")))
    if not heldout:
        left = _shuffled(left, seed)
    groups = {one.kin for one in left if one.side == "test"}
    if not heldout:
        groups |= _drawn(left, groups, test_share)
    test += [one.row for one in left if one.kin in groups]
    chosen = [("train", one.row) for one in left if one.kin not in groups] + [("test", row) for row in test]
    items = [Item(i, split, row.messages, row.conversation) for i, (split, row) in enumerate(chosen)]
    tested = {id(row) for row in (*heldout, *test)}
    on_test = [id(row) in tested for row in current] + [item.split == "test" for item in gone]
    leaks = list(_leaks(found.finds, every, on_test, len(current), apart))
    torn = [[current[i] for i in group if i < len(current)] for group in found.contradictions]
    return Split(items, dropped, leaks, [group for group in torn if len(group) > 1])


def _leaks(
    finds: Sequence[Find],
    every: Sequence[Sequence[Message]],
    on_test: Sequence[bool],
    current: int,
    apart: set[tuple[int, int]],
) -> Iterator[Leak]:
    """Finds of one of the first `current` that is not tested on, and of one that is: `other` in each of them."""
    for find in finds:
        turned = replace(find, one=find.other, other=find.one, turn=find.other_turn, other_turn=find.turn)
        way = find if on_test[find.other] else turned
        if on_test[way.other] and not on_test[way.one] and way.one < current:
            one, other = every[way.one], every[way.other]
            yield Leak(pair(one, other), one, other, way, (find.one, find.other) in apart)


def content_hash(items: Sequence[Item], seed: int, case: str = "", judgements: Sequence[Judgement] = ()) -> str:
    """sha256 of the split's content and seed, and of a case where that is given: the dataset's id.

    Judgements count where there are any.
    """
    digest = hashlib.sha256(json.dumps(["attune-dataset-1", seed, *([case] if case else [])]).encode())
    for item in items:
        digest.update(json.dumps([item.split, item.messages], sort_keys=True, ensure_ascii=False).encode())
    for one in judgements:
        parts = [one.prompt, one.chosen, one.rejected]
        digest.update(json.dumps(parts, sort_keys=True, ensure_ascii=False).encode())
    return digest.hexdigest()


def _sides(current: Sequence[Row], gone: Sequence[Item], kin: Sequence[int], earlier: Sequence[Item]) -> dict[int, str]:
    """Where each group was before, by its content or its conversation; the test where it was on both sides."""
    by_content: dict[str, str] = {}
    by_id: dict[int, str] = {}
    for item in sorted(earlier, key=lambda item: item.split == "test"):
        by_content[fingerprint(item.messages)] = item.split
        if item.conversation:
            by_id[item.conversation] = item.split
    found: dict[int, str] = {}
    for k, split in zip(kin[len(current) :], (item.split for item in gone), strict=True):
        found[k] = "test" if "test" in (split, found.get(k)) else split
    for k, row in zip(kin, current, strict=False):
        was = {by_content.get(fingerprint(row.messages)), by_id.get(row.conversation), found.get(k)}
        side = "test" if "test" in was else "train" if "train" in was else ""
        if side:
            found[k] = side
    return found


def _shuffled(rows: Sequence[_Placed], seed: int) -> list[_Placed]:
    """Shuffled by content, so that the order of import does not matter."""
    ordered = sorted(rows, key=lambda one: fingerprint(one.row.messages))
    random.Random(seed).shuffle(ordered)
    return ordered


def _drawn(rows: Sequence[_Placed], already: set[int], test_share: float) -> set[int]:
    """Groups to test on besides those `already` chosen, the first that fit the share; never one trained on before."""
    size: dict[int, int] = {}
    for one in rows:
        size[one.kin] = size.get(one.kin, 0) + 1
    room = max(1, round(len(rows) * test_share)) - sum(size[k] for k in already)
    fresh = dict.fromkeys(one.kin for one in rows if not one.side)
    chosen: set[int] = set()
    for k in fresh:
        if size[k] <= room:
            chosen.add(k)
            room -= size[k]
    if not chosen and not already and len(size) > 1:  # each group is larger than the share
        chosen |= set(sorted(fresh, key=lambda k: size[k])[:1])
    return chosen


def _first(seen: set[int], group: int, dropped: dict[str, int], why: str) -> bool:
    if group in seen:
        _count(dropped, why)
        return False
    seen.add(group)
    return True


def _count(dropped: dict[str, int], why: str) -> None:
    dropped[why] = dropped.get(why, 0) + 1
