"""/v1 with a trainer whose runs are real processes that train nothing, and programs that race for its queue.

`python -m ...api.quick DATA NAME` says that it is ready and looks at the data folder's queue as soon as it may.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from openai.types.fine_tuning import FineTuningJob

from assistant.settings import Settings
from assistant.uploads import queue
from assistant.workbench import open_workbench
from tests.assistant.faces.api.conftest import V1, opened
from tests.tools.conftest import end_workers
from tests.tools.fake_worker import GO
from tools import jobdir, process
from tools.local.local_trainer import LocalTrainer
from tools.trainer import Estimate, Range, ToolError, TrainRequest

WORKER = "tests.tools.fake_worker"
OWNER = "ada"


class QuickTrainer(LocalTrainer):
    """A run does what its suffix says (see the worker); without one it takes five steps and has succeeded."""

    name = "quick"
    packages = ()
    remedy = ""
    seconds = Range(40, 90)

    def estimate(self, request: TrainRequest) -> Estimate:  # noqa: ARG002
        return Estimate(self.seconds, Range(0, 0), Range(0, 0), "told")

    def start(self, request: TrainRequest) -> str:
        if request.suffix == "refuse":
            raise ToolError("The disk is full.", "Free some space.")
        directory = self.root.resolve() / f"quick-{time.time_ns()}"
        process.start(directory, WORKER, request.to_json() | {"do": request.suffix})
        return str(directory)

    def resume(self, handle: str) -> None:
        process.resume(Path(handle), WORKER)

    def begun(self) -> list[Path]:
        """The directories of what was started, in that order."""
        return sorted(request.parent for request in self.root.glob(f"quick-*/{jobdir.REQUEST}"))

    def order(self) -> list[str]:
        """The last user messages of the runs' first rows, in the order in which the runs were started."""
        return [jobdir.read_request(path)["train"][0][-1]["content"] for path in self.begun()]

    def asked(self, number: int) -> dict[str, object]:
        """What a run was asked for."""
        return jobdir.read_request(self.begun()[number])

    def release(self, number: int = -1) -> None:
        """Let a run that holds go on."""
        (self.begun()[number] / GO).touch()


@contextmanager
def serving(data: Path, jobs: int = 1) -> Iterator[tuple[V1, QuickTrainer]]:
    trainer = QuickTrainer(data / "jobs")
    with opened(data, {"quick": trainer}, api_jobs=jobs) as v1:
        yield v1, trainer


@pytest.fixture
def data(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "run"
    end_workers(tmp_path)


def file(v1: V1, number: int) -> str:
    """A file whose rows all say its number."""
    row = {"messages": [{"role": "user", "content": "Which?"}, {"role": "assistant", "content": str(number)}]}
    return v1.ada.files.create(
        file=(f"{number}.jsonl", "\n".join([json.dumps(row)] * 10).encode()), purpose="fine-tune"
    ).id


def create(v1: V1, number: int, does: str = "") -> FineTuningJob:
    return v1.ada.fine_tuning.jobs.create(
        model=v1.bench.settings.chat_model, training_file=file(v1, number), suffix=does
    )


def status(v1: V1, job: FineTuningJob) -> str:
    return v1.ada.fine_tuning.jobs.retrieve(job.id).status


def said(v1: V1, job: FineTuningJob) -> list[str]:
    return [event.message for event in v1.ada.fine_tuning.jobs.list_events(job.id).data]


def main(data: str, name: str) -> None:
    settings = Settings(data=Path(data), owner=OWNER, embedding="lexical", api_jobs=1)
    bench = open_workbench(settings)
    trainer = QuickTrainer(settings.jobs)
    (settings.data / f"ready-{name}").touch()
    while not (settings.data / GO).exists():
        time.sleep(0.001)
    bench.trainers = {"quick": trainer}
    queue.advance(bench, OWNER)
    bench.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
