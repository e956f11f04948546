"""Every way in which a worker can end, with real processes: each must leave a true state with a reason."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.tools.conftest import ROOT, end_workers, wait_for
from tools import jobdir, process
from tools.trainer import JobState, JobStatus, ToolError

WORKER = "tests.tools.fake_worker"
PARENT = f"""
import sys, time
from pathlib import Path
from tools import process
process.start(Path(sys.argv[1]), "{WORKER}", {{"do": "work", "pause": 0.3}})
print("started", flush=True)
time.sleep(600)
"""


@pytest.fixture
def directory(tmp_path: Path):
    path = tmp_path / "job"
    yield path
    end_workers(tmp_path)


def ended(directory: Path, seconds: float = 60.0) -> JobStatus:
    return wait_for(lambda: (found := process.status(directory)).state.ended and found, seconds)


def stepped(directory: Path, step: int) -> JobStatus:
    return wait_for(lambda: (found := process.status(directory)).step >= step and found)


def test_a_run_from_start_to_end(directory: Path):
    process.start(directory, WORKER, {"do": "work"})
    status = ended(directory)
    assert (status.state, status.reason) == (JobState.SUCCEEDED, "")
    assert [event["step"] for event in status.events if event["type"] == "step"] == [1, 2, 3, 4, 5]
    assert (status.step, status.steps, status.eta_seconds) == (5, 5, None)
    assert status.model == str(directory / "merged")
    assert not status.resumable
    assert len(process.status(directory, after=3).events) == 2


def test_a_moved_directory_still_finds_its_model(directory: Path, tmp_path: Path):
    process.start(directory, WORKER, {"do": "work"})
    ended(directory)
    wait_for(lambda: not jobdir.alive(directory))
    moved = directory.rename(tmp_path / "elsewhere")
    assert process.status(moved).model == str(moved / "merged")


def test_a_starting_worker_never_looks_dead(tmp_path: Path):
    for number in range(3):
        directory = tmp_path / str(number)
        process.start(directory, WORKER, {"do": "work", "pause": 0})
        while (status := process.status(directory)).state is JobState.RUNNING:
            pass
        assert status.state is JobState.SUCCEEDED, status.reason


def test_a_killed_worker_failed_and_can_be_resumed(directory: Path):
    pid = process.start(directory, WORKER, {"do": "stick"})
    stepped(directory, 3)
    with pytest.raises(ToolError, match="still going"):
        process.resume(directory, WORKER)
    os.kill(pid, signal.SIGKILL)
    failed = ended(directory)
    assert failed.state is JobState.FAILED
    assert failed.reason
    assert failed.resumable
    wait_for((directory / jobdir.EXIT).exists)
    assert "signal 9" in process.status(directory).reason
    process.resume(directory, WORKER)
    status = ended(directory)
    assert status.state is JobState.SUCCEEDED
    assert [event["step"] for event in status.events] == [1, 2, 3, 4, 5]


def test_a_crashed_worker_is_quoted(directory: Path):
    process.start(directory, WORKER, {"do": "crash"})
    wait_for((directory / jobdir.EXIT).exists)
    status = process.status(directory)
    assert status.state is JobState.FAILED
    assert "exit code 3" in status.reason
    assert "something went badly wrong" in status.reason
    assert not status.resumable


def test_cancel_and_resume(directory: Path):
    process.start(directory, WORKER, {"do": "stick"})
    stepped(directory, 2)
    process.cancel(directory)
    status = ended(directory)
    assert (status.state, status.resumable) == (JobState.CANCELLED, True)
    process.cancel(directory)  # harmless
    wait_for(lambda: not jobdir.alive(directory))
    process.resume(directory, WORKER)
    assert ended(directory).state is JobState.SUCCEEDED


def test_paused_and_gone_on(directory: Path):
    process.start(directory, WORKER, {"do": "stick"})
    stepped(directory, 2)
    process.pause(directory)
    paused = wait_for(lambda: (found := process.status(directory)).state is JobState.PAUSED and found)
    assert paused.resumable
    assert not paused.state.ended
    assert paused.reason == "Paused while starting."
    process.resume(directory, WORKER)  # also in the seconds in which the worker is not gone yet
    status = ended(directory)
    assert status.state is JobState.SUCCEEDED
    assert [event["step"] for event in status.events] == [1, 2, 3, 4, 5]
    with pytest.raises(ToolError, match="has stopped"):
        process.pause(directory)


def test_paused_before_its_first_checkpoint_it_begins_anew(directory: Path):
    process.start(directory, WORKER, {"do": "slow"})
    wait_for(lambda: jobdir.read_events(directory))
    process.pause(directory)
    wait_for(lambda: process.status(directory).state is JobState.PAUSED)
    assert process.status(directory).resumable
    process.resume(directory, WORKER)
    wait_for(lambda: len(jobdir.read_events(directory)) == 2)
    process.cancel(directory)
    assert ended(directory).state is JobState.CANCELLED


def test_what_is_paused_can_be_cancelled(directory: Path):
    process.start(directory, WORKER, {"do": "stick"})
    stepped(directory, 2)
    process.pause(directory)
    wait_for(lambda: process.status(directory).state is JobState.PAUSED)
    process.cancel(directory)
    status = process.status(directory)
    assert (status.state, status.resumable) == (JobState.CANCELLED, True)
    assert "while it was paused" in status.reason


def test_paused_before_it_can_hear_it(directory: Path):
    process.start(directory, WORKER, {"do": "stick"})
    process.pause(directory)  # Python has not even begun
    status = wait_for(lambda: (found := process.status(directory)).state is JobState.PAUSED and found)
    assert status.resumable
    process.resume(directory, WORKER)
    stepped(directory, 1)
    process.pause(directory)
    wait_for(lambda: process.status(directory).state is JobState.PAUSED)
    process.cancel(directory)
    assert process.status(directory).state is JobState.CANCELLED


def test_a_worker_that_will_not_listen_is_ended_by_force(directory: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(process, "GRACE_SECONDS", 0.3)
    process.start(directory, WORKER, {"do": "deaf"})
    wait_for(lambda: jobdir.read_events(directory))
    process.cancel(directory)
    assert process.status(directory).state is JobState.RUNNING
    status = ended(directory)
    assert (status.state, status.reason.split(":")[0]) == (JobState.CANCELLED, "Cancelled by force")


def test_the_worker_outlives_a_killed_parent(directory: Path):
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(directory)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    assert parent.stdout.readline() == "started\n"
    parent.kill()
    parent.wait()
    assert process.status(directory).state is JobState.RUNNING
    assert ended(directory).state is JobState.SUCCEEDED


def test_one_directory_has_one_worker(directory: Path):
    process.start(directory, WORKER, {"do": "stick"})
    with pytest.raises(ToolError, match="still going"):
        process.start(directory, WORKER, {"do": "work"})
    stepped(directory, 1)
    assert jobdir.read_request(directory) == {"do": "stick"}
    process.cancel(directory)
    ended(directory)


def test_a_line_cut_off_by_a_crash_is_passed_over(directory: Path):
    pid = process.start(directory, WORKER, {"do": "stick"})
    stepped(directory, 3)
    os.kill(pid, signal.SIGKILL)
    ended(directory)
    with open(directory / jobdir.EVENTS, "ab") as file:
        file.write(b'{"type": "step", "st')
    before = process.status(directory)
    assert len(before.events) == 3
    process.resume(directory, WORKER)
    status = ended(directory)
    assert [event["step"] for event in status.events] == [1, 2, 3, 4, 5]
    assert status.events[:3] == before.events


def test_resume_needs_a_checkpoint(directory: Path):
    process.start(directory, WORKER, {"do": "crash"})
    ended(directory)
    with pytest.raises(ToolError, match="no checkpoint"):
        process.resume(directory, WORKER)


def test_secrets_stay_with_the_caller(directory: Path, monkeypatch: pytest.MonkeyPatch):
    for name in ("OPENAI_API_KEY", "HF_TOKEN", "MY_SECRET", "DB_PASSWORD"):
        monkeypatch.setenv(name, "sesame-sesame")
    process.start(directory, WORKER, {"do": "work"})
    names = ended(directory).metrics["names"]
    assert not {"OPENAI_API_KEY", "HF_TOKEN", "MY_SECRET", "DB_PASSWORD"} & set(names)
    assert {"PATH", "TOKENIZERS_PARALLELISM"} <= set(names)
    assert not [path for path in directory.rglob("*") if path.is_file() and b"sesame" in path.read_bytes()]
    assert process.environment("someone/gated-model")["HF_TOKEN"] == "sesame-sesame"


def test_a_reused_process_id_is_left_alone(directory: Path):
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)
    directory.mkdir()
    (directory / jobdir.LOCK).write_text(str(stranger.pid))
    (directory / jobdir.REQUEST).write_text("{}")
    process.cancel(directory)
    time.sleep(0.2)
    assert stranger.poll() is None
    assert process.status(directory).state is JobState.FAILED
    stranger.kill()
    stranger.wait()


def test_what_never_was_is_said(tmp_path: Path):
    assert "was removed or moved" in process.status(tmp_path / "nothing").reason
    assert process.status(tmp_path).reason == "The worker never started."


def test_a_worker_whose_folder_is_no_longer_its_own_ends_and_says_why(tmp_path: Path):
    """Removed, moved, its lock file removed, or replaced by that of another run."""
    jobs = {name: tmp_path / name for name in ("removed", "emptied", "moved", "unlocked", "replaced")}
    pids = {name: process.start(job, WORKER, {"do": "stick"}) for name, job in jobs.items()}
    for job in jobs.values():
        stepped(job, 3)
    shutil.rmtree(jobs["removed"])
    shutil.rmtree(jobs["emptied"])
    (jobs["emptied"] / "merged").mkdir(parents=True)  # a library that saves makes its folder anew
    moved = jobs["moved"].rename(tmp_path / "elsewhere")
    (jobs["unlocked"] / jobdir.LOCK).unlink()
    (jobs["replaced"] / jobdir.LOCK).rename(jobs["replaced"] / "old")
    (jobs["replaced"] / jobdir.LOCK).touch()
    early = {name: process.status(job) for name, job in jobs.items()}
    wait_for(lambda: not any(_lives(pid) for pid in pids.values()), 60)
    for name, told in {
        "removed": "Its folder was removed or moved while it trained",
        "emptied": "Files of its folder were removed while it trained",
        "moved": "Its folder was removed or moved while it trained",
        "unlocked": "Files of its folder were removed while it trained",
    }.items():
        assert early[name].state is JobState.FAILED
        assert told in early[name].reason, name
    there = process.status(moved)
    assert (there.state, there.resumable, there.step) == (JobState.FAILED, True, 3)
    assert "folder of this run was removed or moved" in there.reason
    assert "lock file of this run was removed" in process.status(jobs["unlocked"]).reason
    replaced = process.status(jobs["replaced"])
    assert (replaced.state, replaced.resumable) == (JobState.FAILED, True)
    assert "was replaced while it trained" in replaced.reason
    assert not (jobs["replaced"] / jobdir.RESULT).exists()  # it is for the other run to write
    process.resume(moved, WORKER)
    assert ended(moved).state is JobState.SUCCEEDED


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_nobody_else_reads_what_a_worker_writes(directory: Path):
    before = os.umask(0o022)
    try:
        process.start(directory, WORKER, {"do": "work"})
        ended(directory)
    finally:
        os.umask(before)
    open_to_others = [path.name for path in [directory, *directory.rglob("*")] if path.stat().st_mode & 0o077]
    assert open_to_others == []


def test_an_interpreter_that_does_not_exist(directory: Path):
    with pytest.raises(ToolError, match="could not be started"):
        process.start(directory, WORKER, {}, interpreter="/no/such/python")


def test_a_full_disk_is_a_reason(directory: Path, tiny: Path):
    directory.mkdir()
    (directory / jobdir.EVENTS).symlink_to("/dev/full")
    process.start(directory, "tools.workers.finetune", {"base": str(tiny), "train": [], "test": []})
    status = ended(directory)
    assert status.state is JobState.FAILED
    assert "disk is full" in status.reason
