"""A seeded split by conversation: near-duplicates never straddle it, held-out conversations are only ever tested on."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from assistant.conversations.duplicates import groups
from assistant.conversations.labels import Row
from assistant.record.types import Item, Message


@dataclass(frozen=True)
class Split:
    """Frozen rows, and how many were left out and why."""

    items: list[Item]
    dropped: dict[str, int] = field(default_factory=dict)

    @property
    def train(self) -> list[Item]:
        return [item for item in self.items if item.split == "train"]

    @property
    def test(self) -> list[Item]:
        return [item for item in self.items if item.split == "test"]


def make(rows: Sequence[Row], heldout: Sequence[Row], seed: int, test_share: float) -> Split:
    """Split `rows`; with `heldout` those are the test split and everything near them leaves the train split."""
    everything = [*heldout, *rows]
    group = groups([row.messages for row in everything])
    seen: set[int] = set()
    dropped: dict[str, int] = {}
    test = [row for row, g in zip(heldout, group, strict=False) if _first(seen, g, dropped, "duplicate held-out")]
    blocked = set(group[: len(heldout)])
    candidates: list[Row] = []
    for row, g in zip(rows, group[len(heldout) :], strict=True):
        if g in blocked:
            _count(dropped, "too like a held-out conversation")
        elif _first(seen, g, dropped, "near-duplicate"):
            candidates.append(row)
    if not heldout:
        candidates, test = _divide(candidates, seed, test_share)
    chosen = [("train", row) for row in candidates] + [("test", row) for row in test]
    items = [Item(i, split, row.messages, row.conversation) for i, (split, row) in enumerate(chosen)]
    return Split(items, dropped)


def content_hash(items: Sequence[Item], seed: int) -> str:
    """sha256 of the split's content and seed: the dataset's id."""
    digest = hashlib.sha256(json.dumps(["attune-dataset-1", seed]).encode())
    for item in items:
        digest.update(json.dumps([item.split, item.messages], sort_keys=True, ensure_ascii=False).encode())
    return digest.hexdigest()


def _divide(rows: list[Row], seed: int, test_share: float) -> tuple[list[Row], list[Row]]:
    """Shuffle by content, so that the order of import does not matter, and cut."""
    ordered = sorted(rows, key=lambda row: _fingerprint(row.messages))
    random.Random(seed).shuffle(ordered)
    cut = max(1, round(len(ordered) * test_share))
    return ordered[cut:], ordered[:cut]


def _fingerprint(messages: Sequence[Message]) -> str:
    return hashlib.sha256(json.dumps(messages, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _first(seen: set[int], group: int, dropped: dict[str, int], why: str) -> bool:
    if group in seen:
        _count(dropped, why)
        return False
    seen.add(group)
    return True


def _count(dropped: dict[str, int], why: str) -> None:
    dropped[why] = dropped.get(why, 0) + 1
