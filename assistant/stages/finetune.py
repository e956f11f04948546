"""Stage 4 of 6: train on the dataset, as a durable job, to a new model."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from assistant import endpoints
from assistant.conversations import judged, rows
from assistant.conversations.rows import training_rows
from assistant.errors import AttuneError
from assistant.knowledge import prompt
from assistant.record import spending
from assistant.record.judgement import Judgement
from assistant.record.rows import now
from assistant.record.store import Store
from assistant.record.types import Item, Job, Variant
from assistant.settings import STARTER, Settings
from assistant.stages import baseline
from tools.trainer import Estimate, Hosted, JobState, JobStatus, Preference, ToolError, Trainer, TrainRequest, Unsure

Trainers = Mapping[str, Trainer]
VALIDATION_SHARE, MOST_VALIDATION = 0.08, 64  # of the train split: the eval loss must not look at the test split
SAMPLES, PROBES = 3, 8
CONTENT = ("train", "test", "samples", "probes", "preferences", "test_preferences")  # the dataset holds it
STARTING_S = 60  # seconds in which a trainer returns a handle
LOOKS, LOST_S = 5, 900  # how often, and over how many seconds, a job is looked for that may cost money
OPTIONS = ("base", "epochs", "max_steps", "learning_rate", "batch_size", "lora_rank", "seed", "method", "tuning",
           "continue_from", "patience", "processes", "beta")  # fmt: skip


def blocked(store: Store, case: str) -> str | None:
    if not store.datasets(case):
        return "There is no dataset yet: build one from the approved conversations."
    running = [job for job in store.jobs(case) if not JobState(job.state).ended]
    if running and running[-1].state == JobState.PAUSED:
        return f"Job {running[-1].id} is paused: resume it or cancel it."
    return f"Job {running[-1].id} is still running: wait for it or cancel it." if running else None


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
    base = settings.chat_model if not settings.chat_base_url else STARTER
    if isinstance(found := trainers.get(trainer), Hosted):
        base = next(iter(found.bases()), "")
    chosen: dict[str, Any] = {"trainer": trainer, "base": base, "seed": 3407}
    return chosen | {name: options[name] for name in OPTIONS if name in options}


def estimate(store: Store, settings: Settings, trainers: Trainers, case: str, **options: Any) -> Estimate:
    """What the run would take: seconds, memory, money, as ranges with their source."""
    name, request = _request(store, settings, trainers, case, options)
    return _trainer(trainers, name).estimate(request)


def run(store: Store, settings: Settings, trainers: Trainers, case: str, **options: Any) -> Job:
    """Start training. `options`: trainer and those of OPTIONS; `continue_from` is an earlier job's number."""
    refresh(store, settings, trainers, case)
    if reason := blocked(store, case):
        raise AttuneError(reason, "Then start again.")
    name, request = _request(store, settings, trainers, case, options)
    return begin(store, settings, trainers, case, baseline.latest_dataset(store, case), name, request,
                 {"system": prompt.short_instruction(store.case(case))})  # fmt: skip


def most(trainers: Trainers, name: str, request: TrainRequest) -> float:
    """US dollars that the run may cost at most. Raises where it cannot run, before anything is recorded."""
    trainer = _trainer(trainers, name)
    if problem := trainer.unavailable():
        raise AttuneError(f"The trainer '{name}' cannot run: {problem}")
    return trainer.estimate(request).money_usd.high


def begin(
    store: Store, settings: Settings, trainers: Trainers, case: str, dataset: str, name: str, request: TrainRequest,
    kept: Mapping[str, Any],
) -> Job:  # fmt: skip
    """Start exactly this request as a job of the case; `kept` is recorded beside it ("system": of the tuned variants).

    A key starts one job, however often it is asked for: the one that there is already is returned.
    """
    money = most(trainers, name, request)
    noted = {k: v for k, v in asdict(request).items() if k not in CONTENT} | dict(kept)
    noted = {"base_name": settings.portable(request.base)} | noted | ({"money_usd": money} if money else {})
    with store.atomic():  # two that are started at once must both fit under the cap
        if known := store.job_of_key(request.key):
            return known
        spending.allow(store, settings, money)
        job = store.add_job(case, dataset, name, "", JobState.QUEUED, noted, request.key)
    try:
        handle = trainers[name].start(request)
    except Unsure as error:  # it may run and cost money: it is looked for, and nothing else begins meanwhile
        store.set_job(job.id, state=JobState.UNKNOWN, reason=str(error))
        return store.job(job.id)
    except Exception as error:
        store.set_job(job.id, state=JobState.FAILED, reason=str(error), ended=now())
        raise
    store.set_job(job.id, handle=settings.portable(handle), state=JobState.RUNNING)
    return store.job(job.id)


def refresh(store: Store, settings: Settings, trainers: Trainers, case: str | None = None) -> list[Job]:
    """Ask about every job that has not ended and record what is true. Calling it often is harmless."""
    for job in store.jobs(case):
        if not JobState(job.state).ended:
            follow(store, settings, trainers, job.id)
    return store.jobs(case)


def follow(store: Store, settings: Settings, trainers: Trainers, job_id: int, after: int = 0) -> JobStatus:
    """The job's true state, recorded; `events` from index `after` on."""
    job = store.job(job_id)
    if not job.handle and not _found(store, settings, trainers, job):
        job = store.job(job_id)
        return JobStatus(JobState(job.state), job.reason or "It is being started.")
    job = store.job(job_id)
    status = _trainer(trainers, job.trainer).poll(_handle(settings, job), after)
    if not JobState(job.state).ended:
        _record(store, settings, job, status)
    return status


def cancel(store: Store, settings: Settings, trainers: Trainers, job_id: int) -> Job:
    """Ask the job to end; its last checkpoint is kept. Harmless when it has ended."""
    job = store.job(job_id)
    if not JobState(job.state).ended:
        if not job.handle and _found(store, settings, trainers, job):
            job = store.job(job_id)
        if job.handle:
            _trainer(trainers, job.trainer).cancel(_handle(settings, job))
        follow(store, settings, trainers, job_id)
    return store.job(job_id)


def pause(store: Store, settings: Settings, trainers: Trainers, job_id: int) -> Job:
    """Stop the job for now, to `resume` later. Raises ToolError where its trainer or its state does not allow it."""
    follow(store, settings, trainers, job_id)
    job = store.job(job_id)
    if JobState(job.state).ended or not job.handle:
        raise AttuneError(f"Job {job_id} is {job.state}: it cannot be paused.", "Only a job that runs can be paused.")
    _trainer(trainers, job.trainer).pause(_handle(settings, job))
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
        _trainer(trainers, job.trainer).resume(_handle(settings, job))
    store.set_job(job_id, state=JobState.RUNNING, reason="", ended="")
    return store.job(job_id)


def variants(store: Store, settings: Settings, job: Job) -> dict[str, Variant]:
    """The tuned variants of a job that succeeded, recorded."""
    local = Path(settings.model_path(job.model)).is_dir()
    endpoint = "local" if local else job.trainer if job.trainer in endpoints.HOSTED else "chat"
    system, longest = str(job.request["system"]), settings.longest_answer
    made = {
        name: Variant(job.case, name, endpoint, job.model, system, 0, passages, "", job.id, max_tokens=longest)
        for name, passages in (("tuned", 0), ("tuned+rag", baseline.PASSAGES))
        if not passages or store.documents(job.case)
    }
    return {name: store.add_variant(baseline.identified(variant)) for name, variant in made.items()}


def checkpoint_variants(store: Store, settings: Settings, job: Job) -> list[Variant]:
    """The models of earlier steps that a vendor kept, as candidates `tuned@STEP`, recorded but not measured.

    A local checkpoint is no model that could answer: it is there to go on from.
    """
    tuned = variants(store, settings, job)["tuned"]
    if tuned.endpoint not in endpoints.HOSTED:
        return []
    return [
        store.add_variant(baseline.identified(replace(tuned, name=f"tuned@{kept['step']}", model=str(kept["model"]))))
        for kept in job.metrics.get("checkpoints", [])
        if kept["model"] != job.model
    ]


def _request(
    store: Store, settings: Settings, trainers: Trainers, case: str, options: dict[str, Any]
) -> tuple[str, TrainRequest]:
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
    system = prompt.short_instruction(store.case(case))
    items = store.items(dataset, "train")
    train, validation = rows.validation(training_rows(items, system), seed, VALIDATION_SHARE, MOST_VALIDATION)
    questions = [row[: 1 + next(i for i, m in enumerate(row) if m["role"] == "user")] for row in validation]
    base = settings.model_path(str(chosen.pop("base")))
    request = TrainRequest(base, train, validation, samples=questions[:SAMPLES], probes=questions[:PROBES], suffix=case)
    if (method := str(chosen.get("method", "sft"))) != "sft":
        learned = judged.to_learn(method, store.judgements(dataset), items, seed)
        good, held = judged.validation(learned, seed, VALIDATION_SHARE, MOST_VALIDATION)
        chosen |= {"preferences": _preferences(good, system), "test_preferences": _preferences(held, system)}
        chosen |= {"train": [], "test": []}
    return name, replace(request, **chosen, key=secrets.token_hex(16))  # of this confirmation: it pays once


def _preferences(judgements: list[Judgement], system: str) -> list[Preference]:
    asked = training_rows([Item(one.position, "train", one.prompt) for one in judgements], system)
    return [Preference(row, one.chosen, one.rejected) for row, one in zip(asked, judgements, strict=True)]


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


def _found(store: Store, settings: Settings, trainers: Trainers, job: Job) -> bool:
    """Whether a job without a handle runs all the same: the app died while it started it, or the answer was lost.

    It is looked for by the key of its confirmation. One that costs money is given up only after several looks over
    some time, so that a vendor that is slow to list it, or a clock that jumps, does not make it look unpaid.
    """
    age = abs((datetime.now(UTC) - datetime.fromisoformat(job.created)).total_seconds())
    lost = job.state == JobState.UNKNOWN
    if JobState(job.state).ended or not (lost or age > STARTING_S):
        return False
    try:
        key = str(job.request.get("key", ""))
        handle = _trainer(trainers, job.trainer).find(key) if key else None
    except ToolError as error:
        store.set_job(job.id, state=JobState.UNKNOWN, reason=f"Whether it runs cannot be told now. {error}")
        return False
    if handle:
        store.set_job(job.id, handle=settings.portable(handle), state=JobState.RUNNING, reason="")
        return True
    looks = int(job.metrics.get("looks", 0)) + 1
    store.set_job(job.id, metrics=job.metrics | {"looks": looks})
    if not (lost or job.request.get("money_usd")):
        store.set_job(job.id, state=JobState.FAILED, reason="The app ended before this run began.", ended=now())
    elif looks >= LOOKS and age > LOST_S:
        reason = f"{job.trainer} has no job of this confirmation: none was begun. Start again if you still want it."
        store.set_job(job.id, state=JobState.FAILED, reason=reason, ended=now())
    return False


def _record(store: Store, settings: Settings, job: Job, status: JobStatus) -> None:
    kept = [{"step": c.step, "model": settings.portable(c.model), "metrics": c.metrics} for c in status.checkpoints]
    told = status.metrics | ({"checkpoints": kept} if kept else {})
    with store.atomic():  # what was noted while the trainer was asked, a resumption for one, stays
        store.set_job(
            job.id, state=str(status.state), reason=status.reason, metrics=store.job(job.id).metrics | told,
            model=settings.portable(status.model), adapter=settings.portable(status.adapter),
            ended=now() if status.state.ended else "",
        )  # fmt: skip
    if status.state is JobState.SUCCEEDED:
        variants(store, settings, store.job(job.id))
        checkpoint_variants(store, settings, store.job(job.id))


def _handle(settings: Settings, job: Job) -> str:
    """A local job's handle is a folder, recorded relative to the data folder."""
    inside = settings.data / job.handle
    return str(inside) if job.handle and inside.is_dir() else job.handle


def _trainer(trainers: Trainers, name: str) -> Trainer:
    if name not in trainers:
        raise AttuneError(f"There is no trainer called '{name}'.", f"Choose one of {', '.join(trainers)}.")
    return trainers[name]
