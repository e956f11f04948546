"""Fine-tune with AutoTrain: `autotrain_run DIRECTORY`. Its environment, its run, and our measuring.

`request.json` is a TrainRequest with two more fields: `environment`, the folder of AutoTrain's environment, and
`python`, the interpreter to make it with. AutoTrain is believed in nothing: it ends with 0 when its trainer crashed,
so the adapter's files are looked at, and it drops the validation split, so the eval loss is computed here.
"""

from __future__ import annotations

import math
import os
import sys
import time
from pathlib import Path
from typing import Any

from tools import jobdir, process
from tools.autotrain import input_files as files
from tools.autotrain.environment import Environment
from tools.children import Child
from tools.local import recipe
from tools.trainer import ToolError, TrainRequest
from tools.workers.compute.merge import served
from tools.workers.elsewhere.autotrain_log import Log
from tools.workers.job import JobFolder, ended, options

LOGGED = 400  # step events a run, at most


def main(argv: list[str] | None = None) -> int:
    """Run the job to its end and write its result; the exit status is 0 when it succeeded."""
    given = options(__doc__, argv)
    job = JobFolder(given.directory, given.lock)
    return ended(job, lambda: _run(job))


def _run(job: JobFolder) -> None:
    began = time.monotonic()
    values = jobdir.read_request(job.directory)
    environment = Environment(Path(values.pop("environment")), values.pop("python", None))
    request = TrainRequest.from_json(values)
    os.chdir(job.directory)
    if not environment.ready:
        job.stage("environment", "AutoTrain's own, about 2 GB: minutes, once")
        environment.make(process.environment(), lambda said: job.stage("environment", said))
    job.stage("loading", f"{Path(request.base).name} with autotrain")
    from tools.workers.compute import measure
    from tools.workers.training import bases, outcome

    base = bases.ready(request.base, job)
    own = measure.Measure(job, request, base)
    chosen, texts = _prepare(job, request, base, own)
    before = own.test(None)
    log = train(job, environment, chosen["steps"], chosen["logging_steps"])
    adapter = left_adapter(job, log)
    job.stage("measuring", "the eval loss that AutoTrain leaves out")
    after = own.test(adapter)
    if after:
        job.event("eval", step=log.step, **after)
    own.probe(adapter)
    job.stage("merging", "adapter into the base model")
    merged = own.merge(adapter)
    job.stage("converting", "into the file that is served")
    unserved = served(merged, base)
    metrics = {
        "final_loss": log.final_loss,
        "eval_loss": after.get("eval_loss"),
        "eval_loss_before": before.get("eval_loss"),
        "steps": log.step,
        "seconds": round(time.monotonic() - began, 2),
        "engine": "autotrain",
        "rows": len(texts),
        "parameters": own.parameters,
        **vars(own.recipe),
    }
    metrics |= outcome.origin(job.directory, {"model": merged.name, "adapter": adapter.name}, base, "autotrain")
    job.finish("succeeded", unserved, model=merged.name, adapter=adapter.name, metrics=metrics)


def _prepare(job: JobFolder, request: TrainRequest, base: Path, own: Any) -> tuple[dict[str, Any], list[str]]:
    """Write the base, the rows and the configuration; returns what was chosen and the rows' texts."""
    texts, longest, mean = own.texts()
    batch = max(1, round(own.recipe.batch_size * mean / longest))  # AutoTrain packs rows into blocks of the longest
    steps = recipe.steps(request, own.recipe, own.counts["rows"])
    each = max(1, math.ceil(steps / LOGGED))
    chosen = {
        "block_size": longest,
        "batch_size": batch,
        "lr": own.recipe.learning_rate,
        "seed": request.seed,
        "rank": own.recipe.lora_rank,
        "steps": steps,
        "logging_steps": each,
    }
    job.event("data", **own.counts, max_length=longest)
    files.old_base(base, job.directory / "base")
    files.write_rows(texts, job.directory)
    note = (
        f"Made by Attune for AutoTrain. Every pass over the rows is written out in {files.ROWS}, so epochs is 1.\n"
        "AutoTrain learns whole conversations, questions included, and packs them into blocks."
    )
    text = files.config(str(job.directory / "base"), chosen, note)
    (job.directory / files.CONFIG).write_text(text, encoding="utf-8")
    job.event("config", name=files.CONFIG, text=text)
    return chosen, texts


def train(job: JobFolder, environment: Environment, steps: int, each: int) -> Log:
    job.stage("training", f"about {steps} steps")
    variables = environment.variables(process.environment()) | {"HF_HOME": str(job.directory / "hf")}
    log = Log(job, steps, each)
    child = Child([str(environment.bin / "autotrain"), "--config", files.CONFIG], job.directory, variables)
    for line in child:
        print(line, flush=True)
        log.read(line)
    if child.code:
        raise ToolError(f"AutoTrain ended with exit code {child.code}. {log.error or log.last}", "See worker.log.")
    return log


def left_adapter(job: JobFolder, log: Log) -> Path:
    """The adapter that AutoTrain left, moved to where a job keeps it. Its exit code said nothing about it."""
    made = job.directory / files.PROJECT
    if log.error or not (made / "adapter_model.safetensors").is_file():
        why = log.error or log.last or "it left no adapter"
        raise ToolError(
            f"AutoTrain's trainer crashed, though it ended as if all were well: {why[:300]}", "See worker.log."
        )
    adapter = job.directory / "adapter"
    adapter.mkdir(exist_ok=True)
    for name in ("adapter_model.safetensors", "adapter_config.json"):
        os.replace(made / name, adapter / name)
    return adapter


if __name__ == "__main__":
    sys.exit(main())
