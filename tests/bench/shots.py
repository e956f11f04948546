"""What one more approval costs before the next examples are chosen, with many conversations approved before.

    python -m tests.bench.shots [--json] [--conversations 5000] [--rounds 20]

Milliseconds: `first` (the pool of all conversations is made), `unchanged` (examples chosen, nothing new), `approved`
(the same after one more conversation was approved), the last two as medians. A benchmark: it asserts nothing.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import tempfile
import time
from pathlib import Path

from assistant.knowledge.search.retriever import Knowledge
from assistant.record.store import Store
from assistant.record.types import Case, Message, Variant
from assistant.settings import Settings

CASE = "bench"
_WORDS = (
    "tea leaf water kettle parcel price garden spring harvest steam cup order courier shade bitter sweet "
    "refund broken late gift card voucher stove glass teapot filter strainer invoice address friday"
).split()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.shots")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.add_argument("--conversations", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=20)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = measured(Settings(data=Path(folder), embedding="lexical"), options.conversations, options.rounds)
    print(json.dumps(found) if options.json else "\n".join(f"{name:14} {value}" for name, value in found.items()))


def measured(settings: Settings, count: int, rounds: int) -> dict[str, float]:
    store, made = Store(settings.database), random.Random(7)
    knowledge = Knowledge(store, settings)
    variant = Variant(CASE, "few-shot", "local", "", "", shots=3)
    with store.atomic():
        store.add_case(Case(CASE, "Bench"))
        for number in range(count):
            store.import_conversation(CASE, "heldout" if number % 50 == 0 else "import", _talk(made, number))

    def choose() -> float:
        started = time.perf_counter()
        knowledge.shots(variant, _talk(made, 0)[:1])
        return (time.perf_counter() - started) * 1000

    first, unchanged, approved = choose(), list[float](), list[float]()
    for number in range(rounds):
        unchanged.append(choose())
        store.import_conversation(CASE, "chat", _talk(made, count + number))
        approved.append(choose())
    knowledge.close()
    store.close()
    return {
        "conversations": count,
        "first_ms": round(first),
        "unchanged_ms": round(statistics.median(unchanged), 1),
        "approved_ms": round(statistics.median(approved), 1),
    }


def _talk(made: random.Random, number: int) -> list[Message]:
    question = " ".join(made.choices(_WORDS, k=14)).capitalize() + f" {number}?"
    return [
        {"role": "user", "content": question},
        {"role": "assistant", "content": " ".join(made.choices(_WORDS, k=40))},
    ]


if __name__ == "__main__":
    main()
