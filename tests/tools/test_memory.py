"""Memory that runs out while training: really, by a limit of the system on the worker's address space."""

from __future__ import annotations

import stat
import sys
from pathlib import Path

import pytest

from tests.tools.conftest import WORDS, wait_for
from tools.trainer import JobState, JobStatus, TrainRequest
from tools.trl_local import TrlTrainer
from tools.workers import memory

ROOM = 1_500_000  # kB above what a run of one row at once needs


def wanted(base: Path, batch: int, **changes) -> TrainRequest:
    """Long rows, so that their activations weigh more than the program."""
    text = " ".join(WORDS * 80)
    rows = [[{"role": "user", "content": f"{i} {text}"}, {"role": "assistant", "content": text}] for i in range(batch)]
    return TrainRequest(str(base), rows, batch_size=batch, max_steps=1, **changes)


def limited(folder: Path, kilobytes: int) -> str:
    """An interpreter that may use so much address space."""
    script = folder / "python"
    script.write_text(f'#!/bin/sh\nulimit -v {kilobytes}\nexec {sys.executable} "$@"\n', encoding="utf-8")
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    return str(script)


def ended(trainer: TrlTrainer, handle: str) -> JobStatus:
    return wait_for(lambda: (found := trainer.poll(handle)).state.ended and found, 600, 0.2)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_memory_that_runs_out_is_answered_by_fewer_rows_at_once_and_said(tiny: Path, tmp_path: Path) -> None:
    small = TrlTrainer(tmp_path / "small")
    least = ended(small, small.start(wanted(tiny, 1)))
    assert least.state is JobState.SUCCEEDED, least.reason
    trainer = TrlTrainer(tmp_path / "large", limited(tmp_path, least.metrics["peak_address_space_kb"] + ROOM))
    handle = trainer.start(wanted(tiny, 8))
    status = ended(trainer, handle)
    assert status.state is JobState.SUCCEEDED, status.reason
    said = [event for event in status.events if event["type"] == "memory"]
    assert said
    assert "Memory ran out with" in said[0]["message"]
    assert all(event["rows_at_once"] * event["accumulation"] == 8 for event in said)
    assert status.metrics["rows_at_once"] == said[-1]["rows_at_once"] == memory.remembered(Path(handle))
    assert status.metrics["batch_size"] == 8
    assert status.metrics["steps"] == 1


def test_rows_at_once_divide_the_share_and_shrink() -> None:
    assert memory.at_once(8, 100, 6_000_000, 16384) == 8
    assert memory.at_once(8, 5000, 6_000_000, 16384) == 2
    assert memory.at_once(8, 100, 6_000_000, 16384, most=3) == 2
    assert memory.at_once(8, 100_000, 6_000_000, 16384) == 1
    assert [memory.smaller(12, tried, 1) for tried in (12, 6, 4, 3, 2, 1)] == [6, 4, 3, 2, 1, 0]
    assert memory.smaller(8, 2, 2) == 0


def test_words_of_an_allocator_are_understood() -> None:
    assert memory.ran_out(MemoryError())
    assert memory.ran_out(RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"))
    assert memory.ran_out(RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB"))
    assert not memory.ran_out(RuntimeError("shapes do not match"))
