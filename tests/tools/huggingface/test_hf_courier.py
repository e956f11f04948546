"""The courier of a run at Hugging Face Jobs: what goes wrong on this machine is never the end of a job that is paid."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from safetensors.numpy import save_file

from tests.tools.conftest import end_workers, make_rows, until, wait_for
from tests.tools.hub_server import TOKEN, Fault, Hub
from tools import jobdir
from tools.huggingface import job_script
from tools.huggingface.hf_jobs_trainer import HfJobs, HfJobsTrainer
from tools.trainer import JobState, TrainRequest


@pytest.fixture
def trainer(hub: Hub, tmp_path: Path) -> Iterator[HfJobsTrainer]:
    yield HfJobsTrainer(tmp_path / "jobs", HfJobs(TOKEN, hub.url, look=0.1))
    end_workers(tmp_path)


@pytest.fixture
def handle(trainer: HfJobsTrainer, tiny: Path) -> str:
    """A run whose job runs at the Hub."""
    started = trainer.start(TrainRequest(str(tiny), make_rows(8), max_steps=2, key="confirmed"))
    until(trainer, started, JobState.RUNNING)
    return started


def pushed(hub: Hub, stage: str = "COMPLETED", job: str = "job1", **result: object) -> None:
    """The job pushes a model and its result, and ends so."""
    files = next(files for (kind, _), files in hub.repos.items() if kind == "model")
    files["merged/config.json"], files["merged/model.safetensors"] = b"{}", b"weights"
    files["result.json"] = json.dumps({"state": "succeeded", "model": "merged"} | result).encode()
    hub.jobs[job]["status"] = {"stage": stage, "message": None}


def tells(hub: Hub, job: str, *messages: str) -> None:
    """The job's log: what others print, and events of ours."""
    (hub.folder / job).mkdir(parents=True, exist_ok=True)
    events = [job_script.MARK + json.dumps({"type": "message", "time": 1.0, "message": said}) for said in messages]
    (hub.folder / job / "log").write_text("\n".join(["Installed 60 packages", *events]))


def told(handle: str) -> list[str]:
    return [event["message"] for event in jobdir.read_events(Path(handle)) if event.get("remote")]


def tried_again(handle: str) -> None:
    """The next courier may begin: instead of waiting until it is due."""
    wait_for(lambda: not jobdir.alive(Path(handle)), 30)
    (Path(handle) / "hub.json").unlink()


def test_an_adapter_to_go_on_from_is_sent_along(hub, trainer, handle, tiny, tmp_path) -> None:  # noqa: ARG001
    adapter = tmp_path / "adapter"
    adapter.mkdir()
    (adapter / "adapter_config.json").write_text('{"peft_type": "LORA"}')
    save_file({}, str(adapter / "adapter_model.safetensors"))
    asked = TrainRequest(str(tiny), make_rows(8), max_steps=2, key="continued", adapter=str(adapter), tuning="qlora")
    on_gpu = HfJobsTrainer(trainer.root, replace(trainer.place, flavor="l4x1"))
    until(on_gpu, on_gpu.start(asked), JobState.RUNNING)
    sent = list(hub.repos.values())[-2]
    assert sent["adapter/adapter_model.safetensors"] == (adapter / "adapter_model.safetensors").read_bytes()
    assert json.loads(sent["request.json"])["adapter"] == job_script.ADAPTER
    assert job_script.FOUR_BITS.encode() in sent["job.py"]
    assert str(tmp_path).encode() not in sent["request.json"]


# faults of this machine -----------------------------------------------------------------------------------------------
def test_a_model_that_this_machine_cannot_take_stays_to_be_fetched(hub, trainer, handle) -> None:
    (Path(handle) / "fetched").write_text("in the way, as a full disk is")
    pushed(hub)
    status = until(trainer, handle, JobState.UNKNOWN, JobState.FAILED)
    assert status.state is JobState.UNKNOWN, status.reason
    assert "This machine cannot do its part" in status.reason
    (Path(handle) / "fetched").unlink()
    tried_again(handle)
    status = until(trainer, handle, JobState.SUCCEEDED, JobState.FAILED)
    assert (Path(status.model) / "model.safetensors").read_bytes() == b"weights"
    assert len(hub.jobs) == 1


@pytest.mark.parametrize(("part", "fault"), [("/resolve/", 0), ("/resolve/", 501), ("/api/models/ada", 0)])
def test_a_network_cut_while_the_model_is_fetched_is_waited_for(part: str, fault: int, hub, trainer, handle) -> None:
    for method in ("HEAD", "GET"):
        hub.fail(method, part, fault, times=10_000)
    pushed(hub)
    status = until(trainer, handle, JobState.UNKNOWN, JobState.FAILED)
    assert status.state is JobState.UNKNOWN, status.reason
    assert "cannot be reached" in status.reason
    hub.faults.clear()
    tried_again(handle)
    status = until(trainer, handle, JobState.SUCCEEDED, JobState.FAILED)
    assert sorted(path.name for path in Path(status.model).iterdir()) == ["config.json", "model.safetensors"]
    assert len(hub.jobs) == 1


def test_a_part_of_the_model_that_is_here_already_does_not_pass_for_the_whole(hub, trainer, handle) -> None:
    (Path(handle) / "fetched" / "merged").mkdir(parents=True)
    (Path(handle) / "fetched" / "merged" / "config.json").write_text("{}")
    (Path(handle) / "fetched" / "result.json").write_text('{"state": "succeeded", "model": "merged"}')
    hub.fail("GET", "/revision/main", 503, times=10_000)
    pushed(hub)
    status = until(trainer, handle, JobState.SUCCEEDED, JobState.FAILED)
    assert (Path(status.model) / "model.safetensors").is_file()


def test_a_log_line_that_was_cut_off_is_passed_over(hub, trainer, handle) -> None:
    tells(hub, "job1", "one")
    with open(hub.folder / "job1" / "log", "a") as log:
        log.write(f'\n{job_script.MARK}{{"type": "mess\n{job_script.MARK}{{"type": "message", "message": "two"}}\n')
    wait_for(lambda: told(handle) == ["one", "two"], 30)
    pushed(hub)
    assert until(trainer, handle, JobState.SUCCEEDED, JobState.FAILED).state is JobState.SUCCEEDED


def test_a_lost_answer_starts_no_second_job_even_where_the_job_cannot_be_looked_for(hub, trainer, tiny) -> None:
    hub.fail("POST", "/api/jobs/ada", after=True, then=Fault("GET", "/api/jobs/ada", 403, times=20))
    handle = trainer.start(TrainRequest(str(tiny), make_rows(8), max_steps=2, key="confirmed"))
    assert "starts no second one" in until(trainer, handle, JobState.UNKNOWN, JobState.FAILED).reason
    hub.faults.clear()
    tried_again(handle)
    until(trainer, handle, JobState.RUNNING)
    assert sum(line == "POST /api/jobs/ada" for line in hub.seen) == 1


# resume ---------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("goes_on", [True, False])
def test_resume_takes_what_the_first_job_makes_before_it_pays_for_another(goes_on: bool, hub, trainer, handle) -> None:
    trainer.cancel(handle)
    until(trainer, handle, JobState.CANCELLED)
    result = Path(handle) / "result.json"
    result.write_text('{"state": "failed", "reason": "OSError: [Errno 28] No space left on device"}')
    if goes_on:
        hub.jobs["job1"]["status"] = {"stage": "RUNNING", "message": None}
    else:
        pushed(hub)
    trainer.resume(handle)
    if goes_on:
        until(trainer, handle, JobState.RUNNING)
        pushed(hub)
    status = until(trainer, handle, JobState.SUCCEEDED, JobState.FAILED)
    assert status.state is JobState.SUCCEEDED, status.reason
    assert len(hub.jobs) == 1


def test_a_second_job_is_heard_from_its_first_word_and_judged_by_its_own_result(hub, trainer, handle) -> None:
    (hub.folder / "job1").mkdir(parents=True)
    saved = {"type": "checkpoint", "time": 1.0, "step": 2, "message": "saved"}
    (hub.folder / "job1" / "log").write_text(job_script.MARK + json.dumps(saved))
    wait_for(lambda: told(handle) == ["saved"], 30)
    pushed(hub, "ERROR", state="failed", reason="Memory ran out.")
    assert until(trainer, handle, JobState.FAILED).reason == "Memory ran out."
    wait_for(lambda: not jobdir.alive(Path(handle)), 30)
    trainer.resume(handle)
    wait_for(lambda: len(hub.jobs) == 2, 60)
    tells(hub, "job2", "first", "second")
    wait_for(lambda: told(handle) == ["saved", "first", "second"], 30)
    hub.jobs["job2"]["status"] = {"stage": "ERROR", "message": "Job timeout"}
    assert "Job timeout" in until(trainer, handle, JobState.FAILED).reason
