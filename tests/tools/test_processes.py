"""Training in several processes by `accelerate launch`, on the CPU: the way that several GPUs are used."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests.tools.conftest import make_rows, wait_for
from tools import jobdir
from tools.local.trl_trainer import TrlTrainer
from tools.trainer import JobState, JobStatus, TrainRequest

pytestmark = [pytest.mark.long, pytest.mark.slow, pytest.mark.timeout(900)]


def wanted(base: Path, **changes) -> TrainRequest:
    rows = make_rows(72)
    return TrainRequest(str(base), rows[:64], rows[64:], learning_rate=1e-2, **({"max_steps": 16} | changes))


def ended(trainer: TrlTrainer, handle: str) -> JobStatus:
    return wait_for(lambda: (found := trainer.poll(handle)).state.ended and found, 600, 0.2)


def test_two_processes_reach_the_held_out_loss_of_one(tiny: Path, tmp_path: Path) -> None:
    trainer = TrlTrainer(tmp_path)
    alone = ended(trainer, trainer.start(wanted(tiny)))
    both = ended(trainer, trainer.start(wanted(tiny, processes=2)))
    assert (alone.state, both.state) == (JobState.SUCCEEDED,) * 2, (alone.reason, both.reason)
    assert (alone.metrics["processes"], both.metrics["processes"]) == (1, 2)
    assert both.metrics["rows_at_once"] == alone.metrics["rows_at_once"] // 2
    assert both.metrics["eval_loss"] < 0.9 * both.metrics["eval_loss_before"]
    assert both.metrics["eval_loss"] == pytest.approx(alone.metrics["eval_loss"], rel=0.02)
    steps = [event["step"] for event in both.events if event["type"] == "step"]
    assert steps == list(range(1, 17))  # told once, by the first process


def test_processes_end_together_when_cancelled_and_when_their_launcher_dies(tiny: Path, tmp_path: Path) -> None:
    trainer = TrlTrainer(tmp_path)
    handle = trainer.start(wanted(tiny, processes=2, max_steps=4000))
    wait_for(lambda: trainer.poll(handle).step and jobdir.checkpoints(Path(handle)), 300)
    os.kill(int((Path(handle) / jobdir.LOCK).read_text()), signal.SIGKILL)
    failed = ended(trainer, handle)
    assert (failed.state, failed.resumable) == (JobState.FAILED, True)
    wait_for(lambda: not _working(handle), 30)
    trainer.resume(handle)
    wait_for(lambda: _goes_on(trainer.poll(handle)), 300)
    trainer.cancel(handle)
    status = ended(trainer, handle)
    assert status.state is JobState.CANCELLED, status.reason
    assert status.reason.startswith("Cancelled at step")
    assert status.resumable


def _goes_on(status: JobStatus) -> bool:
    """It has made a step since it was resumed: an earlier step may be told after its launcher was found dead."""
    types = [event["type"] for event in status.events]
    return "resumed" in types and "step" in types[types.index("resumed") :]


def _working(handle: str) -> list[str]:
    """Ids of the processes that work on the job."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if handle.encode() in path.read_bytes():
                found.append(path.parent.name)
        except OSError:
            continue
    return found
