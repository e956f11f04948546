"""Time until the built-in guide's reply starts: one whole interview, every turn timed, after `Guide.warm()`.

    python -m tests.bench.guide_reply [--json] [--rounds 3]

A reply of the built-in guide comes whole, so it starts when `say` returns.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from assistant.guide.agent import Guide
from assistant.settings import Settings
from assistant.stages import interview
from assistant.workbench import open_workbench

TURNS = (
    "we run a bike shop, customers mail us in german and english, answers should be short and friendly and never "
    "promise delivery dates, roughly 800 mails a month, nothing may leave our machine",
    "answer those mails, right now every colleague writes in his own style",
    "why?",
    "say hello by name",
    "if we have to correct less than one in ten",
    "what is LoRA?",
    "nothing so far",
    "status",
    "no wait, the tone should be calm",
    "I have none to hand",
    "skip",
    "summary",
    "also never use emojis",
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--rounds", type=int, default=3, help="interviews to hold")
    options = parser.parse_args()
    logging.disable(logging.WARNING)
    with tempfile.TemporaryDirectory() as folder:
        result = measure(Path(folder), options.rounds)
    if options.json:
        print(json.dumps(result))
    else:
        print(
            f"{result['turns']} turns: median {result['median_ms']} ms, 95th percentile {result['p95_ms']} ms "
            f"({result['cores']} cores, load {result['load']})"
        )
    return 0


def measure(folder: Path, rounds: int) -> dict[str, Any]:
    """Milliseconds a turn. `cpu_median_ms` is processor time of this process: other programs do not lengthen it."""
    bench = open_workbench(Settings(data=folder, guide_model=""))
    guide = Guide(bench)
    guide.warm()
    times: list[tuple[float, float]] = []
    try:
        for number in range(rounds):
            case = interview.new(bench.store, f"Bench {number}").id
            guide.opening(case)
            for text in TURNS:
                wall, cpu = time.perf_counter(), time.process_time()
                guide.say(case, text)
                times.append(((time.perf_counter() - wall) * 1000, (time.process_time() - cpu) * 1000))
    finally:
        bench.close()
    walls = sorted(wall for wall, _ in times)
    return {
        "turns": len(times),
        "median_ms": round(statistics.median(walls), 1),
        "p95_ms": round(walls[int(len(walls) * 0.95)], 1),
        "first_ms": round(times[0][0], 1),
        "cpu_median_ms": round(statistics.median(cpu for _, cpu in times), 1),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
    }


if __name__ == "__main__":
    sys.exit(main())
