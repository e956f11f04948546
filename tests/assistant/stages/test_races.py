"""Two processes that do the same thing to one case at the same instant: it is done once, and the other one is told."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from assistant import variants
from assistant.guide import proposals
from assistant.jobs import lifecycle
from assistant.stages import baseline, dataset, finetune, switch
from assistant.workbench import Workbench
from tests.assistant.evidence.reading_server import ReadingServer
from tests.assistant.guide.proposing import InstantTrainer, approve, open_bench, ready
from tests.conftest import ROOT
from tools.trainer import Estimate, JobState, TrainRequest

RACER = """
import json, sys, time
from pathlib import Path
from assistant.errors import AttuneError
from tests.assistant.guide.proposing import open_bench
from tests.assistant.stages import test_races
data, act, case, gate, settings = sys.argv[1:]
bench, _ = open_bench(Path(data), **json.loads(settings))
bench.trainers = {"instant": test_races.Slow()}
print("ready", flush=True)
while not Path(gate).exists():
    time.sleep(0.001)
try:
    print(json.dumps({"done": str(getattr(test_races, act)(bench, case))}), flush=True)
except AttuneError as error:
    print(json.dumps({"refused": str(error)}), flush=True)
bench.close()
"""


class Slow(InstantTrainer):
    """One that takes its time between the look at what runs and the record, and to resume."""

    def __init__(self) -> None:
        super().__init__("instant")

    def estimate(self, request: TrainRequest) -> Estimate:
        time.sleep(0.5)
        return super().estimate(request)

    def poll(self, handle: str, after: int = 0) -> Any:
        self.state = JobState.PAUSED if not Path(handle).with_suffix(".resumed").exists() else JobState.RUNNING
        return super().poll(handle, after)

    def resume(self, handle: str) -> None:
        time.sleep(0.5)
        with open(Path(handle).with_suffix(".resumed"), "a") as file:
            file.write("resumed\n")


def start(bench: Workbench, case: str) -> object:
    return finetune.run(bench, case).id


def resume(bench: Workbench, case: str) -> object:
    return lifecycle.resume(bench, bench.store.jobs(case)[-1].id).state


def confirm(bench: Workbench, case: str) -> object:
    return proposals.confirm(bench, bench.store.proposals(case)[-1].id)


def undo(bench: Workbench, case: str) -> object:
    return switch.undo(bench.store, case).variant


def split(bench: Workbench, case: str) -> object:
    """Each with a seed of its own: only the order decides on which side a conversation stands."""
    return dataset.run(bench.store, case, seed=time.monotonic_ns() % 100_000).id


def measure(bench: Workbench, case: str) -> object:
    return baseline.measure(bench, case).id


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Workbench]:
    opened, _ = open_bench(tmp_path / "run")
    yield opened
    opened.close()


def race(bench: Workbench, act: str, case: str, **settings: Any) -> tuple[list[str], list[str]]:
    """Let two processes act at once: what was done, and what was refused."""
    gate = bench.settings.data / "go"
    command = [sys.executable, "-c", RACER, str(bench.settings.data), act, case, str(gate), json.dumps(settings)]
    racers = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    for racer in racers:
        assert racer.stdout is not None
        assert racer.stdout.readline() == "ready\n"
    gate.touch()
    found = [json.loads(racer.communicate(timeout=120)[0]) for racer in racers]
    return [one["done"] for one in found if "done" in one], [one["refused"] for one in found if "refused" in one]


def test_one_case_starts_one_job(bench: Workbench) -> None:
    case = ready(bench)
    done, refused = race(bench, "start", case)
    assert [str(job.id) for job in bench.store.jobs(case)] == done
    assert len(done) == 1
    assert "still running" in refused[0]


def test_a_job_is_resumed_once(bench: Workbench, tmp_path: Path) -> None:
    case = ready(bench)
    request = {"system": "", "base_name": "x"}
    handle = str(tmp_path / "paused")
    bench.store.add_job(case, bench.store.datasets(case)[-1].id, "instant", handle, "paused", request)
    done, refused = race(bench, "resume", case)
    assert done == ["running"]
    assert "is running" in refused[0]
    assert Path(handle).with_suffix(".resumed").read_text() == "resumed\n"


def test_a_run_is_not_resumed_beside_another(bench: Workbench) -> None:
    case = ready(bench)
    store, frozen = bench.store, bench.store.datasets(case)[-1].id
    first = store.add_job(case, frozen, "instant", "one", "failed", {"system": ""})
    store.add_job(case, frozen, "instant", "two", "running", {"system": ""})
    with pytest.raises(Exception, match="Job 2 is still running"):
        lifecycle.resume(bench, first.id)
    assert store.job(first.id).state == "failed"


def test_a_proposal_is_carried_out_once(bench: Workbench) -> None:
    case = ready(bench)
    proposals.propose(bench, case, "train", {})
    done, refused = race(bench, "confirm", case)
    assert len(done) == len(bench.store.jobs(case)) == 1
    assert "was confirmed already" in refused[0]


def test_two_undos_take_two_steps_and_never_the_same_one_twice(bench: Workbench) -> None:
    case = ready(bench)
    made = variants.untrained(bench.store, bench.settings, case)
    bench.store.add_switch(case, made["few-shot"].id, "switch", "", "user")
    before = [row.variant for row in bench.store.switches(case)]
    done, refused = race(bench, "undo", case)
    assert done == [before[-2]]
    assert "nothing to undo" in refused[0]
    assert switch.active(bench.store, bench.settings, case).id == before[-2]


def test_two_datasets_at_once_agree_on_every_side(bench: Workbench) -> None:
    case = ready(bench)
    approve(bench, case, 60)
    done, refused = race(bench, "split", case)
    assert (len(done), refused) == (2, [])
    sides: dict[int, set[str]] = {}
    for frozen in bench.store.datasets(case):
        for item in bench.store.items(frozen.id):
            sides.setdefault(item.conversation, set()).add(item.split)
    assert len(sides) > 50
    assert all(len(found) == 1 for found in sides.values())


def test_a_case_is_measured_by_one_process(bench: Workbench) -> None:
    case = ready(bench)

    class Patient(ReadingServer):
        def says(self, messages: list[dict[str, str]]) -> str:
            time.sleep(0.2)
            return super().says(messages)

    with Patient() as server:
        done, refused = race(bench, "measure", case, chat_base_url=server.url, chat_model="m")
    assert len(done) == len(bench.store.trials(case)) == 1
    assert "being measured already" in refused[0]
