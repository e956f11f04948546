"""What the contract suite needs of every trainer: a bench that makes it, feeds it, breaks it and says how it answers.

A new trainer joins the suite with a `Bench` of its own in BENCHES of test_contract.py; the tests stay as they are.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

from assistant.settings import Settings
from tests.tools.conftest import make_rows, wait_for
from tools.trainer import JobState, JobStatus, Trainer, TrainRequest


class Bench(ABC):
    """One trainer with its surroundings. Opened once for the suite in a folder of its own, closed at the end."""

    pauses = False  # whether a run can be paused and go on
    resumes = False  # whether a run that was cancelled goes on from its checkpoint
    tells = True  # whether its status tells that it would
    seconds = 280.0  # in which a short run ends

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @abstractmethod
    def make(self) -> Trainer:
        """A new trainer object, ready to use: what an app has after a restart."""

    @abstractmethod
    def off(self) -> Trainer:
        """The trainer on a machine, or with settings, where it cannot run."""

    @abstractmethod
    def request(self, **changes: Any) -> TrainRequest:
        """A short run that succeeds."""

    def long(self) -> TrainRequest:
        """A run that does not end by itself while the test looks at it."""
        return self.request()

    def broken(self) -> TrainRequest:
        """The next run fails once it has begun, with a reason."""
        return self.request()

    def impossible(self) -> TrainRequest:
        """A request that the trainer must refuse at once."""
        return self.request(train=[])

    def strike(self, handle: str) -> None:  # noqa: B027
        """Break the run that `broken` began, where that takes a deed."""

    def fix(self) -> None:  # noqa: B027
        """Undo what `long` or `broken` did to the surroundings."""

    def progressing(self, status: JobStatus) -> bool:
        """Whether a long run has come far enough to be cancelled."""
        return status.state is JobState.RUNNING

    def settings(self, data: Path) -> Settings:
        """Settings with which the chat reaches the model of a run."""
        return settings(data)

    def serve(self, model: str) -> None:  # noqa: B027
        """Do what the vendor wants before a tuned model answers."""

    def close(self) -> None:  # noqa: B027
        """End what was started."""


def settings(data: Path, **more: Any) -> Settings:
    return Settings(_env_file=None, data=data, **more)  # type: ignore[call-arg]


def rows(count: int = 20) -> dict[str, Any]:
    """Conversations for a request: train, test, and two prompts for samples."""
    made = make_rows(count)
    return {"train": made[: count - 4], "test": made[count - 4 :], "samples": [row[:2] for row in made[:2]]}


def ended(trainer: Trainer, handle: str, seconds: float) -> JobStatus:
    """The job's status once it has ended."""
    return wait_for(lambda: (found := trainer.poll(handle)).state.ended and found, seconds, 0.1)
