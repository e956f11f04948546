"""The course of a job: asked about, recorded as it is, paused, resumed, cancelled."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import replace

from assistant import variants
from assistant.errors import AttuneError
from assistant.jobs import launch
from assistant.record import spending
from assistant.record.connection import now
from assistant.record.disk.alone import alone
from assistant.record.store import Store
from assistant.record.types import Job
from assistant.settings import Settings
from assistant.workbench import Workbench
from tools.trainer import JobState, JobStatus

NO_NEWS = 10**9  # of a job's events those behind this one: none
STARTING = "It is being started."


def refresh(bench: Workbench, case: str | None = None) -> list[Job]:
    """Ask about every job that has not ended and record what is true. Calling it often is harmless."""
    store = bench.store
    for job in store.jobs(case):
        if not JobState(job.state).ended or job.metrics.get("ending"):
            follow(bench, job.id)
    return store.jobs(case)


def follow(bench: Workbench, job_id: int, after: int = 0) -> JobStatus:
    """The job's true state, recorded; `events` from index `after` on."""
    store, settings = bench.store, bench.settings
    job = store.job(job_id)
    if not job.handle and not launch.found(bench, job):
        job = store.job(job_id)
        return JobStatus(JobState(job.state), job.reason or ("It waits for its turn." if job.waits else STARTING))
    job = store.job(job_id)
    status = launch.trainer(bench.trainers, job.trainer).poll(_handle(settings, job), after)
    if not JobState(job.state).ended or job.metrics.get("ending"):
        _record(store, settings, job, status)
    job = store.job(job_id)
    if job.state != JobState.CANCELLED and not (JobState(job.state).ended and status.state is JobState.FAILED):
        return status
    return replace(status, state=JobState(job.state), reason=job.reason)  # whatever became of its folder since


def cancel(bench: Workbench, job_id: int) -> Job:
    """End the job: from now on it is cancelled, whatever its worker still has to do. Its last checkpoint is kept.

    Harmless when it has ended. One of which nobody knows whether it runs stays what it is.
    """
    store = bench.store
    job = store.job(job_id)
    if JobState(job.state).ended:
        return job
    if not job.handle and launch.found(bench, job):
        job = store.job(job_id)
    if job.handle:
        launch.trainer(bench.trainers, job.trainer).cancel(_handle(bench.settings, job))
        follow(bench, job_id)  # it may have ended before it was asked to
    with store.atomic():
        job = store.job(job_id)
        if JobState(job.state).ended or (job.state == JobState.UNKNOWN and not job.handle):
            return job
        ending = {"ending": True} if job.handle else {}
        store.set_job(job_id, state=JobState.CANCELLED, reason="", ended=now(), metrics=job.metrics | ending)
    return store.job(job_id)


def pause(bench: Workbench, job_id: int) -> Job:
    """Stop the job for now, to `resume` later. Raises ToolError where its trainer or its state does not allow it."""
    store = bench.store
    follow(bench, job_id)
    job = store.job(job_id)
    if JobState(job.state).ended or not job.handle:
        raise AttuneError(f"Job {job_id} is {job.state}: it cannot be paused.", "Only a running job can be paused.")
    launch.trainer(bench.trainers, job.trainer).pause(_handle(bench.settings, job))
    follow(bench, job_id)
    return store.job(job_id)


def resume(bench: Workbench, job_id: int) -> Job:
    """Go on from the last checkpoint of a job that was paused, failed or was cancelled."""
    store = bench.store
    case = store.job(job_id).case
    with training(store, case):
        follow(bench, job_id)
        job = store.job(job_id)
        if job.state == JobState.SUCCEEDED:
            raise AttuneError(f"Job {job_id} has succeeded.", "There is nothing to resume; evaluate its model.")
        if job.state in (JobState.RUNNING, JobState.QUEUED):
            raise AttuneError(f"Job {job_id} is {job.state}.", "Only a job that was stopped can be resumed.")
        if not job.handle:
            raise AttuneError(f"Job {job_id} never began, so it has no checkpoint.", "Start a new run.")
        if "api" not in job.request and (other := busy(store, case, but=job_id)):
            raise AttuneError(other, "Then resume this one.")
        with spending.resuming(store, bench.settings, job_id):
            launch.trainer(bench.trainers, job.trainer).resume(_handle(bench.settings, job))
        with store.atomic():
            metrics = store.job(job_id).metrics | {"ending": False}
            store.set_job(job_id, state=JobState.RUNNING, reason="", ended="", metrics=metrics)
        return store.job(job_id)


def busy(store: Store, case: str, but: int = 0) -> str | None:
    """Which run of the case has not ended, in a sentence; `but` this one."""
    running = [job for job in store.jobs(case) if not JobState(job.state).ended and job.id != but]
    if not running:
        return None
    if running[-1].state == JobState.PAUSED:
        return f"Job {running[-1].id} is paused: resume it or cancel it."
    doing = "waits for its turn" if running[-1].waits else "is still running"
    return f"Job {running[-1].id} {doing}: wait for it or cancel it."


def training(store: Store, case: str) -> AbstractContextManager[None]:
    """Held from the look at what runs until what is begun is recorded."""
    return alone(store, f"train:{case}")


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
    if status.state is JobState.SUCCEEDED and "reproduces" not in job.request:
        ended = store.job(job.id)
        variants.tuned(store, settings, ended)
        variants.at_checkpoints(store, settings, ended)


def _handle(settings: Settings, job: Job) -> str:
    """A local job's handle is a folder, recorded relative to the data folder."""
    inside = settings.data / job.handle
    return str(inside) if job.handle and inside.is_dir() else job.handle
