"""A job of the record as OpenAI tells it: the job itself, its events and its checkpoints."""

from __future__ import annotations

import math
import time
from typing import Any

from assistant.faces.api.common import seconds
from assistant.faces.api.schemas import objects
from assistant.record.store import Store
from assistant.record.types import Job
from assistant.uploads import public_names, result_files
from tools.local import forecast
from tools.trainer import JobState, JobStatus

STATUS: dict[JobState, Any] = {
    JobState.QUEUED: "queued",
    JobState.RUNNING: "running",
    JobState.PAUSED: "paused",
    JobState.UNKNOWN: "running",
    JobState.SUCCEEDED: "succeeded",
    JobState.FAILED: "failed",
    JobState.CANCELLED: "cancelled",
}
SURE_STEPS = 5  # after which the time that steps take is known
AFTER_S = math.sqrt(forecast.START_SECONDS.low * forecast.START_SECONDS.high)  # of merging, and what else comes last
STILL = 0.2  # of the time that has passed, where the estimate is over and the run is not
METRICS = {"loss": "train_loss", "eval_loss": "full_valid_loss"}  # the trainers' names -> OpenAI's


def job(store: Store, job: Job, status: JobStatus | None) -> objects.JobObject:
    """The job as it is recorded; `status`, of one that runs, tells when it will end."""
    state, order = JobState(job.state), job.request.get("api", {})
    left = _left(job, status) if status and state is JobState.RUNNING else None
    done, valid = state is JobState.SUCCEEDED, order.get("validation_file") or None
    return objects.JobObject(
        id=public_names.job_id(job),
        created_at=seconds(job.created),
        status=STATUS[state],
        model=public_names.base(store, job),
        fine_tuned_model=public_names.model_id(store, job) if done else None,
        finished_at=seconds(job.ended) if done and job.ended else None,
        estimated_finish=None if left is None else int(time.time() + left),
        error=_error(job) if state is JobState.FAILED else None,
        hyperparameters=_hyperparameters(job),
        method=_method(job),
        metadata=order.get("metadata") or None,
        organization_id=store.case(job.case).owner,
        seed=int(job.request.get("seed", 0)),
        trained_tokens=_tokens(job) if done else None,
        training_file=str(order.get("training_file") or result_files.dataset_file_id(job.dataset)),
        validation_file=valid,
        result_files=[result_files.file_id(job)] if done else [],
    )


def events(store: Store, job: Job, status: JobStatus) -> list[objects.Event]:
    """What happened, oldest first. An event keeps its id, whatever comes after it."""
    begin = seconds(job.created)
    told: list[tuple[Any, str, int, dict[str, Any]]]
    told = [
        ("info", f"Created fine-tuning job: {public_names.job_id(job)}", begin, {}),
        ("info", f"Validating {_files(job)}", begin, {}),
        ("info", "Files validated, moving job to queued state", begin, {}),
    ]
    for event in status.events:
        at = int(event.get("time") or begin)
        told += [(level, text, at, data) for level, text, data in _said(event)]
    told += [(level, text, seconds(job.ended or job.created), {}) for level, text in _end(store, job)]
    return [
        objects.Event(
            id=f"ftevent-{job.id}-{number}",
            created_at=at,
            level=level,
            message=text,
            type="metrics" if data else "message",
            data=data,
        )
        for number, (level, text, at, data) in enumerate(told, 1)
    ]


def checkpoints(store: Store, job: Job, status: JobStatus) -> list[objects.CheckpointObject]:
    """Those that the trainer keeps, oldest first."""
    by_step = {row["step"]: row for row in result_files.metrics(status.events)}
    at = {int(e["step"]): int(e["time"]) for e in status.events if e.get("type") == "checkpoint" and e.get("time")}
    fields = objects.CheckpointMetrics.model_fields
    return [
        objects.CheckpointObject(
            id=f"ftckpt-{job.id}-{one.step}",
            created_at=at.get(one.step, seconds(job.created)),
            fine_tuned_model_checkpoint=public_names.model_id(store, job, one.step),
            fine_tuning_job_id=public_names.job_id(job),
            step_number=one.step,
            metrics=objects.CheckpointMetrics(
                **{
                    name: value
                    for key, value in (by_step.get(one.step, {}) | one.metrics | {"step": one.step}).items()
                    if (name := METRICS.get(key, key)) in fields and isinstance(value, int | float)
                }
            ),
        )
        for one in status.checkpoints
    ]


def _said(event: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    """An event of the trainer in OpenAI's words."""
    step = event.get("step")
    match event.get("type"):
        case "stage" if event.get("name") == "training":
            return [("info", "Fine-tuning job started", {})]
        case "stage":
            return [("info", f"{event.get('name')}: {event.get('detail')}".capitalize(), {})]
        case "eval":
            data = {"step": step, "full_valid_loss": event.get("eval_loss")}
            tokens = event.get("token_accuracy")
            data |= {"full_valid_mean_token_accuracy": tokens} if tokens is not None else {}
            return [("info", f"Step {step}: full validation loss={_loss(event.get('eval_loss'))}", data)]
        case "step":
            data = {"step": step, "train_loss": event.get("loss"), "total_steps": event.get("steps")}
            tokens = event.get("token_accuracy")
            data |= {"train_mean_token_accuracy": tokens} if tokens is not None else {}
            return [("info", f"Step {step}/{event.get('steps')}: training loss={_loss(event.get('loss'))}", data)]
        case "checkpoint":
            return [("info", f"Checkpoint created at step {step}", {})]
        case "warning":
            return [("warn", str(event.get("message") or event.get("detail") or "warning"), {})]
        case "message":
            return [(str(event.get("level", "info")), str(event.get("message", "")), {})]
        case _:
            return []


def _end(store: Store, job: Job) -> list[tuple[str, str]]:
    match JobState(job.state):
        case JobState.SUCCEEDED:
            return [
                ("info", f"New fine-tuned model created: {public_names.model_id(store, job)}"),
                ("info", "The job has successfully completed"),
            ]
        case JobState.FAILED:
            return [("error", f"The job failed: {job.reason}")]
        case JobState.CANCELLED:
            return [("info", "The job was cancelled")]
        case _:
            return []


def _files(job: Job) -> str:
    order = job.request.get("api", {})
    valid = order.get("validation_file")
    named = f"training file: {order.get('training_file') or result_files.dataset_file_id(job.dataset)}"
    return f"{named} and validation file: {valid}" if valid else named


def _hyperparameters(job: Job) -> objects.Hyperparameters:
    order, used = job.request.get("api", {}), job.metrics
    epochs = order.get("n_epochs") or used.get("epochs") or job.request.get("epochs")
    return objects.Hyperparameters.model_construct(
        n_epochs=max(1, round(float(epochs))) if epochs else "auto",
        batch_size=order.get("batch_size") or used.get("batch_size") or job.request.get("batch_size") or "auto",
        learning_rate_multiplier=order.get("learning_rate_multiplier") or ("auto" if not order else 1.0),
    )


def _method(job: Job) -> objects.Method:
    chosen = _hyperparameters(job)
    if job.request.get("method") in ("dpo", "kto"):
        beta: Any = job.metrics.get("beta") or job.request.get("beta") or "auto"
        inner = objects.DpoHyperparameters.model_construct(**dict(chosen), beta=beta)
        return objects.Method(type="dpo", dpo=objects.Dpo.model_construct(hyperparameters=inner))
    return objects.Method(type="supervised", supervised=objects.Supervised.model_construct(hyperparameters=chosen))


def _left(job: Job, status: JobStatus) -> float | None:
    """Seconds until the job will have ended: by its estimate, and by its steps the more of them are done.

    The first steps take longer than the others, and what comes after the last one is no step.
    """
    low, high = job.request.get("takes_s") or (0.0, 0.0)
    passed = time.time() - seconds(job.request.get("begun") or job.created)
    estimated = max(math.sqrt(low * high) - passed, passed * STILL) if high else None
    if status.eta_seconds is None or not status.steps:
        return status.eta_seconds if estimated is None else estimated
    by_steps = status.eta_seconds + AFTER_S
    sure = min(1.0, status.step / SURE_STEPS)
    return by_steps if estimated is None else sure * by_steps + (1 - sure) * estimated


def _error(job: Job) -> objects.JobError:
    return objects.JobError(code="training_failed", message=job.reason or "The job failed.")


def _tokens(job: Job) -> int | None:
    tokens = job.metrics.get("trained_tokens", job.metrics.get("tokens"))
    return int(tokens) if tokens is not None else None


def _loss(value: Any) -> str:
    return f"{value:.4f}" if isinstance(value, int | float) else "unknown"
