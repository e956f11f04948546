"""Hugging Face Jobs against a Hub on loopback: what is sent, statuses and faults, one paid job, no token in a file."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.tools.conftest import end_workers, make_rows, until, wait_for
from tests.tools.hub_server import TOKEN, Hub
from tools import jobdir
from tools.huggingface.hf_jobs_trainer import STATES, HfJobs, HfJobsTrainer, timeout
from tools.local import machine
from tools.prices import TABLE
from tools.trainer import Estimate, JobState, ToolError, TrainRequest
from tools.workers.elsewhere import hf_remote


@pytest.fixture
def trainer(hub: Hub, tmp_path: Path) -> Iterator[HfJobsTrainer]:
    yield HfJobsTrainer(tmp_path / "jobs", HfJobs(TOKEN, hub.url, look=0.1))
    end_workers(tmp_path)


@pytest.fixture
def request_(tiny: Path) -> TrainRequest:
    return TrainRequest(str(tiny), make_rows(8), max_steps=2, key="confirmed")


def test_the_timeout_comes_from_the_forecast_and_bounds_the_price(trainer: HfJobsTrainer, request_) -> None:
    found = trainer.estimate(request_)
    assert timeout(10) == 1800
    assert timeout(7201) == 14460
    assert found.money_usd.high >= timeout(found.seconds.high) * 0.03 / 3600
    assert "price of 2026-" in found.source


def test_the_forecast_is_of_the_rented_machine_and_not_of_this_one(trainer, request_, monkeypatch) -> None:
    def found() -> dict[str, Estimate]:
        flavors = ("cpu-basic", "cpu-upgrade", "cpu-performance", "l4x1")
        places = {name: replace(trainer.place, flavor=name) for name in flavors}
        asked = replace(request_, base="nobody/large-model")
        return {name: HfJobsTrainer(trainer.root, place).estimate(asked) for name, place in places.items()}

    here = found()
    seconds = [one.seconds.high for one in here.values()]
    assert seconds == sorted(set(seconds), reverse=True)
    assert here["l4x1"].memory_gb.high < here["cpu-basic"].memory_gb.high
    assert "data sheets of GPUs" in here["l4x1"].source
    monkeypatch.setattr(machine, "cores", lambda: 96)
    monkeypatch.setattr(machine, "has_gpu", lambda: True)
    assert found() == here


def test_every_flavor_of_the_table_has_a_forecast_and_one_without_cores_is_refused(trainer, request_, tmp_path) -> None:
    for name in tomllib.loads(TABLE.read_text("utf-8"))["hf_jobs"]["flavors"]:
        assert HfJobsTrainer(trainer.root, replace(trainer.place, flavor=name)).estimate(request_).money_usd.high
    (tmp_path / "own.toml").write_text("[hf_jobs.flavors]\nmine = { hour = 1.0, gpus = 0 }\n")
    own = HfJobsTrainer(trainer.root, replace(trainer.place, flavor="mine", prices=tmp_path / "own.toml"))
    assert "how many cores the flavor 'mine' has. Add `cores`" in str(own.unavailable())


def test_an_unknown_flavor_is_refused_with_those_that_have_a_price(trainer: HfJobsTrainer) -> None:
    other = HfJobsTrainer(trainer.root, replace(trainer.place, flavor="b200"))
    assert "a100-large" in str(other.unavailable())


def test_the_job_is_private_has_its_timeout_its_labels_and_its_token_as_a_secret(hub, trainer, request_) -> None:
    handle = trainer.start(request_)
    wait_for(lambda: hub.jobs, 60)
    (job,) = hub.jobs.values()
    assert job["command"][:2] == ["uv", "run"]
    assert job["timeout"] == timeout(trainer.estimate(request_).seconds.high)
    assert job["labels"]["attune-key"].startswith(Path(handle).name.removeprefix("hf_jobs-"))
    assert TOKEN not in str(job["environment"]) + str(job["command"])
    assert set(hub.private.values()) == {True}
    assert len(hub.private) == 2
    hub.cancel(job["id"])
    assert until(trainer, handle, JobState.CANCELLED).reason


@pytest.mark.parametrize("stage", ["SCHEDULING", "RUNNING", "UPDATING", "SOMETHING_NEW"])
def test_every_status_of_a_living_job_is_one_of_ours(stage: str, hub, trainer, request_) -> None:
    handle = trainer.start(request_)
    wait_for(lambda: hub.jobs, 60)
    hub.jobs["job1"]["status"] = {"stage": stage, "message": None}
    wanted = STATES.get(stage, JobState.UNKNOWN)
    note = Path(handle) / "hub.json"
    wait_for(lambda: (jobdir.read_json(note) or {}).get("stage") == stage, 30)
    assert trainer.poll(handle).state is wanted
    hub.cancel("job1")
    until(trainer, handle, JobState.CANCELLED)


@pytest.mark.parametrize(
    ("stage", "state", "words"),
    [
        ("COMPLETED", JobState.FAILED, "without pushing a result"),
        ("ERROR", JobState.FAILED, "Job timeout"),
        ("CANCELED", JobState.CANCELLED, "cancelled at the Hub"),
        ("DELETED", JobState.FAILED, "deleted"),
    ],
)
def test_every_ending_is_one_of_ours_with_a_reason(stage: str, state: JobState, words: str, hub, trainer, request_):
    handle = trainer.start(request_)
    wait_for(lambda: hub.jobs, 60)
    hub.jobs["job1"]["status"] = {"stage": stage, "message": "Job timeout" if stage == "ERROR" else None}
    status = until(trainer, handle, JobState.FAILED, JobState.CANCELLED, JobState.SUCCEEDED)
    assert status.state is state
    assert words in status.reason
    assert not status.model


def test_the_enum_of_the_sdk_is_mapped_whole() -> None:
    from huggingface_hub import JobStage

    assert {stage.value for stage in JobStage} <= set(STATES)


def test_one_key_is_one_job_however_often_it_is_started(hub, trainer, request_, tmp_path: Path) -> None:
    handle = trainer.start(request_)
    wait_for(lambda: hub.jobs, 60)
    assert trainer.start(request_) == handle
    elsewhere = HfJobsTrainer(tmp_path / "lost", trainer.place)  # the folder is lost; only the Hub knows the job
    other = elsewhere.find("confirmed")
    assert other is not None
    until(elsewhere, other, JobState.RUNNING)
    assert len(hub.jobs) == 1
    hub.cancel("job1")
    until(elsewhere, other, JobState.CANCELLED)
    until(trainer, handle, JobState.CANCELLED)


def test_a_lost_answer_does_not_start_a_second_job(hub, trainer, request_) -> None:
    hub.fail("POST", "/api/jobs/ada", after=True)  # the job is started, its answer is not heard
    handle = trainer.start(request_)
    assert until(trainer, handle, JobState.RUNNING)
    assert len(hub.jobs) == 1
    assert sum(line == "POST /api/jobs/ada" for line in hub.seen) == 1
    hub.cancel("job1")
    until(trainer, handle, JobState.CANCELLED)


def test_a_busy_hub_is_asked_again_after_the_time_it_names(hub, trainer, request_) -> None:
    hub.fail("GET", "/api/jobs/ada/job1", 429, headers={"Retry-After": "0.2"})
    hub.fail("POST", "/api/repos/create", 503)
    handle = trainer.start(request_)
    assert until(trainer, handle, JobState.RUNNING)
    hub.cancel("job1")
    assert until(trainer, handle, JobState.CANCELLED)
    assert len(hub.jobs) == 1


def test_a_network_that_is_cut_leaves_the_state_unknown_and_comes_back(hub, trainer, request_) -> None:
    handle = trainer.start(request_)
    until(trainer, handle, JobState.RUNNING)
    hub.fail("GET", "/api/jobs/ada/job1", times=6)
    status = until(trainer, handle, JobState.UNKNOWN)
    assert "cannot be reached" in status.reason
    assert until(trainer, handle, JobState.RUNNING)
    hub.cancel("job1")
    until(trainer, handle, JobState.CANCELLED)


def test_a_token_revoked_in_mid_job_is_said_and_a_new_one_goes_on(hub, trainer, request_) -> None:
    handle = trainer.start(request_)
    until(trainer, handle, JobState.RUNNING)
    hub.token = "hf_another"
    status = until(trainer, handle, JobState.UNKNOWN)
    assert "goes on, and costs" in status.reason
    assert "HF_TOKEN" in status.reason
    wait_for(lambda: not jobdir.alive(Path(handle)), 30)
    (Path(handle) / "hub.json").unlink()  # instead of waiting until the next look is due
    again = HfJobsTrainer(trainer.root, replace(trainer.place, token="hf_another"))
    assert until(again, handle, JobState.RUNNING)
    assert len(hub.jobs) == 1
    hub.cancel("job1")
    until(again, handle, JobState.CANCELLED)


def test_a_job_that_vanishes_is_a_failure_with_a_reason(hub, trainer, request_) -> None:
    handle = trainer.start(request_)
    until(trainer, handle, JobState.RUNNING)
    del hub.jobs["job1"]
    status = until(trainer, handle, JobState.FAILED)
    assert "no longer knows the job" in status.reason


def test_a_courier_that_was_killed_is_started_again_and_a_cancel_reaches_the_hub(hub, trainer, request_) -> None:
    import os
    import signal

    handle = trainer.start(request_)
    until(trainer, handle, JobState.RUNNING)
    os.kill(int((Path(handle) / jobdir.LOCK).read_text()), signal.SIGKILL)
    wait_for(lambda: not jobdir.alive(Path(handle)), 30)
    trainer.cancel(handle)  # nobody is there to hear it
    status = until(trainer, handle, JobState.CANCELLED)
    assert "the Hub has ended the job" in status.reason
    assert hub.jobs["job1"]["status"]["stage"] == "CANCELED"
    assert len(hub.jobs) == 1


def test_what_a_job_pushed_comes_back_with_the_hash_of_its_bases_template(hub, trainer, request_) -> None:
    handle = trainer.start(request_)
    until(trainer, handle, JobState.RUNNING)
    (name,) = [name for kind, name in hub.repos if kind == "model"]
    pushed = {
        "merged/config.json": b"{}",
        jobdir.PROBES: b"[]",
        jobdir.TEMPLATE: b"0123abcd",
        jobdir.RESULT: json.dumps({"state": "succeeded", "model": "merged"}).encode(),
    }
    assert {jobdir.PROBES, jobdir.TEMPLATE, jobdir.RESULT} <= set(hf_remote.RESULT_FILES)
    hub.repos[("model", name)] |= pushed
    hub.jobs["job1"]["status"] = {"stage": "COMPLETED", "message": None}
    status = until(trainer, handle, JobState.SUCCEEDED)
    assert (Path(status.model).parent / jobdir.TEMPLATE).read_text() == "0123abcd"


def test_without_credit_it_fails_before_anything_runs(hub, trainer, request_) -> None:
    hub.fail("POST", "/api/jobs/ada", 402)
    status = until(trainer, trainer.start(request_), JobState.FAILED)
    assert "no credit" in status.reason
    assert not hub.jobs


def test_the_token_is_in_no_file(hub, trainer, request_) -> None:
    handle = trainer.start(request_)
    until(trainer, handle, JobState.RUNNING)
    hub.cancel("job1")
    until(trainer, handle, JobState.CANCELLED)
    found = [path for path in Path(handle).rglob("*") if path.is_file() and TOKEN.encode() in path.read_bytes()]
    assert not found
    assert not [name for files in hub.repos.values() for name, data in files.items() if TOKEN.encode() in data]


def test_several_processes_need_a_machine_with_as_many_gpus(trainer, request_) -> None:
    with pytest.raises(ToolError, match="has 0 GPUs"):
        trainer.estimate(replace(request_, processes=2))
    larger = HfJobsTrainer(trainer.root, replace(trainer.place, flavor="l4x4"))
    assert larger.estimate(replace(request_, processes=2)).money_usd.high >= 1.9


STEPS = [
    ("GET", "/api/whoami-v2"),
    ("GET", "/api/jobs/ada"),
    ("POST", "/api/repos/create"),
    ("POST", "/preupload"),
    ("POST", "/commit"),
    ("GET", "/logs"),
    ("GET", "/api/jobs/ada/job1"),
]


@pytest.mark.parametrize(("method", "part"), STEPS)
def test_the_network_cut_once_at_any_step_is_got_over_with_one_job(method, part, hub, trainer, request_) -> None:
    hub.fail(method, part)
    handle = trainer.start(request_)
    until(trainer, handle, JobState.RUNNING)
    assert len(hub.jobs) == 1
    assert not [fault for fault in hub.faults if fault.times and part != "/logs"]
    trainer.cancel(handle)
    assert until(trainer, handle, JobState.CANCELLED)
    assert hub.jobs["job1"]["status"]["stage"] == "CANCELED"


def test_a_request_that_was_lost_on_its_way_is_looked_for_and_not_sent_again(hub, trainer, request_) -> None:
    hub.fail("POST", "/api/jobs/ada")  # the connection is cut before the Hub did anything
    handle = trainer.start(request_)
    status = until(trainer, handle, JobState.UNKNOWN)
    assert "starts no second one" in status.reason
    wait_for(lambda: not jobdir.alive(Path(handle)), 30)
    asked = jobdir.read_request(Path(handle))
    asked["hub"]["lost"] = 0.0  # instead of a quarter of an hour
    (Path(handle) / jobdir.REQUEST).write_text(json.dumps(asked))
    (Path(handle) / "hub.json").unlink()
    assert "none was begun" in until(trainer, handle, JobState.FAILED).reason
    assert sum(line == "POST /api/jobs/ada" for line in hub.seen) == 1
    assert not hub.jobs


@pytest.mark.long
@pytest.mark.slow
def test_after_a_real_run_the_token_is_in_no_file_of_either_side(tmp_path: Path, request_) -> None:
    hub = Hub(tmp_path / "hub")
    try:
        trainer = HfJobsTrainer(tmp_path / "jobs", HfJobs(TOKEN, hub.url, look=0.1))
        handle = trainer.start(request_)
        wait_for(lambda: trainer.poll(handle).state.ended, 280, 0.2)
        status = trainer.poll(handle)
        assert (status.state, status.reason) == (JobState.SUCCEEDED, "")
        assert (Path(status.model) / "model.safetensors").is_file()
        assert [path for path in tmp_path.rglob("*") if path.name == "job.py"]
        files = [path for path in tmp_path.rglob("*") if path.is_file()]
        assert not [path for path in files if TOKEN.encode() in path.read_bytes()]
        assert not [n for repo in hub.repos.values() for n, data in repo.items() if TOKEN.encode() in data]
    finally:
        hub.close()
