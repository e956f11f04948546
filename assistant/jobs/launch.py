"""A training run is begun: recorded first, then started by its trainer, at once or when its turn has come."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from assistant.errors import AttuneError
from assistant.evidence.certificate import lockfile
from assistant.record import spending
from assistant.record.connection import now
from assistant.record.store import Store
from assistant.record.types import Job
from assistant.settings import Settings
from assistant.workbench import Workbench
from tools.trainer import Estimate, JobState, ToolError, Trainer, TrainRequest, Unsure

Trainers = Mapping[str, Trainer]
STARTING_S = 60  # seconds in which a trainer returns a handle
LOOKS, LOST_S = 5, 900  # how often, and over how many seconds, a job is looked for that may cost money
CUT_OFF = "The app ended before this run began."


def trainer(trainers: Trainers, name: str) -> Trainer:
    if name not in trainers:
        raise AttuneError(f"There is no trainer called '{name}'.", f"Choose one of {', '.join(trainers)}.")
    return trainers[name]


def estimate(trainers: Trainers, name: str, request: TrainRequest, known: Estimate | None = None) -> Estimate:
    """What the run may take; `known` where it was asked for already. Raises where it cannot run, before anything is
    recorded."""
    chosen = trainer(trainers, name)
    if problem := chosen.unavailable():
        raise AttuneError(f"The trainer '{name}' cannot run: {problem}")
    return known or chosen.estimate(request)


def record(
    store: Store,
    settings: Settings,
    takes: Estimate,
    case: str,
    dataset: str,
    name: str,
    request: TrainRequest,
    kept: Mapping[str, Any],
) -> tuple[Job, bool]:
    """This request as a job of the case that has not begun, and whether it is a new one.

    `takes` is its estimate; `kept` is recorded beside it. A key is one job, however often it is asked for. Raises
    AttuneError where the cap does not cover it.
    """
    money = takes.money_usd.high
    noted = {k: v for k, v in asdict(request).items() if k not in lockfile.CONTENT} | dict(kept)
    noted |= {"rows_sha256": lockfile.rows_sha256(request)}
    noted = {"base_name": settings.portable(request.base), "takes_s": [takes.seconds.low, takes.seconds.high]} | noted
    noted |= {"money_usd": money} if money else {}
    with store.atomic():  # two that are started at once must both fit under the cap
        if known := store.job_of_key(request.key):
            return known, False
        spending.allow(store, settings, money)
        return store.add_job(case, dataset, name, "", JobState.QUEUED, noted, request.key), True


def launch(bench: Workbench, job: Job, request: TrainRequest) -> Job:
    """Let the job's trainer start this request. Raises what the trainer raises; the job has then failed with it."""
    store = bench.store
    try:
        handle = trainer(bench.trainers, job.trainer).start(request)
    except Unsure as error:  # it may run and cost money: it is looked for, and nothing else begins meanwhile
        _unless_ended(store, job.id, state=JobState.UNKNOWN, reason=str(error))
        return store.job(job.id)
    except Exception as error:
        fail(store, job.id, str(error))
        raise
    _begun(bench, job.id, handle)
    return store.job(job.id)


def fail(store: Store, job_id: int, reason: str) -> None:
    """Note that the job did not begin, unless it has ended."""
    _unless_ended(store, job_id, state=JobState.FAILED, reason=reason, ended=now())


def found(bench: Workbench, job: Job) -> bool:
    """Whether a job without a handle runs all the same: the app died while it started it, or the answer was lost.

    It is looked for by its key. One that costs money is given up only after several looks over some time, so that a
    vendor that is slow to list it, or a clock that jumps, does not make it look unpaid. One that came out of the queue
    goes back into it.
    """
    store = bench.store
    begun = datetime.fromisoformat(str(job.request.get("begun") or job.created))
    age = abs((datetime.now(UTC) - begun).total_seconds())
    lost = job.state == JobState.UNKNOWN
    if JobState(job.state).ended or job.waits or not (lost or age > STARTING_S):
        return False
    try:
        key = str(job.request.get("key", ""))
        handle = trainer(bench.trainers, job.trainer).find(key) if key else None
    except ToolError as error:
        store.set_job(job.id, state=JobState.UNKNOWN, reason=f"It is not known whether the job is running. {error}")
        return False
    if handle:
        _begun(bench, job.id, handle)
        return True
    _not_found(store, job, age)
    return False


def _not_found(store: Store, job: Job, age: float) -> None:
    looks = int(job.metrics.get("looks", 0)) + 1
    store.set_job(job.id, metrics=job.metrics | {"looks": looks})
    if not (job.state == JobState.UNKNOWN or job.request.get("money_usd")):
        if job.request.get("begun"):
            _unless_ended(store, job.id, request=job.request | {"waits_since": job.created, "begun": ""})
        else:
            fail(store, job.id, CUT_OFF)
    elif looks >= LOOKS and age > LOST_S:
        fail(store, job.id, f"{job.trainer} has no such job: none was started. Start again if you still want it.")


def _begun(bench: Workbench, job_id: int, handle: str) -> None:
    """Note the handle. A job that was cancelled while it was started is ended again."""
    store = bench.store
    with store.atomic():
        job = store.job(job_id)
        cancelled = JobState(job.state).ended
        changes: dict[str, Any] = (
            {"metrics": job.metrics | {"ending": True}} if cancelled else {"state": JobState.RUNNING, "reason": ""}
        )
        store.set_job(job_id, handle=bench.settings.portable(handle), **changes)
    if cancelled:
        trainer(bench.trainers, job.trainer).cancel(handle)


def _unless_ended(store: Store, job_id: int, **changes: Any) -> None:
    with store.atomic():
        if not JobState(store.job(job_id).state).ended:
            store.set_job(job_id, **changes)
