"""Whether the verdict is right where the right one is known: every example case through the whole journey.

    python -m tests.bench.verdicts [--case NAME ...] [--answers 10] [--json] [--data DIR] [--record FILE]
                                   [--rows N] [--held-out N]

Each case is trained on and measured as `attune journey` does, with the embedded model and the default options, one
after another. Ends with 0 where every verdict is right, else with 1. A record is kept case by case, so that one can
be measured anew; --rows and --held-out shorten a case to try something, which is never recorded.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from assistant import workbench
from assistant.evidence import runner
from assistant.faces import journey
from assistant.settings import EMBEDDED, Settings
from assistant.stages import evaluate

EXAMPLES = Path(__file__).resolve().parents[2] / "data" / "examples"
SWITCH = frozenset({"switch"})
DONT = frozenset({"stay", "undecided"})
RIGHT: dict[str, frozenset[str]] = {  # case -> the decisions that are right; why, says the head of its case.toml
    "teashop": SWITCH,
    "library": DONT,
    "dispatch": DONT,
    "mobile": SWITCH,
    "cafe": SWITCH,
}
WHAT = "python -m tests.bench.verdicts: each example case through the whole journey, default options"
SHOWN = 200  # characters of an answer
Json = dict[str, Any]


def measure(bench: workbench.Workbench, name: str, folder: Path, answers: int) -> Json:
    """What the journey of a case found, whether its verdict is right, and some of the answers that it rests on."""
    found = journey.run(bench, folder)
    decision = found["verdict"]["decision"]
    return {
        **found,
        "right": sorted(RIGHT[name]),
        "ok": decision in RIGHT[name],
        "scorer": _scorer(bench, found["case"]),
        "answers": said(bench, found["case"], answers),
    }


def said(bench: workbench.Workbench, case: str, count: int) -> list[Json]:
    """What every variant said to the first `count` held-out questions, beside the approved answer."""
    store, evaluation = bench.store, evaluate.latest(bench.store, case)
    assert evaluation
    asked = runner.questions(store.items(evaluation.dataset, "test"))[:count]
    names = {id: store.variant(id).name for id in evaluation.variants}
    given = {(s.item, s.turn, names[s.variant]): s.answer for s in store.scores(evaluation.id)}
    return [
        {
            "asked": one.messages[-1]["content"],
            "approved": one.reference,
            "said": {name: given[one.item, one.turn, name] for name in names.values()},
        }
        for one in asked
    ]


def shortened(folder: Path, into: Path, rows: int, held_out: int) -> Path:
    """A copy of a case folder with its first rows; 0 = all."""
    copy = Path(shutil.copytree(folder, into / folder.name))
    for name, most in (("conversations.jsonl", rows), ("heldout.jsonl", held_out)):
        lines = (copy / name).read_text(encoding="utf-8").splitlines()
        (copy / name).write_text("\n".join(lines[: most or None]), encoding="utf-8")
    return copy


def text(name: str, found: Mapping[str, Any]) -> str:
    """The result of a case for people."""
    rows = found["dataset"]
    lines = [
        f"{name}: {rows['train']} to learn, {rows['test']} held out, scored by {found['scorer']}",
        journey.text(found),
        f"Right is {' or '.join(found['right'])}: {'ok' if found['ok'] else 'WRONG'}",
    ]
    for one in found["answers"]:
        lines += [f"> {one['asked']}", f"  approved: {one['approved']}"]
        lines += [f"  {variant}: {' / '.join(answer.splitlines())[:SHOWN]}" for variant, answer in one["said"].items()]
    return "\n".join(lines)


def keep(file: Path, name: str, found: Mapping[str, Any]) -> None:
    """Put a case into the record; the others in it stay as they are."""
    record = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {"what": WHAT, "cases": {}}
    about = {"recorded": datetime.now(UTC).date().isoformat(), "machine": machine()}
    record["cases"][name] = about | {key: value for key, value in found.items() if key != "case"}
    file.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def machine() -> str:
    """What it ran on, and how busy that was."""
    return f"{os.cpu_count()} cores, {platform.machine()}, load {os.getloadavg()[2]:.1f} over the last 15 minutes"


def run(bench: workbench.Workbench, options: argparse.Namespace, names: Sequence[str]) -> dict[str, Json]:
    """Every case, one after another; each is shown and recorded once it is there."""
    result: dict[str, Json] = {}
    for name in names:
        with tempfile.TemporaryDirectory() as place:
            folder = shortened(EXAMPLES / name, Path(place), options.rows, options.held_out)
            result[name] = measure(bench, name, folder, options.answers)
        if options.record:
            keep(options.record, name, result[name])
        if not options.json:
            print(text(name, result[name]), flush=True)
    return result


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--case", action="append", choices=list(RIGHT), help="all, if none is named")
    parser.add_argument("--answers", type=int, default=10, help="so many questions are shown with every answer")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--data", type=Path, help="where to keep what is made; else it is thrown away")
    parser.add_argument("--record", type=Path, metavar="FILE", help="such as docs/records/verdicts.json")
    parser.add_argument("--rows", type=int, default=0, help="learn from so many only")
    parser.add_argument("--held-out", type=int, default=0, help="test on so many only")
    options = parser.parse_args()
    if options.record and (options.rows or options.held_out):
        parser.error("a shortened case is not recorded")
    with tempfile.TemporaryDirectory() as folder:
        data = options.data.resolve() if options.data else Path(folder)
        bench = workbench.open_workbench(Settings(data=data, chat_model=EMBEDDED, embedding="auto"))
        try:
            result = run(bench, options, options.case or list(RIGHT))
        finally:
            bench.close()
    if options.json:
        print(json.dumps(result, ensure_ascii=False))
    return int(not all(found["ok"] for found in result.values()))


def _scorer(bench: workbench.Workbench, case: str) -> str:
    evaluation = evaluate.latest(bench.store, case)
    assert evaluation
    return evaluation.scorer


if __name__ == "__main__":
    sys.exit(main())
