"""A workbench whose only trainer takes no time, and a case that is ready to be trained."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from assistant.settings import Settings
from assistant.stages import baseline, dataset, interview
from assistant.workbench import Workbench, open_workbench
from tools.trainer import Estimate, JobState, JobStatus, Range, ToolError, TrainRequest


@dataclass
class InstantTrainer:
    """A trainer that takes no time: it counts estimates and notes what it was asked for; its runs end at once."""

    name: str = "instant"
    started: list[TrainRequest] = field(default_factory=list)
    estimated: int = 0
    refuses: str = ""
    state: JobState = JobState.RUNNING

    def unavailable(self) -> str | None:
        return None

    def estimate(self, request: TrainRequest) -> Estimate:
        self.estimated += 1
        return Estimate(Range(240, 540), Range(1, 2), Range(0, 0), f"{len(request.train)} rows on this machine", 10)

    def start(self, request: TrainRequest) -> str:
        if self.refuses:
            raise ToolError(self.refuses, "Buy a larger one.")
        self.started.append(request)
        return f"instant-{len(self.started)}"

    def poll(self, handle: str, after: int = 0) -> JobStatus:  # noqa: ARG002
        return JobStatus(self.state, step=5, steps=10, eta_seconds=120, model="instant/model")

    def cancel(self, handle: str) -> None: ...

    def resume(self, handle: str) -> None: ...


def open_bench(data: Path, **settings: object) -> tuple[Workbench, InstantTrainer]:
    """A real workbench in a folder of its own, whose only trainer is an instant one."""
    bench = open_workbench(Settings.model_validate({"data": data, **settings}))
    trainer = InstantTrainer()
    bench.trainers = {"instant": trainer}
    return bench, trainer


def approve(bench: Workbench, case: str, count: int) -> None:
    """Import that many different approved conversations."""
    for i in range(count):
        words = f"{chr(97 + i % 26)}{i} order number {i * 7919} of the {['green', 'black', 'white', 'red'][i % 4]} tea"
        bench.store.import_conversation(
            case,
            "import",
            [
                {"role": "user", "content": f"Where is my {words}, please?"},
                {"role": "assistant", "content": f"Hello! Your {words} left shelf {i * 31} today. Next step: none."},
            ],
        )


def ready(bench: Workbench, title: str = "Tea shop") -> str:
    """A case whose brief is complete and whose dataset is frozen."""
    case = interview.new(bench.store, title).id
    interview.run(bench.store, case, dict.fromkeys(interview.QUESTIONS, "skip") | {"goal": "Answer customers"})
    baseline.run(bench.store, bench.settings, case)
    approve(bench, case, 20)
    dataset.run(bench.store, case)
    return case


Opened = tuple[Workbench, InstantTrainer]
