"""The mission: six stages in this order. Where a case stands is derived from what the record holds.

Here: when a stage may run, whether it is done, and its run. Not here: the depth below it, which lies beside.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType

from assistant.record.store import Store
from assistant.stages import baseline, dataset, evaluate, finetune, interview, switch


@dataclass(frozen=True)
class Stage:
    """`module` has blocked(store, case) -> str | None, done(store, case) -> bool, and run(...)."""

    name: str
    title: str
    module: ModuleType


@dataclass(frozen=True)
class Progress:
    """`state`: done, current or todo; `note`: why it cannot run yet, or what it is for."""

    name: str
    title: str
    state: str
    note: str


STAGES = (
    Stage("interview", "Interview", interview),
    Stage("baseline", "Baseline", baseline),
    Stage("dataset", "Dataset", dataset),
    Stage("finetune", "Fine-tune", finetune),
    Stage("evaluate", "Evaluate", evaluate),
    Stage("switch", "Switch", switch),
)


def current(store: Store, case: str) -> str:
    """The first stage that is not done yet; "done" when all are."""
    return next((stage.name for stage in STAGES if not stage.module.done(store, case)), "done")


def progress(store: Store, case: str) -> list[Progress]:
    """Every stage with its state and a sentence, for trackers."""
    done = {stage.name: stage.module.done(store, case) for stage in STAGES}
    here = next((name for name, over in done.items() if not over), "done")
    found = []
    for stage in STAGES:
        state = "done" if done[stage.name] else "current" if stage.name == here else "todo"
        purpose = (stage.module.__doc__ or "").split(": ", 1)[-1].splitlines()[0]
        found.append(Progress(stage.name, stage.title, state, stage.module.blocked(store, case) or purpose))
    return found
