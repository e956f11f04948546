"""Stage 4 of 6: train on the dataset, as a durable job, to a new model."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from assistant import endpoints, models
from assistant.conversations.with_passages import Carried
from assistant.errors import AttuneError
from assistant.knowledge.prompt import composition
from assistant.knowledge.search.retriever import Knowledge
from assistant.record import spending
from assistant.record.connection import now
from assistant.record.store import Store
from assistant.record.types import Job, Variant
from assistant.settings import EMBEDDED, Settings
from assistant.stages import baseline, launch, material
from assistant.stages.launch import Trainers
from tools.trainer import Estimate, Hosted, JobState, JobStatus, TrainRequest

NO_NEWS = 10**9  # of a job's events those behind this one: none
STARTING = "It is being started."
OPTIONS = (
    "base",
    "epochs",
    "max_steps",
    "learning_rate",
    "batch_size",
    "lora_rank",
    "seed",
    "method",
    "tuning",
    "continue_from",
    "patience",
    "processes",
    "beta",
    "passages",
)


def blocked(store: Store, case: str) -> str | None:
    if not store.datasets(case):
        return "There is no dataset yet: build one from the approved conversations."
    running = [job for job in store.jobs(case) if not JobState(job.state).ended]
    if running and running[-1].state == JobState.PAUSED:
        return f"Job {running[-1].id} is paused: resume it or cancel it."
    doing = "waits for its turn" if running and running[-1].waits else "is still running"
    return f"Job {running[-1].id} {doing}: wait for it or cancel it." if running else None


def done(store: Store, case: str) -> bool:
    return any(job.state == JobState.SUCCEEDED for job in store.jobs(case))


def defaults(store: Store, settings: Settings, trainers: Trainers, case: str, trainer: str = "") -> dict[str, Any]:
    """Trainer, base and options used when nothing is chosen: the case file's, else the first trainer that is ready.

    `trainer`: one that was chosen already, so that the base is one that it can tune.
    """
    options = store.case(case).options
    wanted = trainer or str(options.get("trainer", ""))
    order = [wanted, *trainers] if wanted in trainers else list(trainers)
    ready = (name for name in order if trainers[name].unavailable() is None)  # one after another: some ask a vendor
    trainer = trainer or next(ready, wanted or next(iter(trainers)))
    base = settings.chat_model if not settings.chat_base_url else EMBEDDED
    if isinstance(found := trainers.get(trainer), Hosted):
        base = next(iter(found.bases()), "")
    chosen: dict[str, Any] = {"trainer": trainer, "base": base, "seed": 3407}
    return chosen | {name: options[name] for name in OPTIONS if name in options}


def estimate(
    store: Store, settings: Settings, trainers: Trainers, case: str, knowledge: Knowledge | None = None, **options: Any
) -> Estimate:
    """What the run would take: seconds, memory, money, as ranges with their source, and what its rows carry."""
    name, request, carried = _request(store, settings, trainers, case, options, knowledge, exact=False)
    return replace(launch.trainer(trainers, name).estimate(request), note=carried.told)


def run(
    store: Store,
    settings: Settings,
    trainers: Trainers,
    case: str,
    knowledge: Knowledge | None = None,
    takes: Estimate | None = None,
    **options: Any,
) -> Job:
    """Start training. `options`: trainer and those of OPTIONS. Without `knowledge` one is opened for the passages.

    `takes`: the estimate that a person agreed to; without it the trainer is asked for one.
    """
    refresh(store, settings, trainers, case)
    if reason := blocked(store, case):
        raise AttuneError(reason, "Then start again.")
    name, request, carried = _request(store, settings, trainers, case, options, knowledge, exact=True)
    kept = {"system": composition.short_instruction(store.case(case)), "passages": carried.to_json()}
    return begin(store, settings, trainers, case, baseline.latest_dataset(store, case), name, request, kept, takes)


def begin(
    store: Store,
    settings: Settings,
    trainers: Trainers,
    case: str,
    dataset: str,
    name: str,
    request: TrainRequest,
    kept: Mapping[str, Any],
    takes: Estimate | None = None,
) -> Job:
    """Start exactly this request as a job of the case; `kept` is noted: "system" of its variants, "passages" in rows.

    A key starts one job, however often it is asked for: the one that there is already is returned.
    """
    takes = launch.estimate(trainers, name, request, takes)
    job, new = launch.record(store, settings, takes, case, dataset, name, request, kept)
    return launch.launch(store, settings, trainers, job, request) if new else job


def refresh(store: Store, settings: Settings, trainers: Trainers, case: str | None = None) -> list[Job]:
    """Ask about every job that has not ended and record what is true. Calling it often is harmless."""
    for job in store.jobs(case):
        if not JobState(job.state).ended or job.metrics.get("ending"):
            follow(store, settings, trainers, job.id)
    return store.jobs(case)


def follow(store: Store, settings: Settings, trainers: Trainers, job_id: int, after: int = 0) -> JobStatus:
    """The job's true state, recorded; `events` from index `after` on."""
    job = store.job(job_id)
    if not job.handle and not launch.found(store, settings, trainers, job):
        job = store.job(job_id)
        return JobStatus(JobState(job.state), job.reason or ("It waits for its turn." if job.waits else STARTING))
    job = store.job(job_id)
    status = launch.trainer(trainers, job.trainer).poll(_handle(settings, job), after)
    if not JobState(job.state).ended or job.metrics.get("ending"):
        _record(store, settings, job, status)
    job = store.job(job_id)
    return status if job.state != JobState.CANCELLED else replace(status, state=JobState.CANCELLED, reason=job.reason)


def cancel(store: Store, settings: Settings, trainers: Trainers, job_id: int) -> Job:
    """End the job: from now on it is cancelled, whatever its worker still has to do. Its last checkpoint is kept.

    Harmless when it has ended. One of which nobody knows whether it runs stays what it is.
    """
    job = store.job(job_id)
    if JobState(job.state).ended:
        return job
    if not job.handle and launch.found(store, settings, trainers, job):
        job = store.job(job_id)
    if job.handle:
        launch.trainer(trainers, job.trainer).cancel(_handle(settings, job))
        follow(store, settings, trainers, job_id)  # it may have ended before it was asked to
    with store.atomic():
        job = store.job(job_id)
        if JobState(job.state).ended or (job.state == JobState.UNKNOWN and not job.handle):
            return job
        ending = {"ending": True} if job.handle else {}
        store.set_job(job_id, state=JobState.CANCELLED, reason="", ended=now(), metrics=job.metrics | ending)
    return store.job(job_id)


def pause(store: Store, settings: Settings, trainers: Trainers, job_id: int) -> Job:
    """Stop the job for now, to `resume` later. Raises ToolError where its trainer or its state does not allow it."""
    follow(store, settings, trainers, job_id)
    job = store.job(job_id)
    if JobState(job.state).ended or not job.handle:
        raise AttuneError(f"Job {job_id} is {job.state}: it cannot be paused.", "Only a job that runs can be paused.")
    launch.trainer(trainers, job.trainer).pause(_handle(settings, job))
    follow(store, settings, trainers, job_id)
    return store.job(job_id)


def resume(store: Store, settings: Settings, trainers: Trainers, job_id: int) -> Job:
    """Go on from the last checkpoint of a job that was paused, failed or was cancelled."""
    job = store.job(job_id)
    follow(store, settings, trainers, job_id)
    if store.job(job_id).state == JobState.SUCCEEDED:
        raise AttuneError(f"Job {job_id} has succeeded.", "There is nothing to resume; evaluate its model.")
    if not job.handle:
        raise AttuneError(f"Job {job_id} never began, so it has no checkpoint.", "Start a new run.")
    with spending.resuming(store, settings, job_id):
        launch.trainer(trainers, job.trainer).resume(_handle(settings, job))
    metrics = store.job(job_id).metrics | {"ending": False}
    store.set_job(job_id, state=JobState.RUNNING, reason="", ended="", metrics=metrics)
    return store.job(job_id)


def variants(store: Store, settings: Settings, job: Job) -> dict[str, Variant]:
    """The tuned variants of a job that succeeded, recorded."""
    local = Path(settings.model_path(job.model)).is_dir()
    endpoint = "local" if local else job.trainer if job.trainer in endpoints.HOSTED else "chat"
    system, longest = str(job.request["system"]), settings.longest_answer
    made = {
        name: Variant(job.case, name, endpoint, job.model, system, 0, passages, "", job.id, max_tokens=longest)
        for name, passages in ((material.TUNED, 0), (material.READER, baseline.PASSAGES))
        if not passages or store.documents(job.case)
    }
    return {name: store.add_variant(baseline.identified(variant)) for name, variant in made.items()}


def candidate(store: Store, job: Job) -> str:
    """The variant of a job that is judged, told by how it was tuned alone: with passages where its rows carried some.

    So it is named before anything is measured: choosing the better of the two afterwards would flatter.
    """
    reads = job.request.get("passages", {}).get("rows") and store.documents(job.case)
    return material.READER if reads else material.TUNED


def checkpoint_variants(store: Store, settings: Settings, job: Job) -> list[Variant]:
    """The models of earlier steps that a vendor kept, as candidates `tuned@STEP`, recorded but not measured.

    A local checkpoint is no model that could answer: it is there to go on from.
    """
    tuned = variants(store, settings, job)[candidate(store, job)]
    if tuned.endpoint not in endpoints.HOSTED:
        return []
    return [
        store.add_variant(baseline.identified(replace(tuned, name=f"tuned@{kept['step']}", model=str(kept["model"]))))
        for kept in job.metrics.get("checkpoints", [])
        if kept["model"] != job.model
    ]


def _request(
    store: Store,
    settings: Settings,
    trainers: Trainers,
    case: str,
    options: dict[str, Any],
    knowledge: Knowledge | None,
    exact: bool,
) -> tuple[str, TrainRequest, Carried]:
    unknown = sorted(set(options) - {*OPTIONS, "trainer"})
    if unknown:
        raise AttuneError(f"Training has no option '{unknown[0]}'.", f"It has {', '.join(OPTIONS)}.")
    usual = defaults(store, settings, trainers, case, str(options.get("trainer") or ""))
    chosen = usual | {k: v for k, v in options.items() if v}
    dataset = baseline.latest_dataset(store, case)
    if not dataset:
        raise AttuneError(str(blocked(store, case)), "Then start again.")
    name, seed = str(chosen.pop("trainer")), int(chosen["seed"])
    chosen |= _continued(store, settings, case, int(chosen.pop("continue_from", 0)), chosen)
    base = models.trainable(settings, str(chosen.pop("base")))
    method, passages = str(chosen.get("method", "sft")), str(chosen.pop("passages", "auto"))
    order = material.TrainingOrder(case, dataset, base, seed, method, passages, exact)
    found, carried = material.gather(store, settings, order, knowledge)
    key = secrets.token_hex(16)  # of this confirmation: it pays once
    return name, TrainRequest(base, suffix=case, **found, **chosen, key=key), carried


def _continued(store: Store, settings: Settings, case: str, number: int, chosen: Mapping[str, Any]) -> dict[str, Any]:
    """Where to go on from an earlier job: at its adapter, or at its whole model where it or this one tunes in full."""
    if not number:
        return {}
    job = store.job(number)
    if job.case != case or job.state != JobState.SUCCEEDED:
        raise AttuneError(f"Job {number} left no model of this case to go on from.", "Name one that succeeded.")
    if job.adapter and chosen.get("tuning", "lora") != "full":
        return {"base": str(job.request["base_name"]), "adapter": settings.model_path(job.adapter)}
    return {"base": job.model}


def _record(store: Store, settings: Settings, job: Job, status: JobStatus) -> None:
    kept = [{"step": c.step, "model": settings.portable(c.model), "metrics": c.metrics} for c in status.checkpoints]
    told = status.metrics | ({"checkpoints": kept} if kept else {})
    with store.atomic():  # what was noted while the trainer was asked, a resumption for one, stays
        known = store.job(job.id)
        if known.metrics.get("ending"):  # it is cancelled, whatever came of its worker
            gone = status.state.rests
            reason = status.reason if status.state is JobState.CANCELLED else known.reason
            store.set_job(job.id, reason=reason, metrics=known.metrics | told | {"ending": not gone})
        if JobState(known.state).ended:
            return
        store.set_job(
            job.id,
            state=str(status.state),
            reason=status.reason,
            metrics=known.metrics | told,
            model=settings.portable(status.model),
            adapter=settings.portable(status.adapter),
            ended=now() if status.state.ended else "",
        )
    if status.state is JobState.SUCCEEDED:
        variants(store, settings, store.job(job.id))
        checkpoint_variants(store, settings, store.job(job.id))


def _handle(settings: Settings, job: Job) -> str:
    """A local job's handle is a folder, recorded relative to the data folder."""
    inside = settings.data / job.handle
    return str(inside) if job.handle and inside.is_dir() else job.handle
