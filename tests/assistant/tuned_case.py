"""A case whose tiny model was really trained, merged and measured, once; each test gets a copy of its data folder."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from assistant import variants
from assistant.jobs import lifecycle
from assistant.knowledge.reading import ingestion
from assistant.record.types import Job, Variant
from assistant.settings import Settings
from assistant.stages import baseline, dataset, evaluate, finetune, interview
from assistant.workbench import Workbench, open_workbench
from tests.assistant.conversations.test_conversations import questions as unlike
from tests.assistant.material import PLANTS, talk

LEARNED, HELD_OUT, STEPS = 14, 4, 4
CASE = "plants"
TunedCase = tuple[Workbench, Job, Variant]


def train(bench: Workbench, steps: int = STEPS) -> Job:
    """A run of the case to its end."""
    job = finetune.run(bench, CASE, trainer="trl", max_steps=steps, passages="off")
    while not lifecycle.follow(bench, job.id).state.ended:
        time.sleep(0.2)
    return bench.store.job(job.id)


def fill(bench: Workbench) -> None:
    store = bench.store
    interview.new(store, "Plant desk", id=CASE)
    interview.run(store, CASE, dict.fromkeys(interview.QUESTIONS, "skip") | {"goal": "Help people with plants"})
    for name, text in PLANTS.items():
        ingestion.add(store, bench.settings, CASE, name, text.encode())
    baseline.run(store, bench.settings, CASE)
    for number, words in enumerate(unlike(LEARNED + HELD_OUT)):
        kind = "heldout" if number < HELD_OUT else "import"
        more = ("And in winter?", "Then less of it.") if number % 2 else ()
        store.import_conversation(CASE, kind, talk(f"{words} cactus?", f"Hello! {words} wants water.", *more))
    dataset.run(store, CASE)


@pytest.fixture(scope="session")
def tuned_folder(tmp_path_factory: pytest.TempPathFactory, tiny: Path) -> Path:
    """The data folder of a case whose model was trained and measured."""
    data = tmp_path_factory.mktemp("measured")
    bench = open_workbench(Settings(_env_file=None, data=data, chat_model=str(tiny), embedding="lexical"))
    fill(bench)
    job = train(bench)
    assert job.state == "succeeded", job.reason
    evaluate.run(bench, CASE)
    bench.close()
    return data


@pytest.fixture
def opened_again(tuned_folder: Path, tmp_path: Path, tiny: Path) -> Iterator[Callable[[], Workbench]]:
    """Opens a copy of the measured case, as often as it is asked to: as a new process would."""
    shutil.copytree(tuned_folder, tmp_path / "copy")
    benches: list[Workbench] = []

    def open_() -> Workbench:
        made = Settings(_env_file=None, data=tmp_path / "copy", chat_model=str(tiny), embedding="lexical")
        benches.append(open_workbench(made))
        return benches[-1]

    yield open_
    for bench in benches:
        bench.close()


@pytest.fixture
def tuned_case(opened_again: Callable[[], Workbench]) -> TunedCase:
    """The copy opened, its job, and the variant that was measured."""
    bench = opened_again()
    (job,) = bench.store.made(CASE)
    return bench, job, variants.tuned(bench.store, bench.settings, job)[variants.TUNED]
