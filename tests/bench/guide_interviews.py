"""The scripted interviews with the guide, built-in or any OpenAI-compatible model: how much of each brief is right.

python -m tests.bench.guide_interviews [--half dev|heldout|all] [--json] [--show] [--only NUMBER]
python -m tests.bench.guide_interviews --model NAME --base-url URL      # key: ATTUNE_GUIDE_API_KEY
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
import tempfile
from pathlib import Path

from assistant.settings import Settings
from assistant.workbench import open_workbench
from tests.assistant.guide import interviewing


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--half", choices=[*interviewing.HALVES, "all"], default="all")
    parser.add_argument("--model", default="", help="a model behind the guide; without it the built-in guide is asked")
    parser.add_argument("--base-url", default="", help="its OpenAI-compatible server")
    parser.add_argument("--only", type=int, help="one interview, by its number")
    parser.add_argument("--show", action="store_true", help="print what was said where something went wrong")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    logging.disable(logging.WARNING)
    halves = interviewing.HALVES if options.half == "all" else (options.half,)
    result = {}
    for half in halves:
        scripts = [s for s in interviewing.scripts(half) if options.only in (None, s.number)]
        outcomes = run(scripts, options.model, options.base_url)
        result[half] = interviewing.totals(outcomes)
        if not options.json:
            report(outcomes, options.show)
            print(f"{half}: {result[half]}")
    if options.json:
        print(json.dumps({"model": options.model or "built-in", **result}))
    return 0


def run(scripts: list[interviewing.Script], model: str = "", base_url: str = "") -> list[interviewing.Outcome]:
    """Hold the interviews, each with a case of its own in a new data folder."""
    with tempfile.TemporaryDirectory() as folder:
        bench = open_workbench(Settings(data=Path(folder), guide_model=model, guide_base_url=base_url))
        try:
            return [interviewing.hold(bench, script) for script in scripts]
        finally:
            bench.close()


def report(outcomes: list[interviewing.Outcome], show: bool) -> None:
    """What went wrong, one line a field."""
    for outcome in outcomes:
        faults = [f"{name}: {text!r}, expected {outcome.script.expect[name]}" for name, text in outcome.wrong.items()]
        faults += [f"asked twice: {name}" for name in outcome.repeated]
        faults += [f"flag not raised: {name}" for name in outcome.unflagged]
        faults += [] if outcome.complete else ["the brief is not complete"]
        if faults:
            print(f"{outcome.script.number} {outcome.script.name}\n  " + "\n  ".join(faults))
            if show:
                print("\n".join(f"    {line}" for line in outcome.talk))


if __name__ == "__main__":
    sys.exit(main())
