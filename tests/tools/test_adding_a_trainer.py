"""The page on adding a trainer keeps its word: the trainer that it shows runs, in under 100 lines and by one entry."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from assistant.errors import AttuneError
from assistant.jobs import lifecycle
from assistant.settings import ROOT, Settings
from assistant.stages import finetune
from assistant.workbench import Workbench, open_workbench
from tests.assistant.guide import proposing
from tests.tools.conftest import make_rows
from tools.trainer import JobState, ToolError, Trainer, TrainRequest

MOST_LINES = 100


def code() -> str:
    page = (ROOT / "docs" / "adding-a-trainer.md").read_text(encoding="utf-8")
    found = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    assert len(found) == 1
    return str(found[0])


@pytest.fixture
def trainer(tmp_path: Path) -> Trainer:
    names: dict[str, Any] = {}
    exec(compile(code(), "docs/adding-a-trainer.md", "exec"), names)
    made: Trainer = names["CopyTrainer"](tmp_path / "jobs")
    return made


@pytest.fixture
def bench(tmp_path: Path, trainer: Trainer) -> Iterator[Workbench]:
    opened = open_workbench(Settings(data=tmp_path))
    opened.trainers = {trainer.name: trainer}  # the one entry
    yield opened
    opened.close()


def test_it_is_short() -> None:
    assert len(code().splitlines()) <= MOST_LINES


def test_it_keeps_the_contract(trainer: Trainer, tiny: Path) -> None:
    request = TrainRequest(str(tiny), make_rows(4), key="one")
    assert trainer.unavailable() is None
    assert trainer.estimate(request).seconds.high > 0
    with pytest.raises(ToolError, match="nothing to train on"):
        trainer.estimate(TrainRequest(str(tiny), []))
    assert trainer.find("one") is None
    handle = trainer.start(request)
    assert trainer.find("one") == handle
    status = trainer.poll(handle)
    assert status.state is JobState.SUCCEEDED
    assert (Path(status.model) / "config.json").is_file()
    assert len(status.events) == 1
    assert trainer.poll(handle, after=1).events == []
    trainer.cancel(handle)
    assert trainer.poll(handle).state is JobState.SUCCEEDED
    for refused in (trainer.pause, trainer.resume):
        with pytest.raises(ToolError) as caught:
            refused(handle)
        assert caught.value.remedy
    assert trainer.poll(f"{handle}-gone").state is JobState.FAILED


def test_a_case_is_trained_with_it(bench: Workbench, tiny: Path) -> None:
    case = proposing.ready(bench)
    job = finetune.run(bench, case, base=str(tiny))
    assert lifecycle.follow(bench, job.id).state is JobState.SUCCEEDED
    assert {variant.name for variant in bench.store.variants(case) if variant.job == job.id} == {"tuned"}
    with pytest.raises(AttuneError, match="has succeeded"):
        lifecycle.resume(bench, job.id)
