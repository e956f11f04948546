"""LoRA on the starter: Unsloth as Attune runs it against plain TRL with its defaults, and variants of the first.

    python -m tests.bench.engines [--json] [--steps 40] [--repeats 3] [--sides unsloth,trl-defaults,...]

Every side trains the same model on the same rows for as many steps, in a process of its own; seconds are of training
alone, without imports and loading. Sides take turns, the first changes; medians count. The machine may be shared:
compare ratios of one run, never seconds of two. `cpu_seconds`, of one thread, are hardly touched by who else computes.
A side is comparable where its held-out loss is within 2 %.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tools import process
from tools.forecast import memory, tokens

ROOT = Path(__file__).resolve().parent.parent.parent
BASE = ROOT / "data" / "starter"
ROWS, TEST_ROWS, BATCH, RATE, RANK = 120, 24, 8, 2e-3, 16
TARGET, SAME = 1.8, 0.02
# engine, and what differs from the way Attune trains (rows grouped by length, padded to the longest of a batch)
SIDES: dict[str, tuple[str, dict[str, Any]]] = {
    "unsloth": ("unsloth", {}),
    "trl": ("trl", {}),
    "trl-defaults": ("trl", {"defaults": True}),
    "unsloth-shuffled": ("unsloth", {"train_sampling_strategy": "random"}),
    "unsloth-packed": ("unsloth", {"packing": True}),
    "unsloth-2-threads": ("unsloth", {"threads": 2}),
    "unsloth-compiled": ("unsloth", {"torch_compile": True}),
}


def conversations() -> list[list[dict[str, str]]]:
    lines = (ROOT / "data/examples/teashop/conversations.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["messages"] for line in lines[: ROWS + TEST_ROWS]]


def one(side: str, steps: int) -> dict[str, Any]:
    """Train one side here, in this process: seconds, held-out loss, peak memory in GB."""
    engine, options = SIDES[side]
    options = dict(options)
    from tools.workers import engines, memory, rows
    from tools.workers.engines import Wanted

    engines.warm(engine, True)
    engines.limit_threads(options.pop("threads", 1))
    from datasets import Dataset
    from transformers import DataCollatorForSeq2Seq
    from trl import SFTConfig, SFTTrainer

    from tools.recipe import Recipe

    loaded = engines.load(engine, Wanted(str(BASE), "lora", "", 2048, 1), Recipe(1, RATE, BATCH, RANK, RANK))
    defaults, packing = options.pop("defaults", False), options.pop("packing", False)
    stops = frozenset([loaded.tokenizer.eos_token_id])
    said = conversations()
    built = rows.build(loaded.tokenizer, said[:ROWS], 2048, stops).rows
    test = rows.build(loaded.tokenizer, said[ROWS:], 2048, stops).rows
    shared: dict[str, Any] = {
        "output_dir": tempfile.mkdtemp(), "max_steps": steps, "per_device_train_batch_size": BATCH, "seed": 1,
        "learning_rate": RATE, "use_cpu": True, "bf16": False, "report_to": "none", "save_strategy": "no",
        "disable_tqdm": True, "dataloader_pin_memory": False, "prediction_loss_only": True,
    }  # fmt: skip
    ours = {
        "train_sampling_strategy": "group_by_length", "gradient_checkpointing": False, "remove_unused_columns": False,
        "loss_type": "nll" if engine == "unsloth" else "chunked_nll", "dataset_kwargs": {"skip_prepare_dataset": True},
    } | options  # fmt: skip
    collator = DataCollatorForSeq2Seq(loaded.tokenizer, label_pad_token_id=rows.IGNORED)
    if packing:
        built, collator = _packed(built), _one_row
        ours |= {"per_device_train_batch_size": 1, "train_sampling_strategy": "random"}
        shared["per_device_eval_batch_size"] = 1
    if defaults:
        ours = {"loss_type": "chunked_nll", "dataset_kwargs": {"skip_prepare_dataset": True}}
    trainer = SFTTrainer(
        model=loaded.model, args=SFTConfig(**shared | ours), train_dataset=Dataset.from_list(built),
        eval_dataset=Dataset.from_list(test), processing_class=loaded.tokenizer, data_collator=collator,
    )  # fmt: skip
    began, worked = time.perf_counter(), time.process_time()
    trainer.train()
    seconds, worked = time.perf_counter() - began, time.process_time() - worked
    loss = round(trainer.evaluate()["eval_loss"], 4)
    return {"seconds": round(seconds, 2), "cpu_seconds": round(worked, 2), "loss": loss, "gb": memory.peak_gb()}


def _packed(built: list[dict[str, list[int]]]) -> list[dict[str, list[int]]]:
    """Rows of a step one behind the other, without padding; positions begin anew, so that none sees another."""
    found = []
    for start in range(0, len(built) - BATCH + 1, BATCH):
        group = built[start : start + BATCH]
        found.append({
            "input_ids": [i for row in group for i in row["input_ids"]],
            "labels": [i for row in group for i in [-100, *row["labels"][1:]]],
            "position_ids": [i for row in group for i in range(len(row["input_ids"]))],
        })  # fmt: skip
    return found


def _one_row(batch: list[dict[str, Any]]) -> dict[str, Any]:
    import torch

    names = ("input_ids", "labels", "position_ids")
    return {name: torch.tensor([row[name] for row in batch]) for name in names if name in batch[0]}


def apart(side: str, steps: int) -> dict[str, Any]:
    """The same in a process of its own."""
    command = [sys.executable, "-m", "tests.bench.engines", "--one", side, "--steps", str(steps)]
    with tempfile.TemporaryDirectory() as folder:
        environment = process.environment(str(BASE)) | {"OMP_WAIT_POLICY": "PASSIVE"}
        environment["PYTHONPATH"] = os.pathsep.join([str(ROOT), environment["PYTHONPATH"]])
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    if done.returncode:
        return {"failed": (done.stderr.strip().splitlines() or ["?"])[-1][:200]}
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def measure(sides: list[str], steps: int, repeats: int) -> dict[str, Any]:
    """Medians of every side, and how many times as fast as plain TRL with its defaults it is."""
    runs: dict[str, list[dict[str, Any]]] = {side: [] for side in sides}
    for turn in range(repeats):
        for side in sides if turn % 2 == 0 else sides[::-1]:
            runs[side].append(apart(side, steps))
            print(side, runs[side][-1], file=sys.stderr, flush=True)
    found: dict[str, Any] = {}
    for side, results in runs.items():
        good = [result for result in results if "failed" not in result]
        if not good:
            found[side] = results[0]
            continue
        found[side] = {name: statistics.median(result[name] for result in good) for name in good[0]}
    plain = found.get("trl-defaults", {})
    for values in found.values():
        if "seconds" in values and "seconds" in plain:
            values["times_as_fast"] = round(plain["seconds"] / values["seconds"], 2)
            values["times_less_work"] = round(plain["cpu_seconds"] / values["cpu_seconds"], 2)
            values["same_loss"] = abs(values["loss"] / plain["loss"] - 1) <= SAME
    return {"benchmark": "engines", "steps": steps, "repeats": repeats, "target": TARGET, "sides": found,
            "forecast_gb": _forecast()}  # fmt: skip


def _forecast() -> list[float]:
    from tools import basemodel
    from tools.trainer import TrainRequest

    said = conversations()
    at_once = BATCH * max(map(tokens, said))
    range_ = memory(at_once, basemodel.parameters(BASE), basemodel.vocabulary(BASE), TrainRequest(str(BASE), said))
    return [range_.low, range_.high]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--sides", default="unsloth,trl-defaults")
    parser.add_argument("--one", choices=SIDES, help="train this side here and print its figures")
    options = parser.parse_args()
    if options.one:
        print(json.dumps(one(options.one, options.steps)))
        return
    found = measure(options.sides.split(","), options.steps, options.repeats)
    if options.json:
        print(json.dumps(found))
        return
    for side, values in found["sides"].items():
        print(f"{side:20} {values}")
    print(f"Peak memory forecast: {found['forecast_gb'][0]} to {found['forecast_gb'][1]} GB.")


if __name__ == "__main__":
    main()
