"""How often an equal variant is taken back by itself, and after how many conversations a worse one is.

Conversations come one after the other, each to one of the two variants by its share, with some judged answers in a
row; after every answer `returning.proved`, the product's own rule, is asked, for complaints and for failures.

    python -m tests.bench.returns [--times 1000] [--conversations 300] [--json]
"""

from __future__ import annotations

import argparse
import json
import statistics
from dataclasses import dataclass

import numpy as np

from assistant.traffic import returning

ANSWERS = 3  # of a conversation, at most
ALIKE = 0.5  # how alike the answers of one conversation are: the share of those that repeat its first one
FAILING = 0.02  # of conversations, in which answers of either variant fail
PAST = 40  # conversations that are known of the one before, where the new one answers everything


@dataclass(frozen=True)
class Cell:
    """One setting: the share of the new variant, and how often answers of the old and the new one are rejected."""

    name: str
    share: float
    old: float
    new: float
    edited: float = 0.2  # of the others, how many are edited


EQUAL = [
    Cell("10 of 100, 10 % rejected", 0.1, 0.1, 0.1),
    Cell("50 of 100, 10 % rejected", 0.5, 0.1, 0.1),
    Cell("50 of 100, 40 % rejected", 0.5, 0.4, 0.4),
    Cell("all, 10 % rejected", 1.0, 0.1, 0.1),
    Cell("50 of 100, never rejected", 0.5, 0.0, 0.0, 0.0),
]
WORSE = [
    Cell("50 of 100, 10 % and 30 %", 0.5, 0.1, 0.3),
    Cell("50 of 100, 10 % and 50 %", 0.5, 0.1, 0.5),
    Cell("10 of 100, 10 % and 50 %", 0.1, 0.1, 0.5),
    Cell("all, 10 % and 50 %", 1.0, 0.1, 0.5),
]


def run(cell: Cell, seed: int, conversations: int) -> int | None:
    """After how many conversations the earlier variant comes back; None: it never does."""
    rng = np.random.default_rng([seed, len(cell.name)])
    judged: dict[bool, list[float]] = {True: [], False: []}  # by whether the new variant answered
    failed: dict[bool, list[float]] = {True: [], False: []}
    for _ in range(PAST if cell.share == 1 else 0):
        judged[False].append(float(np.mean(_answers(rng, cell, new=False))))
        failed[False].append(float(rng.random() < FAILING))
    for number in range(conversations):
        new = bool(rng.random() < cell.share)
        failed[new].append(float(rng.random() < FAILING))
        seen: list[float] = []
        judged[new].append(0.0)
        for value in _answers(rng, cell, new):
            seen.append(value)
            judged[new][-1] = float(np.mean(seen))
            if returning.proved(judged[True], judged[False]):
                return number + 1
        if failed[new][-1] and returning.proved(failed[True], failed[False]):
            return number + 1
    return None


def _answers(rng: np.random.Generator, cell: Cell, new: bool) -> list[float]:
    """The judgements of one conversation, one after the other: 1 rejected, a half edited, 0 approved."""
    rate = cell.new if new else cell.old
    found: list[float] = []
    for _ in range(int(rng.integers(1, ANSWERS + 1))):
        fresh = 1.0 if rng.random() < rate else 0.5 if rng.random() < cell.edited else 0.0
        found.append(found[0] if found and rng.random() < ALIKE else fresh)
    return found


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--times", type=int, default=1000)
    parser.add_argument("--conversations", type=int, default=300)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    rows = []
    for cell in [*EQUAL, *WORSE]:
        found = [run(cell, seed, given.conversations) for seed in range(given.times)]
        after = [at for at in found if at is not None]
        share, median = len(after) / given.times, statistics.median(after) if after else None
        rows.append({"cell": cell.name, "equal": cell in EQUAL, "returned": share, "median_conversations": median})
        if not given.json:
            print(f"{cell.name:32} returned {share:6.1%}  after {median or '-'} conversations (median)", flush=True)
    if given.json:
        print(json.dumps({"level": returning.LEVEL, "times": given.times, "rows": rows}))


if __name__ == "__main__":
    main()
