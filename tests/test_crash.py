"""What is true after a crash: `kill -9` of the app, of the worker, in mid-training."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from assistant import cases, workbench
from assistant.jobs import lifecycle
from assistant.settings import ROOT, Settings
from assistant.stages import baseline, dataset, finetune
from tests.conftest import cut
from tools.trainer import JobState

APP = """
import sys, time
from pathlib import Path
from assistant import workbench
from assistant.settings import Settings
from assistant.stages import finetune
bench = workbench.open_workbench(Settings(data=Path(sys.argv[1])))
finetune.run(bench, sys.argv[2], trainer="trl", max_steps=int(sys.argv[3]))
print("started", flush=True)
time.sleep(600)
"""


pytestmark = pytest.mark.slow


@pytest.fixture
def bench(tmp_path):
    bench = workbench.open_workbench(Settings(data=tmp_path / "run"))
    yield bench
    for job in bench.store.jobs():
        lifecycle.cancel(bench, job.id)
    bench.close()


@pytest.fixture
def case(bench, tmp_path):
    case = cases.from_folder(bench, cut(tmp_path / "teashop", 20, 4)).id
    baseline.run(bench.store, bench.settings, case)
    dataset.run(bench.store, case)
    return case


def follow_until(bench, job, wanted, seconds=240):
    """Poll until `wanted(status)`; the last status."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        status = lifecycle.follow(bench, job)
        if wanted(status):
            return status
        time.sleep(0.2)
    raise AssertionError(f"still {status.state} after {seconds} s: {status.reason}")


def checkpointed(status):
    return status.state.ended or any(event["type"] == "checkpoint" for event in status.events)


def worker_pid(bench, job):
    handle = bench.settings.data / bench.store.job(job).handle
    return int((handle / "lock").read_text())


def test_the_job_outlives_a_killed_app_and_ends_true(bench, case):
    app = subprocess.Popen(
        [sys.executable, "-c", APP, str(bench.settings.data), case, "12"], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert app.stdout.readline() == "started\n"
    (job,) = bench.store.jobs(case)
    app.send_signal(signal.SIGKILL)
    app.wait()
    assert follow_until(bench, job.id, lambda s: s.state.ended).state is JobState.SUCCEEDED
    ended = bench.store.job(job.id)
    assert (ended.state, ended.reason) == ("succeeded", "")
    assert Path(bench.settings.model_path(ended.model)).joinpath("config.json").is_file()


def test_a_killed_worker_is_failed_with_a_reason_and_resumes_from_its_checkpoint(bench, case):
    job = finetune.run(bench, case, trainer="trl", epochs=6.0)
    assert not follow_until(bench, job.id, checkpointed).state.ended
    os.kill(worker_pid(bench, job.id), signal.SIGKILL)
    status = follow_until(bench, job.id, lambda s: s.state.ended, 30)
    assert status.state is JobState.FAILED
    assert "kill" in status.reason.lower()
    assert status.resumable
    env = os.environ | {"ATTUNE_DATA": str(bench.settings.data)}
    command = [sys.executable, "-m", "assistant.faces.cli", "finetune", case, "--resume", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, env=env, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    status = lifecycle.follow(bench, job.id)
    assert status.state is JobState.SUCCEEDED, status.reason
    steps = [event["step"] for event in status.events if event["type"] == "step"]
    assert steps.count(1) == 1, "it began again instead of going on from its checkpoint"
    assert max(steps) == status.steps
