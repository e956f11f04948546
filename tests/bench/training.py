"""What our training takes beside a bare loop of peft: same rows, epochs, rate, bf16, to the same held-out loss.

    python -m tests.bench.training [--json] [--rows 64] [--epochs 1] [--others STEPS] [--base DIR]

Ours is a whole run as the app starts it: sample answers, evaluations, checkpoints, probes, merging, the file that is
served. The bare loop trains and merges. Seconds are of the whole program; CPU seconds hardly change when others use the
machine. With --others plain TRL with its defaults and Unsloth with its notebooks' settings take so many steps, too.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tools import jobdir, process
from tools.local.local_trainer import LocalTrainer
from tools.local.trl_trainer import TrlTrainer
from tools.local.unsloth_trainer import UnslothTrainer
from tools.trainer import JobState, TrainRequest

ROOT = Path(__file__).resolve().parent.parent.parent
SHOP = ROOT / "data/examples/teashop/conversations.jsonl"
HELD = 8  # every so many-th row is held back for the loss
TARGET = 1.05
POLL_SECONDS = 0.5  # how often the app asks
TRAINERS: dict[str, type[LocalTrainer]] = {"trl": TrlTrainer, "unsloth": UnslothTrainer}
LOSS = """
import json, sys, torch
from pathlib import Path
from transformers import AutoModelForCausalLM, AutoTokenizer
from tools.workers.training import token_rows
tokenizer = AutoTokenizer.from_pretrained(sys.argv[1])
model = AutoModelForCausalLM.from_pretrained(sys.argv[1], dtype=torch.float32).eval()
asked = [json.loads(line)["messages"] for line in Path(sys.argv[2]).read_text().splitlines()]
total = count = 0
with torch.inference_mode():
    for row in token_rows.build(tokenizer, asked, 8192, frozenset([tokenizer.eos_token_id])).rows:
        ids, labels = torch.tensor([row["input_ids"]]), torch.tensor(row["labels"])[1:]
        there = labels != -100
        logits = model(input_ids=ids).logits[0, :-1][there]
        total += float(torch.nn.functional.cross_entropy(logits, labels[there], reduction="sum"))
        count += int(there.sum())
print(total / count)
"""


def split(count: int) -> tuple[list[Any], list[Any]]:
    """Rows to learn and rows for the loss, of the part of the example that is trained on."""
    rows = [json.loads(line)["messages"] for line in SHOP.read_text(encoding="utf-8").splitlines()]
    learned = [row for place, row in enumerate(rows) if place % HELD][: count or None]
    return learned, rows[::HELD]


def timed(work: Callable[[], Path], held: Path) -> dict[str, Any]:
    """What a side took, and the held-out loss of the model that it left."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    model = work()
    seconds, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    said = subprocess.run(
        [sys.executable, "-c", LOSS, str(model), str(held)],
        env=process.environment(str(model)),
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return {"seconds": round(seconds, 1), "cpu_seconds": round(cpu, 1), "held_out_loss": round(float(said), 4)}


def ours(trainer: LocalTrainer, asked: TrainRequest, told: dict[str, Any]) -> Path:
    """A run through a trainer; `told` gets the job's own figures."""
    handle, seen = trainer.start(asked), 0
    while not (status := trainer.poll(handle, seen)).state.ended:
        seen += len(status.events)
        time.sleep(POLL_SECONDS)
    assert status.state is JobState.SUCCEEDED, status.reason
    told |= {name: status.metrics[name] for name in ("train_seconds", "tokens_per_second", "steps", "eval_loss")}
    told |= shares([json.loads(line) for line in (Path(handle) / "events.jsonl").read_text().splitlines()])
    while jobdir.alive(Path(handle)):  # it has written its result, and its time counts once it is gone
        time.sleep(0.1)
    time.sleep(0.5)
    return Path(status.model)


def shares(events: list[dict[str, Any]]) -> dict[str, Any]:
    """Seconds of each stage."""
    stages = [(event["name"], event["time"]) for event in events if event["type"] == "stage"]
    ends = [*(at for _, at in stages[1:]), events[-1]["time"]]
    return {"stages": {name: round(end - at, 1) for (name, at), end in zip(stages, ends, strict=True)}}


def program(kind: str, base: Path, rows: Path, out: Path, *numbers: float) -> Path:
    """A side in a program of its own."""
    command = [sys.executable, "-m", "tests.bench.bare_lora", kind, str(base), str(rows), str(out), *map(str, numbers)]
    with open(f"{out}.log", "wb") as log:
        subprocess.run(command, cwd=out.parent, env=process.environment(str(base)), stdout=log, stderr=log, check=True)
    return out


def run(base: Path, engine: str, count: int, epochs: float, rate: float, others: int) -> dict[str, Any]:
    """Every side, one after another."""
    learned, held = split(count)
    questions = [row[: 1 + next(i for i, m in enumerate(row) if m["role"] == "user")] for row in held]
    result: dict[str, Any] = {
        "benchmark": "training",
        "base": base.name,
        "rows": len(learned),
        "epochs": epochs,
        "learning_rate": rate,
        "cores": os.cpu_count(),
        "sides": {},
    }
    sides, told = result["sides"], {"engine": engine}
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        train, test = place / "train.jsonl", place / "held.jsonl"
        for path, rows in ((train, learned), (test, held)):
            path.write_text("\n".join(json.dumps({"messages": row}) for row in rows), encoding="utf-8")
        asked = TrainRequest(
            str(base),
            learned,
            held,
            epochs=epochs,
            learning_rate=rate,
            lora_rank=16,
            samples=questions[:3],
            probes=questions[:8],
        )
        trainer = TRAINERS[engine](place / "jobs")
        forecast = trainer.estimate(asked).seconds
        sides["peft"] = timed(lambda: program("peft", base, train, place / "bare", epochs, rate, 16, 0), test)
        sides["attune"] = timed(lambda: ours(trainer, asked, told), test) | told
        sides["attune"] |= {"forecast_seconds": [forecast.low, forecast.high]}
        for kind in ("trl", "unsloth") if others else ():
            sides[kind] = timed(lambda k=kind: program(k, base, train, place / k, epochs, 0, 0, others), test)
            sides[kind] |= {"steps": others}
    ratio = {name: round(sides["attune"][name] / sides["peft"][name], 3) for name in ("seconds", "cpu_seconds")}
    return result | {"ratio": ratio, "target": TARGET, "load": round(os.getloadavg()[0], 2)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    parser.add_argument("--base", type=Path, required=True, help="the folder of the model that is tuned")
    parser.add_argument("--engine", choices=sorted(TRAINERS), default="trl")
    parser.add_argument("--rows", type=int, default=0, help="so many of the example's; 0 = all that are not held back")
    parser.add_argument("--epochs", type=float, default=3.0)
    parser.add_argument("--learning-rate", type=float, default=1e-3)
    parser.add_argument("--others", type=int, default=0, metavar="STEPS")
    options = parser.parse_args()
    found = run(
        options.base.resolve(), options.engine, options.rows, options.epochs, options.learning_rate, options.others
    )
    if options.json:
        print(json.dumps(found))
        return
    for name, side in found["sides"].items():
        steps = f", {side['steps']} steps" if "steps" in side else ""
        print(f"{name:8} {side['seconds']:7} s, {side['cpu_seconds']:7} CPU s, loss {side['held_out_loss']}{steps}")
    print(f"ratio {found['ratio']} (target: at most {TARGET}), load {found['load']}")


if __name__ == "__main__":
    main()
