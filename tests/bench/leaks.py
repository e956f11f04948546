"""How many rows made from a held-out one reach training or the examples, and how many others are taken for such.

    python -m tests.bench.leaks [--json]

Planted, by hand, are 31 rows in English and in Chinese: with a typo, with synonyms, with a name or a number added, with
words dropped, with pleasantries, in a forwarded mail, as a second turn, and another question with the held-out answer.
False alarms are counted on what the project ships: the tea shop, and the two sets that the defaults were chosen on.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from assistant.conversations import split
from assistant.conversations.labels import Row
from assistant.knowledge.comparison.leaks import ComparedTurns
from assistant.knowledge.prompt.shots import ShotPool, Source
from assistant.knowledge.search.lexical_embedding import Embedder
from assistant.record.types import Message
from assistant.settings import ROOT

PLANTED = Path(__file__).parent / "leaking"
SHOP = ROOT / "data" / "examples" / "teashop"
SETS = {  # conversations to train on, and held-out ones
    "teashop": (SHOP / "conversations.jsonl", SHOP / "heldout.jsonl"),
    "library": (PLANTED / "library.jsonl", PLANTED / "library.heldout.jsonl"),
    "choir": (ROOT / "data/tuning/choir/train.jsonl", ROOT / "data/tuning/choir/test.jsonl"),
    "dig": (ROOT / "data/tuning/dig/train.jsonl", ROOT / "data/tuning/dig/test.jsonl"),
}
Talks = list[list[Message]]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", dest="as_json")
    given = parser.parse_args()
    found = measure()
    print(json.dumps(found, ensure_ascii=False) if given.as_json else _shown(found))
    return 0


def measure() -> dict[str, Any]:
    """Planted rows by what became of them, and how many rows of each set were wrongly left out."""
    rows = planted()
    reached = [
        {"case": row["case"], "kind": row["kind"], "of": row["of"], "where": where}
        for name in dict.fromkeys(row["case"] for row in rows)
        for where, through in reaching(name, [row for row in rows if row["case"] == name]).items()
        for row in through
    ]
    return {
        "planted": len(rows),
        "kinds": dict(Counter(row["kind"] for row in rows)),
        "reached": reached,
        "false_alarms": {name: false_alarms(name) for name in SETS},
    }


def reaching(name: str, rows: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Which of these planted rows reach the train split, which the examples, and which the split one at a time."""
    train, held = talks(name)
    every = [*train, *(row["messages"] for row in rows)]
    trained = [item.messages for item in cut(every, held).train]
    shown = ShotPool(Source(every, held), Embedder()).examples
    alone = [row for row in rows if row["messages"] in [i.messages for i in cut([*train, row["messages"]], held).train]]
    return {
        "training": [row for row in rows if row["messages"] in trained],
        "examples": [row for row in rows if row["messages"] in shown],
        "training alone": alone,
    }


def false_alarms(name: str) -> dict[str, int]:
    """Rows of a set that are left out though nobody made them from a held-out one; and suspects, at the laxer share."""
    train, held = talks(name)
    turns = ComparedTurns(held, train)
    return {
        "rows": len(train),
        "left_out": len(train) - len(cut(train, held).train),
        "no_example": len({find.one for find in turns.against(train)}),
        "suspect": len({find.one for find in turns.against(train, lax=True)}),
    }


def cut(train: Talks, held: Talks) -> split.Split:
    rows = [Row(number, "import", messages) for number, messages in enumerate(train, start=1)]
    heldout = [Row(10_000 + number, "heldout", messages) for number, messages in enumerate(held)]
    return split.make(rows, heldout, 3407, 0.2)


def planted() -> list[dict[str, Any]]:
    return _read(PLANTED / "planted.jsonl")


def talks(name: str) -> tuple[Talks, Talks]:
    train, held = ([row["messages"] for row in _read(path)] for path in SETS[name])
    return train, held


def _shown(found: dict[str, Any]) -> str:
    lines = [f"{len(found['reached'])} ways through for {found['planted']} planted rows"]
    lines += [f"  {one['where']}: {one['case']}, {one['kind']}" for one in found["reached"]]
    lines += [f"{name}: {counts}" for name, counts in found["false_alarms"].items()]
    return "\n".join(lines)


def _read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


if __name__ == "__main__":
    sys.exit(main())
