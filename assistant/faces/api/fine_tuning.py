"""/v1/fine_tuning/jobs: those that were created here, and those of the owner's cases."""

from __future__ import annotations

import logging
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request

from assistant.faces.api import job_objects
from assistant.faces.api.common import After, Bench, Owner, page
from assistant.faces.api.schemas import objects
from assistant.jobs import lifecycle
from assistant.record.types import Job
from assistant.uploads import public_names, queue, result_files, tuning_jobs
from assistant.uploads.refusals import Refused, missing
from tools.trainer import JobState, JobStatus, ToolError

router = APIRouter(prefix="/fine_tuning/jobs", tags=["fine-tuning"])
log = logging.getLogger(__name__)
Limit = Annotated[int, Query(ge=1, le=100)]


@router.post("")
def create_job(
    bench: Bench,
    owner: Owner,
    body: objects.JobCreate,
    idempotency_key: Annotated[str | None, Header(max_length=255)] = None,
) -> objects.JobObject:
    """Fine-tune: at once, or in its turn. Asked twice with one Idempotency-Key, it is one job."""
    order = _order(body, idempotency_key or "")
    try:
        job = queue.submit(bench, owner, order)
    except Refused:
        raise
    except ToolError as error:  # what the trainer says before it begins is about the request
        raise Refused(error.sentence, error.remedy, code="invalid_request") from error
    return _shown(bench, job)


@router.get("")
def list_jobs(bench: Bench, owner: Owner, request: Request, after: After = None, limit: Limit = 20) -> objects.JobPage:
    """The newest first. `metadata[KEY]=VALUE` keeps those whose metadata have it."""
    wanted = {k[9:-1]: v for k, v in request.query_params.items() if k.startswith("metadata[") and k.endswith("]")}
    found = [job for job in bench.store.jobs_of_owner(owner)[::-1] if _has(job, wanted)]
    listed, more = page([_Named(job) for job in found], after, limit)
    return objects.JobPage(data=[_shown(bench, one.job) for one in listed], has_more=more)


@router.get("/{job_id}")
def retrieve_job(bench: Bench, owner: Owner, job_id: str) -> objects.JobObject:
    return _shown(bench, _job(bench, owner, job_id))


@router.post("/{job_id}/cancel")
def cancel_job(bench: Bench, owner: Owner, job_id: str) -> objects.JobObject:
    """End it. It is cancelled from now on; its worker keeps a checkpoint and ends within a minute."""
    job = _job(bench, owner, job_id)
    _refresh(bench, job)
    if not JobState(bench.store.job(job.id).state).ended:
        job = lifecycle.cancel(bench, job.id)
        if job.state == JobState.CANCELLED:
            return _shown(bench, job)
    raise Refused(f"{job_id} has ended, so it cannot be cancelled.", "Look at its status.", code="invalid_state")


@router.post("/{job_id}/pause")
def pause_job(bench: Bench, owner: Owner, job_id: str) -> objects.JobObject:
    """Stop for now. A run of this machine still runs until its step and a checkpoint are done, then it is paused."""
    job = _job(bench, owner, job_id)
    return _shown(bench, lifecycle.pause(bench, job.id))


@router.post("/{job_id}/resume")
def resume_job(bench: Bench, owner: Owner, job_id: str) -> objects.JobObject:
    """Go on from the last checkpoint of a job that was paused, cancelled or failed."""
    job = _job(bench, owner, job_id)
    if job.state != JobState.RUNNING and queue.room(bench, owner) <= 0:
        raise Refused(
            f"ATTUNE_API_JOBS allows {bench.settings.api_jobs} jobs at once, and they are running.",
            "Wait for one to end, or cancel it.",
            None,
            "rate_limit_exceeded",
            429,
        )
    return _shown(bench, lifecycle.resume(bench, job.id))


@router.get("/{job_id}/events")
def list_events(bench: Bench, owner: Owner, job_id: str, after: After = None, limit: Limit = 20) -> objects.EventPage:
    """What happened, the newest first."""
    job = _job(bench, owner, job_id)
    status = _refresh(bench, job, 0)
    listed, more = page(job_objects.events(bench.store, bench.store.job(job.id), status)[::-1], after, limit)
    return objects.EventPage(data=listed, has_more=more)


@router.get("/{job_id}/checkpoints")
def list_checkpoints(
    bench: Bench, owner: Owner, job_id: str, after: After = None, limit: Limit = 10
) -> objects.CheckpointPage:
    """The checkpoints that the trainer keeps, the newest first."""
    job = _job(bench, owner, job_id)
    status = _refresh(bench, job, 0)
    listed, more = page(job_objects.checkpoints(bench.store, bench.store.job(job.id), status)[::-1], after, limit)
    ends = (listed[0].id, listed[-1].id) if listed else (None, None)
    return objects.CheckpointPage(data=listed, has_more=more, first_id=ends[0], last_id=ends[1])


class _Named:
    """A job by the id that programs know."""

    def __init__(self, job: Job) -> None:
        self.job, self.id = job, public_names.job_id(job)


def _order(body: objects.JobCreate, key: str) -> tuning_jobs.JobOrder:
    kind = body.method.type if body.method else "supervised"
    inner = getattr(body.method, kind) if body.method else None
    chosen = (inner.hyperparameters if inner else None) or body.hyperparameters or objects.Hyperparameters()
    given = {name: value for name, value in chosen.model_dump().items() if value not in (None, "auto")}
    return tuning_jobs.JobOrder(
        body.model,
        body.training_file,
        body.validation_file or "",
        kind,
        suffix=body.suffix or "",
        seed=body.seed,
        metadata=body.metadata or {},
        trainer=body.trainer or "",
        key=key,
        **given,
    )


def _job(bench: Bench, owner: str, id: str) -> Job:
    found = public_names.job(bench.store, owner, id)
    if found is None:
        raise missing("fine-tuning job", id, "job_id", "fine_tune_not_found")
    return found


def _refresh(bench: Bench, job: Job, after: int = lifecycle.NO_NEWS) -> JobStatus:
    """What is true of the job now; what was true last where its trainer cannot be asked."""
    try:
        return lifecycle.follow(bench, job.id, after)
    except ToolError as error:
        log.warning("job %s cannot be asked about: %s", job.id, error)
        return JobStatus(JobState(job.state), job.reason)


def _shown(bench: Bench, job: Job) -> objects.JobObject:
    status = _refresh(bench, job) if not JobState(job.state).ended else None
    job = bench.store.job(job.id)
    if JobState(job.state).ended:
        result_files.keep_of(bench, job)
    return job_objects.job(bench.store, job, status)


def _has(job: Job, wanted: dict[str, str]) -> bool:
    own = job.request.get("api", {}).get("metadata", {})
    return all(own.get(key) == value for key, value in wanted.items())
