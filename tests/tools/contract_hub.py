"""The bench of Hugging Face Jobs: a Hub on loopback really runs the jobs, so that the starter is really trained."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.tools.conftest import STARTER, make_model
from tests.tools.contract import Bench, rows
from tests.tools.hub_server import Hub
from tools.hf_jobs import HfJobs, HfJobsTrainer
from tools.trainer import JobState, JobStatus, TrainRequest


class HfJobsBench(Bench):
    resumes = True
    seconds = 600.0

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.hub = Hub(folder / "hub")
        self.place = HfJobs(self.hub.token, self.hub.url, look=0.2)
        self._tiny: Path | None = None

    def make(self) -> HfJobsTrainer:
        return HfJobsTrainer(self.folder / "run" / "jobs", self.place)

    def off(self) -> HfJobsTrainer:
        return HfJobsTrainer(self.folder, replace(self.place, token=""))

    def request(self, **changes: Any) -> TrainRequest:
        return TrainRequest(**({"base": str(STARTER), "max_steps": 2, "key": "confirmed-once"} | rows() | changes))

    def long(self) -> TrainRequest:
        return self.request(base=str(self.tiny()), max_steps=4000, samples=[], key="long")

    def broken(self) -> TrainRequest:
        wild = {"learning_rate": 1e38, "max_steps": 50, "samples": [], "key": "broken"}
        return self.request(base=str(self.tiny()), **wild)

    def progressing(self, status: JobStatus) -> bool:
        return status.state is JobState.RUNNING and any(e["type"] == "checkpoint" for e in status.events)

    def tiny(self) -> Path:
        self._tiny = self._tiny or make_model(self.folder / "tiny")
        return self._tiny

    def close(self) -> None:
        self.hub.close()
