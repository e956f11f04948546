"""Benches of the trainers that run our own worker: they really train the tiny model."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests import tinymodel
from tests.tools.contract import Bench, rows
from tests.tools.hub_server import Hub
from tools.autotrain.autotrain_trainer import AutoTrainTrainer
from tools.huggingface.hf_jobs_trainer import HfJobs, HfJobsTrainer
from tools.local.local_trainer import LocalTrainer
from tools.local.trl_trainer import TrlTrainer
from tools.local.unsloth_trainer import UnslothTrainer
from tools.trainer import JobState, JobStatus, Trainer, TrainRequest

AUTOTRAIN = Path(sys.prefix) / "autotrain"


class WorkerBench(Bench):
    """A folder of jobs on the tiny model."""

    resumes = True

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.tiny = tinymodel.make(folder / "tiny")

    def request(self, **changes: Any) -> TrainRequest:
        return TrainRequest(**({"base": str(self.tiny), "max_steps": 2, "key": "confirmed-once"} | rows() | changes))

    def long(self) -> TrainRequest:
        return self.request(max_steps=4000, samples=[], key="long")

    def broken(self) -> TrainRequest:
        wild = {"learning_rate": 1e38, "max_steps": 50, "samples": [], "key": "broken"}
        return self.request(**wild)


class LocalBench(WorkerBench):
    """A trainer on this machine."""

    kind: type[LocalTrainer]
    pauses = True

    def make(self) -> LocalTrainer:
        return self.kind(self.folder / "run" / "jobs")

    def off(self) -> LocalTrainer:
        return self.kind(self.folder, "/no/such/python")

    def progressing(self, status: JobStatus) -> bool:
        return status.state is JobState.RUNNING and status.step > 0


class TrlBench(LocalBench):
    kind = TrlTrainer


class UnslothBench(LocalBench):
    kind = UnslothTrainer


class AutoTrainBench(LocalBench):
    """Its environment lies beside the tests' own, so that it is made once and not for every run of them."""

    pauses = resumes = False
    seconds = 600.0

    def make(self) -> LocalTrainer:
        return AutoTrainTrainer(self.folder / "run" / "jobs", AUTOTRAIN)

    def off(self) -> LocalTrainer:
        return AutoTrainTrainer(self.folder, AUTOTRAIN, "/no/such/python")

    def impossible(self) -> TrainRequest:
        return self.request(method="kto")


class HfJobsBench(WorkerBench):
    """A Hub on loopback really runs the jobs."""

    seconds = 600.0

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.hub = Hub(folder / "hub")
        self.place = HfJobs(self.hub.token, self.hub.url, look=0.2)

    def make(self) -> Trainer:
        return HfJobsTrainer(self.folder / "run" / "jobs", self.place)

    def off(self) -> Trainer:
        return HfJobsTrainer(self.folder, replace(self.place, token=""))

    def progressing(self, status: JobStatus) -> bool:
        return status.state is JobState.RUNNING and any(e["type"] == "checkpoint" for e in status.events)

    def close(self) -> None:
        self.hub.close()
