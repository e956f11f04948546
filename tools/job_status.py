"""A job directory's files -> what its run has come to: step, events, checkpoints, result, and why it died."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tools import jobdir
from tools.trainer import Checkpoint, JobState, JobStatus


def ended(directory: Path, events: list[dict[str, Any]], after: int, result: Mapping[str, Any]) -> JobStatus:
    try:
        state = JobState(result.get("state", ""))
    except ValueError:
        state = JobState.UNKNOWN
    return current(directory, events, after, state, str(result.get("reason", "")), result)


def current(
    directory: Path,
    events: list[dict[str, Any]],
    after: int,
    state: JobState,
    reason: str,
    result: Mapping[str, Any] | None = None,
) -> JobStatus:
    result = result or {}
    last: dict[str, Any] = next((event for event in reversed(events) if event.get("type") == "step"), {})
    unfinished = state in (JobState.FAILED, JobState.CANCELLED)
    return JobStatus(
        state=state,
        reason=reason,
        step=int(last.get("step", 0)),
        steps=int(last.get("steps", 0)),
        eta_seconds=last.get("eta_seconds") if state is JobState.RUNNING else None,
        events=events[max(0, after) :],
        model=_inside(directory, result.get("model")),
        adapter=_inside(directory, result.get("adapter")),
        metrics=dict(result.get("metrics", {})),
        resumable=state is JobState.PAUSED or (unfinished and bool(jobdir.checkpoints(directory))),
        checkpoints=_checkpoints(directory, events),
    )


def _checkpoints(directory: Path, events: list[dict[str, Any]]) -> list[Checkpoint]:
    """The checkpoints kept, each with its eval loss where it was evaluated; the best one says so."""
    told = [event for event in events if event.get("type") == "eval" and event.get("eval_loss") is not None]
    losses = {int(event.get("step", 0)): float(event["eval_loss"]) for event in told}
    kept = {int(path.name.rsplit("-", 1)[1]): path for path in jobdir.checkpoints(directory)}
    best = min((step for step in kept if step in losses), key=lambda step: losses[step], default=None)
    return [
        Checkpoint(step, str(path), ({"eval_loss": losses[step]} if step in losses else {}) | {"best": step == best})
        for step, path in kept.items()
    ]


def _inside(directory: Path, name: Any) -> str:
    """Results are recorded relative to their directory, which may have moved since."""
    return str(directory / str(name)) if name else ""


def cause_of_death(directory: Path) -> str:
    """One sentence on a worker that ended without a result."""
    if not (directory / jobdir.LOCK).exists() and any(directory.iterdir()):
        return "Files of its folder were removed while it trained, so it was ended."
    if not (directory / jobdir.REQUEST).exists():
        return "The worker never started."
    code = jobdir.read_text(directory / jobdir.EXIT)
    line = jobdir.last_line(directory / jobdir.LOG)
    said = f" Its last words: {line}" if line else ""
    if code == str(-signal.SIGKILL):
        return f"The worker was killed (signal 9), perhaps because memory ran out.{said}"
    if code.startswith("-"):
        return f"The worker was ended by signal {code[1:]}.{said}"
    return f"The worker ended without a result{f' (exit code {code})' if code else ''}.{said}"
