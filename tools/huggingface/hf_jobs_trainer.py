"""Hugging Face Jobs: our own worker on a rented machine, with private repositories for what goes in and comes out."""

from __future__ import annotations

import hashlib
import math
import tomllib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

from tools import jobdir, process
from tools.huggingface import hub_link
from tools.local.machine import Hardware
from tools.local.trl_trainer import TrlTrainer
from tools.prices import TABLE
from tools.trainer import Estimate, JobState, JobStatus, Range, ToolError, TrainRequest

WORKER = "tools.workers.elsewhere.hf_courier"
ENDPOINT = "https://huggingface.co"
START_SECONDS = Range(120.0, 900.0)  # the machine, its libraries, the base; not measured
LEAST_TIMEOUT = 1800.0
STATES = {
    "SCHEDULING": JobState.QUEUED,
    "RUNNING": JobState.RUNNING,
    "UPDATING": JobState.RUNNING,
    "COMPLETED": JobState.RUNNING,  # its result is being fetched: only then has it succeeded
    "CANCELED": JobState.CANCELLED,
    "ERROR": JobState.FAILED,
    "DELETED": JobState.FAILED,
}


class _Elsewhere(TrlTrainer):
    """The forecast of a run on other hardware, which does not need this machine's memory."""

    here: ClassVar[bool] = False

    def __init__(self, root: Path, hardware: Hardware) -> None:
        super().__init__(root)
        self._hardware = hardware

    @property
    def hardware(self) -> Hardware:
        return self._hardware


@dataclass(frozen=True)
class Flavor:
    """A machine that is rented: US dollars an hour on the day of `date`, and what it has. `cores` are of its CPU."""

    hour: float
    gpus: int
    cores: int
    date: str


@dataclass(frozen=True)
class HfJobs:
    """Where and on what it trains. `prices` is the dated table; an empty namespace is the token's owner."""

    token: str
    endpoint: str = ENDPOINT
    flavor: str = "cpu-upgrade"
    namespace: str = ""
    prices: Path = TABLE
    look: float = hub_link.LOOK  # seconds between two looks at a running job
    lost: float = 900.0  # seconds after which a job that was asked for and is not listed counts as not begun


class HfJobsTrainer:
    """LoRA with TRL on a machine rented by the minute from Hugging Face Jobs; this is how a CPU Space trains.

    The handle is a directory, in which a courier process notes what the Hub says and into which it fetches the model.
    """

    name: ClassVar[str] = "hf_jobs"

    def __init__(self, root: Path, place: HfJobs) -> None:
        self.root = root
        self.place = place

    def unavailable(self) -> str | None:
        """One sentence and a remedy; None when ready. Asks nobody: the Hub's answer comes with the first job."""
        if not self.place.token:
            return "There is no token of Hugging Face. Set HF_TOKEN to one that may write repositories and run jobs."
        try:
            self._flavor()
        except ToolError as error:
            return str(error)
        return None

    def estimate(self, request: TrainRequest) -> Estimate:
        """The most it can cost is the timeout's price: the Hub ends the job then. Raises ToolError as `start` does."""
        return self._forecast(request)

    def _forecast(self, request: TrainRequest) -> Estimate:
        flavor = self._flavor()
        if request.processes > max(flavor.gpus, 1):
            has = f"{self.place.flavor} has {flavor.gpus} GPUs"
            raise ToolError(
                f"{request.processes} processes were asked for, but {has}.",
                "Ask for fewer, or set ATTUNE_HF_FLAVOR to a machine with more.",
            )
        if request.tuning == "qlora" and not flavor.gpus:
            raise ToolError(f"QLoRA needs a GPU and {self.place.flavor} has none.", "Set ATTUNE_HF_FLAVOR to l4x1.")
        alike = replace(request, processes=1, tuning="lora" if request.tuning == "qlora" else request.tuning)
        there = _Elsewhere(self.root, Hardware(flavor.gpus > 0, flavor.cores)).estimate(alike)
        low = START_SECONDS.low + there.seconds.low
        high = START_SECONDS.high + there.seconds.high
        return replace(
            there,
            seconds=Range(round(low), round(high)),
            money_usd=Range(_cents(low * flavor.hour / 3600), _cents(timeout(high) * flavor.hour / 3600)),
            source=f"{there.source} A {self.place.flavor} costs ${flavor.hour:.2f} an hour (price of {flavor.date}); "
            f"the job is ended after {timeout(high) / 60:.0f} minutes, so it cannot cost more.",
        )

    def start(self, request: TrainRequest) -> str:
        """Start the courier and return its directory: the same for the same key, however often it is asked for."""
        forecast = self._forecast(request)
        if problem := self.unavailable():
            raise ToolError(problem)
        if known := self.find(request.key):
            return known
        label = label_of(request.key) if request.key else label_of(hashlib.sha256(repr(request).encode()).hexdigest())
        directory = self._directory(label)
        alike = replace(request, base=_absolute(request.base), adapter=_absolute(request.adapter))
        asked = alike.to_json() | {"engine": "trl", "hub": self._hub(label, forecast)}
        self._spawn(directory, asked)
        return str(directory)

    def find(self, key: str) -> str | None:
        """The directory of the run of this key; made anew, to fetch its result, where only the Hub still knows it."""
        if not key:
            return None
        directory = self._directory(label_of(key))
        if (directory / jobdir.REQUEST).is_file():
            return str(directory)
        if not self.place.token or not hub_link.Link(self.place.token, self._hub(label_of(key), None)).job():
            return None
        self._spawn(directory, {"base": "", "hub": self._hub(label_of(key), None)})
        return str(directory)

    def poll(self, handle: str, after: int = 0) -> JobStatus:
        """What is true of the run, from the courier's notes; a courier that died is started again."""
        directory = Path(handle)
        if not directory.is_dir() or (directory / jobdir.RESULT).exists():
            status = process.status(directory, after)
            unfinished = status.state in (JobState.FAILED, JobState.CANCELLED)
            pushed = directory.is_dir() and any(e["type"] == "checkpoint" for e in jobdir.read_events(directory))
            return replace(status, resumable=unfinished and pushed)
        if not jobdir.alive(directory) and not hub_link.resting(directory):
            try:
                self._spawn(directory, jobdir.read_request(directory))
            except ToolError as error:  # the job goes on all the same
                return process.described(directory, after, JobState.UNKNOWN, str(error))
        status = process.described(directory, after, *self._state(directory))
        return replace(status, eta_seconds=None if status.state is not JobState.RUNNING else status.eta_seconds)

    def cancel(self, handle: str) -> None:
        """Ask the Hub to end the job; the run counts as cancelled when the Hub says so, not before."""
        directory = Path(handle)
        if directory.is_dir() and not (directory / jobdir.RESULT).exists():
            (directory / jobdir.CANCEL).touch()  # also for a courier that is dead: the next one finds it
            process.cancel(directory)

    def pause(self, handle: str) -> None:  # noqa: ARG002
        """Jobs are cancelled and resumed instead."""
        raise ToolError("A job of Hugging Face cannot be paused.", "Cancel it; its pushed checkpoint is kept.")

    def resume(self, handle: str) -> None:
        """Go on with the run's job, where it still runs or its model was never fetched; else start another.

        That one is paid like the first, and goes on from the checkpoint which the first one pushed.
        """
        directory = Path(handle)
        status = self.poll(handle)
        if not status.state.ended:
            raise ToolError("This run is still going.", "Wait for it to end, or cancel it first.")
        asked = jobdir.read_request(directory)
        succeeded = status.state is JobState.SUCCEEDED
        if succeeded or not hub_link.Link(self.place.token, asked["hub"]).unfetched():
            if not status.resumable:
                raise ToolError("There is no checkpoint to go on from.", "Start a new run.")
            asked["hub"]["attempt"] = int(asked["hub"].get("attempt", 1)) + 1
        for name in (jobdir.RESULT, jobdir.CANCEL, hub_link.NOTE):
            (directory / name).unlink(missing_ok=True)
        self._spawn(directory, asked)

    def _state(self, directory: Path) -> tuple[JobState, str]:
        note = jobdir.read_json(directory / hub_link.NOTE) or {}
        if note.get("trouble"):
            return JobState.UNKNOWN, str(note["trouble"])
        stage = str(note.get("stage", ""))
        if not stage:
            return JobState.QUEUED, ""
        state = STATES.get(stage, JobState.UNKNOWN)
        if state.ended:  # seen, but the last word is the result's
            state = JobState.RUNNING
        return state, f"The Hub says '{stage}'." if state is JobState.UNKNOWN else ""

    def _spawn(self, directory: Path, asked: dict[str, Any]) -> None:
        try:
            process.start(directory, WORKER, asked, extra={"HF_TOKEN": self.place.token, "HF_HUB_OFFLINE": "0"})
        except ToolError:
            if not jobdir.alive(directory):  # somebody else started it in this moment
                raise

    def _directory(self, label: str) -> Path:
        return self.root.resolve() / f"{self.name}-{label}"

    def _hub(self, label: str, forecast: Estimate | None) -> dict[str, Any]:
        seconds = timeout(forecast.seconds.high) if forecast else LEAST_TIMEOUT
        return {
            "endpoint": self.place.endpoint,
            "namespace": self.place.namespace,
            "flavor": self.place.flavor,
            "label": label,
            "timeout": int(seconds),
            "look": self.place.look,
            "lost": self.place.lost,
        }

    def _flavor(self) -> Flavor:
        """The machine as the table has it. Raises ToolError for an unknown flavor, and for a CPU without its cores."""
        table = tomllib.loads(self.place.prices.read_text(encoding="utf-8")).get("hf_jobs", {})
        row = table.get("flavors", {}).get(self.place.flavor)
        if row is None:
            known = ", ".join(table.get("flavors", {}))
            raise ToolError(
                f"There is no price for the flavor '{self.place.flavor}'.",
                f"Set ATTUNE_HF_FLAVOR to one of {known}, or add it to the table.",
            )
        if not (row["gpus"] or row.get("cores")):
            raise ToolError(
                f"The table does not say how many cores the flavor '{self.place.flavor}' has.",
                "Add `cores` beside its price: how long a run takes depends on them.",
            )
        date = str(table.get("date", "an unknown day"))
        return Flavor(float(row["hour"]), int(row["gpus"]), int(row.get("cores", 0)), date)


def timeout(seconds: float) -> float:
    """Seconds after which the Hub ends the job: twice the forecast, in whole minutes. Its own default is 30 minutes."""
    return math.ceil(max(LEAST_TIMEOUT, 2 * seconds) / 60) * 60.0


def label_of(key: str) -> str:
    """What a key is called at the Hub: labels hold few characters."""
    return hashlib.sha256(key.encode()).hexdigest()[:20]


def _absolute(name: str) -> str:
    """A folder's whole path; what is no folder here is a name of the Hub, or nothing."""
    folder = Path(name).expanduser()
    return str(folder.resolve()) if name and folder.is_dir() else name


def _cents(money: float) -> float:
    return math.ceil(money * 100) / 100
