"""Where the time of an evaluation goes: answers of the engine, and everything else.

    python -m tests.bench.evaluation --data DIR [--case NAME] [--json]

DIR is a data folder with a trained case (`ATTUNE_DATA` of a journey). It is measured anew, as a user would measure it.
"""

from __future__ import annotations

import argparse
import json
import re
import time
from pathlib import Path

from assistant.settings import Settings
from assistant.stages import evaluate
from assistant.workbench import open_workbench

_ANSWER = re.compile(r": \d+ of \d+ answers|^Loading the model")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--case", default="")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    bench = open_workbench(Settings.model_validate({"data": args.data}))
    case = args.case or bench.store.cases()[0].id
    said: list[tuple[float, str]] = []
    began = time.monotonic()
    found = evaluate.run(bench, case, report=lambda text, _: said.append((time.monotonic(), text)))
    whole = time.monotonic() - began
    answering = [at for at, text in said if _ANSWER.search(text)]
    engine = max(answering) - min(answering)
    scores = bench.store.scores(found.id)
    report = {
        "variants": len(found.variants),
        "answers": len(scores),
        "seconds": round(whole, 1),
        "engine_seconds": round(engine, 1),
        "engine_share": round(engine / whole, 3),
        "verdict": found.verdict["decision"],
        "reason": found.verdict["reason"],
    }
    bench.close()
    print(json.dumps(report) if args.json else "\n".join(f"{name}: {value}" for name, value in report.items()))


if __name__ == "__main__":
    main()
