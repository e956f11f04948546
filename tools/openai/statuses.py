"""What an OpenAI-compatible vendor says of a job, in our words: every status once, events, the metrics of a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tools.trainer import JobState

if TYPE_CHECKING:
    from openai.types.fine_tuning import FineTuningJob, FineTuningJobEvent

MOST_ETA = 30 * 86_400.0  # seconds; a forecast beyond it means that a clock is wrong
OPENAI: Mapping[str, JobState] = {
    "validating_files": JobState.QUEUED,
    "queued": JobState.QUEUED,
    "running": JobState.RUNNING,
    "paused": JobState.PAUSED,  # not in the SDK's list, yet what `pause` leads to
    "succeeded": JobState.SUCCEEDED,
    "failed": JobState.FAILED,
    "cancelled": JobState.CANCELLED,
}
AZURE: Mapping[str, JobState] = {
    **OPENAI,
    "created": JobState.QUEUED,
    "pending": JobState.QUEUED,
    "notRunning": JobState.QUEUED,
    "pausing": JobState.RUNNING,
    "resuming": JobState.QUEUED,
    "canceled": JobState.CANCELLED,
    "deleted": JobState.CANCELLED,
}
COMPATIBLE: Mapping[str, JobState] = {
    **OPENAI,
    "created": JobState.QUEUED,
    "pending": JobState.QUEUED,
    "completed": JobState.SUCCEEDED,
    "error": JobState.FAILED,
    "user_error": JobState.FAILED,
    "canceled": JobState.CANCELLED,
}
SPELLED = {  # the same measure under another vendor's or an older name
    "validation_loss": "valid_loss",
    "validation_mean_token_accuracy": "valid_mean_token_accuracy",
    "full_validation_loss": "full_valid_loss",
    "full_validation_mean_token_accuracy": "full_valid_mean_token_accuracy",
    "training_loss": "train_loss",
    "train_accuracy": "train_mean_token_accuracy",
    "valid_accuracy": "valid_mean_token_accuracy",
}


def state(table: Mapping[str, JobState], said: str) -> JobState:
    """Ours for a vendor's status. What is not in the table means: something new, still polling."""
    return table.get(said, JobState.UNKNOWN)


def renamed(values: Mapping[str, Any]) -> dict[str, Any]:
    """A row of measures under OpenAI's names, whoever wrote it; without the empty ones."""
    return {SPELLED.get(name, name): value for name, value in values.items() if value not in (None, "")}


def told(event: FineTuningJobEvent) -> list[dict[str, Any]]:
    """One event of the vendor as ours: a step and an evaluation where it holds measures, else a message."""
    data = event.data if isinstance(event.data, dict) else {}
    found = measured(renamed(data)) if event.type == "metrics" or "train_loss" in renamed(data) else []
    return found or [{"type": "message", "level": event.level, "message": event.message, "time": event.created_at}]


def measured(row: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A row of measures as events: {"type": "step", "step", "steps", "loss"} and {"type": "eval", "step", ...}."""
    step, steps = int(_number(row.get("step")) or 0), int(_number(row.get("total_steps")) or 0)
    found: list[dict[str, Any]] = []
    if (loss := _number(row.get("train_loss"))) is not None:
        accuracy = _number(row.get("train_mean_token_accuracy"))
        extra = {"token_accuracy": accuracy} if accuracy is not None else {}
        found.append({"type": "step", "step": step, "steps": steps, "loss": loss, **extra})
    for name in ("full_valid", "valid"):  # the whole validation file says more than one batch of it
        if (loss := _number(row.get(f"{name}_loss"))) is not None:
            accuracy = _number(row.get(f"{name}_mean_token_accuracy"))
            extra = {"token_accuracy": accuracy} if accuracy is not None else {}
            found.append({"type": "eval", "step": step, "eval_loss": loss, "whole": name == "full_valid", **extra})
            break
    return found


def summary(events: Sequence[Mapping[str, Any]], job: FineTuningJob) -> dict[str, Any]:
    """final_loss, eval_loss, steps, seconds and tokens, as far as they are known."""
    steps = [event for event in events if event["type"] == "step"]
    evals = [event for event in events if event["type"] == "eval"]
    whole = [event for event in evals if event["whole"]] or evals
    found: dict[str, Any] = {}
    if steps:
        found |= {"final_loss": steps[-1]["loss"], "steps": steps[-1]["step"]}
    if whole:
        found["eval_loss"] = whole[-1]["eval_loss"]
    if job.finished_at and job.finished_at >= job.created_at:  # both by the vendor's clock: ours may jump
        found["seconds"] = job.finished_at - job.created_at
    if job.trained_tokens is not None:
        found["tokens"] = job.trained_tokens
    return found


def eta(job: FineTuningJob, now: float) -> float | None:
    """Seconds left by the vendor's forecast; None where it gives none, or where the clocks cannot both be right."""
    if not job.estimated_finish or job.finished_at:
        return None
    left = job.estimated_finish - now
    return None if left > MOST_ETA else max(0.0, left)


def _number(value: Any) -> float | None:
    try:
        found = float(value)
    except (TypeError, ValueError):
        return None
    return found if found == found and abs(found) != float("inf") else None
