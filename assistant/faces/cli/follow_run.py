"""Following a training run from a terminal: one line with step, loss and time left."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from assistant.faces.cli.shared import CommandStopped, ProgressLine, duration
from assistant.jobs import lifecycle

if TYPE_CHECKING:
    from assistant.record.types import Job
    from assistant.workbench import Workbench
    from tools.trainer import JobStatus

POLL_SECONDS = 0.5


def follow(bench: Workbench, job: int) -> Job:
    """Show a run's progress on standard error until it ends or is paused; returns the job as it is then."""

    line, seen, loss = ProgressLine(), 0, ""
    try:
        while True:
            status = lifecycle.follow(bench, job, after=seen)
            seen += len(status.events)
            loss = next((f"{e['loss']:.3f}" for e in reversed(status.events) if "loss" in e), loss)
            line(progress_text(job, status, loss))
            if status.state.rests:
                break
            time.sleep(POLL_SECONDS)
    except KeyboardInterrupt:
        raise left_alone(job) from None
    finally:
        line.end()
    lifecycle.refresh(bench)
    return bench.store.job(job)


def left_alone(job: int) -> CommandStopped:
    """What is said to someone who pressed Ctrl-C while a job runs: the job does not hear it."""
    return CommandStopped(
        f"Job {job} goes on in the background. Follow it with `attune finetune --follow --job {job}`, "
        f"end it with `attune finetune --cancel --job {job}`."
    )


def progress_text(job: int, status: JobStatus, loss: str) -> str:
    """For example: Job 3 running: step 40 of 138, loss 1.204, 35 s left."""
    text = f"Job {job} {status.state}"
    if status.steps:
        text += f": step {status.step} of {status.steps}"
    if loss:
        text += f", loss {loss}"
    if status.eta_seconds is not None:
        text += f", {duration(status.eta_seconds)} left"
    return text
