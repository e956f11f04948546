"""A workbench whose only trainers are hosted ones, at a vendor on loopback, with a case that is ready to be trained."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant.jobs import lifecycle
from assistant.record.types import Job
from assistant.settings import Settings
from assistant.stages import finetune
from assistant.workbench import Workbench, open_workbench
from tests.assistant.guide.proposing import ready
from tests.tools.conftest import wait_for
from tests.tools.vendor_server import KEY, Vendor, serving
from tools.trainer import JobState


@dataclass
class Hosted:
    """The case `case` of `bench`, trained at `vendor` by the trainer `name`."""

    bench: Workbench
    vendor: Vendor
    name: str
    case: str

    def run(self, **options: Any) -> Job:
        bench = self.bench
        return finetune.run(bench, self.case, trainer=self.name, **options)

    def refresh(self) -> Job:
        """The case's latest job after one look."""
        bench = self.bench
        return lifecycle.refresh(bench, self.case)[-1]

    def ended(self) -> Job:
        return wait_for(lambda: (job := self.refresh()) and JobState(job.state).ended and job, 30)

    def restart(self) -> None:
        """New trainers that remember nothing, as after a restart of the app."""
        self.bench.trainers = {self.name: trainers(self.bench.settings)[self.name]}


def trainers(settings: Settings) -> dict[str, Any]:
    """The hosted trainers of these settings, asking anew each time."""
    from assistant.workbench import hosted

    made = {trainer.name: trainer for trainer in hosted(settings)}
    for trainer in made.values():
        trainer.every = 0.0  # type: ignore[attr-defined]
    return made


@contextmanager
def at(flavour: str, folder: Path, **more: Any) -> Iterator[Hosted]:
    """Everything set up at a vendor of this flavour, with a spending cap of 100 dollars."""
    with serving(flavour) as vendor:
        where = {
            "openai": {"openai_api_key": KEY, "openai_base_url": vendor.api},
            "azure": {"azure_openai_api_key": KEY, "azure_openai_endpoint": vendor.url},
            "compatible": {"tune_api_key": KEY, "tune_base_url": vendor.api, "tune_price": 0.4},
        }[flavour]
        bench = open_workbench(Settings.model_validate({"data": folder, "spending_cap": 100.0, **where, **more}))
        made = Hosted(bench, vendor, flavour, ready(bench))
        made.restart()
        try:
            yield made
        finally:
            bench.close()
