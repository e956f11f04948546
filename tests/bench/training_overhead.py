"""What Attune's job machinery costs: training through a trainer against the same worker program run by hand.

    python -m tests.bench.training_overhead [--json] [--engine trl] [--steps 40] [--repeats 3]

Both sides train the starter model on the same rows, in turns; seconds are wall-clock from the call to the result.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tools import process
from tools.local import WORKER, LocalTrainer
from tools.trainer import JobState, TrainRequest
from tools.trl_local import TrlTrainer
from tools.unsloth_local import UnslothTrainer

ROOT = Path(__file__).resolve().parent.parent.parent
ROWS, TEST_ROWS = 120, 20
POLL_SECONDS = 0.5  # how often the app asks
TARGET = 1.05
TRAINERS: dict[str, type[LocalTrainer]] = {"trl": TrlTrainer, "unsloth": UnslothTrainer}


def request(base: Path, steps: int) -> TrainRequest:
    """The shop example's conversations and three sample prompts."""
    lines = (ROOT / "data/examples/teashop/conversations.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line)["messages"] for line in lines[: ROWS + TEST_ROWS]]
    asked = [row[:1] if row[0]["role"] == "user" else row[:2] for row in rows[:3]]
    return TrainRequest(str(base), rows[:ROWS], rows[ROWS:], max_steps=steps, samples=asked)


def attune(trainer: LocalTrainer, asked: TrainRequest) -> float:
    """Seconds from `start` until `poll` says that the run succeeded."""
    began = time.perf_counter()
    handle, seen = trainer.start(asked), 0
    while not (status := trainer.poll(handle, seen)).state.ended:
        seen += len(status.events)
        time.sleep(POLL_SECONDS)
    assert status.state is JobState.SUCCEEDED, status.reason
    return time.perf_counter() - began


def by_hand(directory: Path, asked: TrainRequest, engine: str) -> float:
    """Seconds that the worker program takes when someone runs it in a terminal."""
    directory.mkdir()
    (directory / "request.json").write_text(json.dumps({**asked.to_json(), "engine": engine}), encoding="utf-8")
    environment = process.environment(asked.base)
    began = time.perf_counter()
    with open(directory / "out.log", "wb") as log:
        command = [sys.executable, "-m", WORKER, str(directory)]
        subprocess.run(command, cwd=directory, env=environment, stdout=log, stderr=log, check=True)
    return time.perf_counter() - began


def measure(engine: str, base: Path, steps: int, repeats: int) -> dict[str, object]:
    """Medians of both sides and their ratio; the side that begins changes from turn to turn."""
    asked = request(base, steps)
    seconds: dict[str, list[float]] = {"attune": [], "by_hand": []}
    with tempfile.TemporaryDirectory() as folder:
        trainer = TRAINERS[engine](Path(folder) / "jobs")
        by_hand(Path(folder) / "warm", request(base, 1), engine)  # files into the page cache, for both
        for turn in range(repeats):
            for side in ("attune", "by_hand") if turn % 2 else ("by_hand", "attune"):
                hand = Path(folder) / f"hand-{turn}"
                took = attune(trainer, asked) if side == "attune" else by_hand(hand, asked, engine)
                seconds[side].append(round(took, 2))
    ours, plain = statistics.median(seconds["attune"]), statistics.median(seconds["by_hand"])
    return {
        "benchmark": "training_overhead",
        "engine": engine,
        "steps": steps,
        "attune_seconds": seconds["attune"],
        "by_hand_seconds": seconds["by_hand"],
        "attune_median": ours,
        "by_hand_median": plain,
        "ratio": round(ours / plain, 3),
        "target": TARGET,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    parser.add_argument("--engine", choices=sorted(TRAINERS), default="trl")
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--base", type=Path, default=ROOT / "data" / "starter")
    options = parser.parse_args()
    found = measure(options.engine, options.base, options.steps, options.repeats)
    if options.json:
        print(json.dumps(found))
        return
    print(f"{found['engine']}, {found['steps']} steps: {found['attune_median']} s through Attune, ", end="")
    print(f"{found['by_hand_median']} s by hand: {found['ratio']} times (target: at most {TARGET})")


if __name__ == "__main__":
    main()
