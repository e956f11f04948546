"""How long it takes to find what is nearly the same, or leaks, among many conversations.

    python -m tests.bench.near_duplicates [--rows 1000,12000,25000,50000] [--json]

The rows are made: sentences of words drawn as rarely as words are (Zipf), a third of them under one long instruction,
answers in a house's frame; one in ten is a copy of an earlier one with two words changed. Printed: seconds of the wall
and of the processor, megabytes, and the share of the copies that was found.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import sys
import time
from itertools import accumulate
from typing import Any

from assistant.conversations import duplicates
from assistant.record.types import Message

SIZES = (1_000, 12_000, 25_000, 50_000)
VOCABULARY = 20_000
COPIES = 0.1
INSTRUCTION = (
    "You sort messages that guests send to the front desk. Read the message between the marks and answer with exactly "
    "one word. Do not explain your choice, do not repeat the message, and take the first word that fits. Message: "
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", default=",".join(map(str, SIZES)))
    parser.add_argument("--json", action="store_true", dest="as_json")
    given = parser.parse_args()
    found = [measure(int(count)) for count in given.rows.split(",")]
    print(json.dumps(found) if given.as_json else "\n".join(map(str, found)))
    return 0


def measure(count: int) -> dict[str, Any]:
    """What `count` conversations take: seconds, processor seconds, megabytes at most, and the share of copies found."""
    rows, copies = made(count)
    started, spent = time.perf_counter(), time.process_time()
    found = duplicates.relations(rows)
    wall, processor = time.perf_counter() - started, time.process_time() - spent
    pairs = {frozenset(pair) for pair in found.pairs}
    return {
        "rows": count,
        "seconds": round(wall, 1),
        "processor_s": round(processor, 1),
        "memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "copies": len(copies),
        "found": round(sum(frozenset(pair) in pairs for pair in copies) / max(1, len(copies)), 4),
        "others": len(pairs) - sum(frozenset(pair) in pairs for pair in copies),
    }


def made(count: int) -> tuple[list[list[Message]], list[tuple[int, int]]]:
    """Conversations, and which of them are copies of which."""
    draw = random.Random(1)
    words = ["".join(draw.choices("abdefgiklmnoprstuv", k=draw.randint(3, 9))) for _ in range(VOCABULARY)]
    weights = list(accumulate(1 / (rank + 2.7) for rank in range(VOCABULARY)))
    said: list[list[str]] = []
    rows: list[list[Message]] = []
    copies: list[tuple[int, int]] = []
    heads: dict[int, bool] = {}
    for number in range(count):
        if said and draw.random() < COPIES:
            of = draw.randrange(len(said))
            text = list(said[of])
            for place in draw.sample(range(len(text)), 2):
                text[place] = draw.choice(words)
            copies.append((number, of))
        else:
            text = draw.choices(words, cum_weights=weights, k=draw.randint(12, 40))
        said.append(text)
        original = copies[-1][1] if copies and copies[-1][0] == number else number
        head = INSTRUCTION if heads.setdefault(number, heads.get(original, number % 3 == 0)) else ""
        answer = " ".join(draw.choices(words, cum_weights=weights, k=draw.randint(15, 60)))
        rows.append(
            [
                {"role": "user", "content": f"{head}{' '.join(text)}?"},
                {"role": "assistant", "content": f"Thank you for writing to us. {answer}. Yours, the front desk"},
            ]
        )
    return rows, copies


if __name__ == "__main__":
    sys.exit(main())
