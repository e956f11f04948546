"""Stage 4 of 6: train on the dataset, as a durable job, to a new model."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from assistant import models
from assistant.errors import AttuneError
from assistant.jobs import launch, lifecycle, material, tool_calls
from assistant.jobs.material import Material
from assistant.record.store import Store
from assistant.record.types import Job
from assistant.settings import EMBEDDED, Settings
from assistant.stages import baseline
from assistant.workbench import Workbench
from tools.options import OPTIONS, settled
from tools.trainer import Estimate, Hosted, JobState, ToolError, TrainRequest


def blocked(store: Store, case: str) -> str | None:
    if not store.datasets(case):
        return "There is no dataset yet: build one from the approved conversations."
    return lifecycle.busy(store, case)


def done(store: Store, case: str) -> bool:
    return bool(store.made(case))


def defaults(bench: Workbench, case: str, trainer: str = "") -> dict[str, Any]:
    """Trainer, base and options used when nothing is chosen: the case file's, else the first trainer that is ready.

    `trainer`: one that was chosen already, so that the base is one that it can tune.
    """
    settings = bench.settings
    options = bench.store.case(case).options
    wanted = trainer or str(options.get("trainer", ""))
    order = [wanted, *bench.trainers] if wanted in bench.trainers else list(bench.trainers)
    # One after another: some ask a vendor.
    ready = (name for name in order if bench.trainers[name].unavailable() is None)
    trainer = trainer or next(ready, wanted or next(iter(bench.trainers)))
    base = settings.chat_model if not settings.chat_base_url else EMBEDDED
    if isinstance(found := bench.trainers.get(trainer), Hosted):
        base = next(iter(found.bases()), "")
    chosen: dict[str, Any] = {"trainer": trainer, "base": base, "seed": 3407}
    return chosen | {name: options[name] for name in OPTIONS if name in options and name != "trainer"}


def choose(bench: Workbench, case: str, asked: Mapping[str, Any]) -> dict[str, Any]:
    """What was asked for, else the usual. Raises AttuneError for an unknown option and for a value that cannot be."""
    usual = defaults(bench, case, str(asked.get("trainer") or ""))
    try:
        return settled(usual, asked)
    except ToolError as error:
        raise AttuneError(error.sentence, error.remedy) from error


def estimate(bench: Workbench, case: str, **options: Any) -> Estimate:
    """What the run would take: seconds, memory, money, as ranges with their source, and what its rows carry."""
    name, request, learned = _request(bench, case, options, exact=False)
    told = " ".join(sentence for sentence in (learned.carried.told, tool_calls.told(request)) if sentence)
    return replace(launch.trainer(bench.trainers, name).estimate(request), note=told)


def run(bench: Workbench, case: str, takes: Estimate | None = None, **options: Any) -> Job:
    """Start training. `options`: those of tools/options.py.

    `takes`: the estimate that a person agreed to; without it the trainer is asked for one.
    """
    store = bench.store
    lifecycle.refresh(bench, case)
    if reason := blocked(store, case):
        raise AttuneError(reason, "Then start again.")
    name, request, learned = _request(bench, case, options, exact=True)
    kept = {"system": learned.system, "passages": learned.carried.to_json()}
    takes, dataset = launch.estimate(bench.trainers, name, request, takes), baseline.latest_dataset(store, case)
    with lifecycle.training(store, case), store.atomic():  # of two processes that start one at once, one does
        if reason := blocked(store, case):
            raise AttuneError(reason, "Then start again.")
        job, _ = launch.record(store, bench.settings, takes, case, dataset, name, request, kept)
    return launch.launch(bench, job, request)


def _request(bench: Workbench, case: str, options: dict[str, Any], exact: bool) -> tuple[str, TrainRequest, Material]:
    store, settings = bench.store, bench.settings
    chosen = choose(bench, case, options)
    dataset = baseline.latest_dataset(store, case)
    if not dataset:
        raise AttuneError(str(blocked(store, case)), "Then start again.")
    name, seed = str(chosen.pop("trainer")), int(chosen["seed"])
    chosen |= _continued(store, settings, case, int(chosen.pop("continue_from", 0)), chosen)
    base = models.trainable(settings, str(chosen.pop("base")))
    method, passages = str(chosen.get("method", "sft")), str(chosen.pop("passages", "auto"))
    order = material.TrainingOrder(case, dataset, base, seed, method, passages, exact)
    learned = material.gather(bench, order)
    key = secrets.token_hex(16)  # of this confirmation: it pays once
    return name, TrainRequest(base, suffix=case, **learned.fields, **chosen, key=key), learned


def _continued(store: Store, settings: Settings, case: str, number: int, chosen: Mapping[str, Any]) -> dict[str, Any]:
    """Where to go on from an earlier job: at its adapter, or at its whole model where it or this one tunes in full."""
    if not number:
        return {}
    job = store.job(number)
    if job.case != case or job.state != JobState.SUCCEEDED:
        raise AttuneError(f"Job {number} has no model of this case to continue from.", "Name one that succeeded.")
    if job.adapter and chosen.get("tuning", "lora") != "full":
        return {"base": str(job.request["base_name"]), "adapter": settings.model_path(job.adapter)}
    return {"base": job.model}
