"""The queue of fine-tuning jobs: what has no room waits, begins in its order, and can be cancelled at any time."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import openai
import pytest
from openai.types.fine_tuning import FineTuningJob

from assistant.uploads import tuning_jobs
from tests.assistant.faces.api.conftest import strict
from tests.assistant.faces.api.quick import OWNER, create, data, file, said, serving, status
from tests.serving_v1 import ROOT
from tests.tools.conftest import wait_for
from tests.tools.fake_worker import GO
from tools import jobdir

__all__ = ["data"]  # a fixture
pytestmark = pytest.mark.timeout(300)


def test_what_has_no_room_waits_and_begins_in_its_order_though_nobody_asks(data: Path) -> None:
    with serving(data) as (v1, trainer):
        first, *rest = [create(v1, number, "hold" * (number == 0)) for number in range(4)]
        assert first.status == "running"
        assert [job.status for job in rest] == ["queued"] * 3
        waits = strict(FineTuningJob, v1.http.get(f"/fine_tuning/jobs/{rest[0].id}").json())
        assert (waits.status, waits.estimated_finish, waits.error) == ("queued", None, None)
        assert said(v1, rest[0])[0] == "Files validated, moving job to queued state"
        assert len(trainer.begun()) == 1
        trainer.release()
        wait_for(lambda: len(trainer.begun()) == 4, 120)  # the folder is looked at, never the server
        assert trainer.order() == ["0", "1", "2", "3"]
        wait_for(lambda: {status(v1, job) for job in (first, *rest)} == {"succeeded"}, 120, 0.2)
        assert said(v1, rest[2])[0] == "The job has successfully completed"


def test_as_many_run_at_once_as_may_and_each_owner_has_room_of_their_own(data: Path) -> None:
    with serving(data, jobs=2) as (v1, trainer):
        assert [create(v1, number, "hold").status for number in range(3)] == ["running", "running", "queued"]
        rows = v1.ada.files.content(file(v1, 9)).content
        theirs = v1.bob.files.create(file=("theirs.jsonl", rows), purpose="fine-tune").id
        model = v1.bench.settings.chat_model
        assert v1.bob.fine_tuning.jobs.create(model=model, training_file=theirs).status == "running"
        assert trainer.order() == ["0", "1", "9"]


def test_a_job_that_waits_is_cancelled_at_once_and_never_begins(data: Path) -> None:
    with serving(data) as (v1, trainer):
        first, second, third = create(v1, 0, "hold"), create(v1, 1), create(v1, 2)
        assert v1.ada.fine_tuning.jobs.cancel(second.id).status == "cancelled"
        trainer.release()
        wait_for(lambda: status(v1, third) == "succeeded", 120, 0.2)
        assert trainer.order() == ["0", "2"]
        assert [status(v1, job) for job in (first, second)] == ["succeeded", "cancelled"]
        assert said(v1, second)[0] == "The job was cancelled"
        with pytest.raises(openai.BadRequestError, match="has ended"):
            v1.ada.fine_tuning.jobs.cancel(second.id)


def test_a_job_that_runs_is_cancelled_at_once_and_stays_so_whatever_its_worker_does(data: Path) -> None:
    with serving(data) as (v1, trainer):
        stubborn, after = create(v1, 0, "stubborn"), create(v1, 1)
        wait_for(lambda: "Fine-tuning job started" in said(v1, stubborn), 60, 0.1)
        assert v1.ada.fine_tuning.jobs.cancel(stubborn.id).status == "cancelled"
        assert jobdir.alive(trainer.begun()[0])
        time.sleep(3)
        assert (status(v1, stubborn), status(v1, after)) == ("cancelled", "queued")  # its worker still takes the room
        trainer.release()
        wait_for(lambda: status(v1, after) == "succeeded", 120, 0.2)
        assert jobdir.read_json(trainer.begun()[0] / jobdir.RESULT)["state"] == "succeeded"
        found = v1.ada.fine_tuning.jobs.retrieve(stubborn.id)
        assert (found.status, found.fine_tuned_model, found.result_files) == ("cancelled", None, [])


def test_a_worker_that_hears_a_cancel_keeps_its_checkpoint_and_can_go_on(data: Path) -> None:
    with serving(data) as (v1, trainer):
        job = create(v1, 0, "stick")
        wait_for(lambda: len(jobdir.checkpoints(trainer.begun()[0])) == 3, 60)
        assert v1.ada.fine_tuning.jobs.cancel(job.id).status == "cancelled"
        wait_for(lambda: not v1.bench.store.ending(), 60)
        assert said(v1, job)[0] == "The job was cancelled"
        assert v1.ada.fine_tuning.jobs.resume(job.id).status == "running"
        wait_for(lambda: status(v1, job) == "succeeded", 120, 0.2)


def test_the_queue_outlives_the_app_and_keeps_its_order(data: Path) -> None:
    with serving(data) as (v1, trainer):
        jobs = [create(v1, number, "hold" * (number == 0)) for number in range(4)]
        v1.ada.fine_tuning.jobs.cancel(jobs[2].id)
    trainer.release()
    wait_for(lambda: not jobdir.alive(trainer.begun()[0]), 60)
    time.sleep(2.5)
    assert len(trainer.begun()) == 1  # nobody is there to begin the next one
    with serving(data) as (v1, trainer):
        wait_for(lambda: len(trainer.begun()) == 3, 120)
        wait_for(lambda: status(v1, jobs[3]) == "succeeded", 120, 0.2)
        assert [status(v1, job) for job in jobs] == ["succeeded", "succeeded", "cancelled", "succeeded"]
        assert trainer.order() == ["0", "1", "3"]


def test_of_several_programs_that_look_at_the_same_instant_one_begins_the_job(data: Path) -> None:
    with serving(data) as (v1, trainer):
        bench, store, model = v1.bench, v1.bench.store, v1.bench.settings.chat_model
        orders = [tuning_jobs.JobOrder(model, file(v1, number), suffix="hold") for number in range(3)]
    for order in orders:
        tuning_jobs.create(bench, OWNER, order)
    command = [sys.executable, "-m", "tests.assistant.faces.api.quick", str(data)]
    racing = [subprocess.Popen([*command, name], cwd=ROOT) for name in "abc"]
    wait_for(lambda: len(list(data.glob("ready-*"))) == len(racing), 200)
    (data / GO).touch()
    assert [one.wait(100) for one in racing] == [0] * len(racing)
    assert trainer.order() == ["0"]
    assert [job.state for job in store.jobs()] == ["running", "queued", "queued"]
    store.close()


def test_a_job_whose_start_was_cut_off_goes_back_to_its_place(data: Path) -> None:
    with serving(data) as (v1, trainer):
        jobs = [create(v1, number, "hold" * (number == 0)) for number in range(3)]
        cut = v1.bench.store.job(2)
        taken = cut.request | {"waits_since": "", "begun": "2020-01-01T00:00:00+00:00"}
        v1.bench.store.set_job(2, request=taken)  # as a process leaves it that died here
        assert status(v1, jobs[1]) == "queued"
        trainer.release()
        wait_for(lambda: status(v1, jobs[2]) == "succeeded", 120, 0.2)
        assert trainer.order() == ["0", "1", "2"]


def test_a_job_that_cannot_begin_in_its_turn_fails_with_the_reason_and_holds_nobody_up(data: Path) -> None:
    with serving(data) as (v1, trainer):
        first, second, third = create(v1, 0, "hold"), create(v1, 1, "refuse"), create(v1, 2)
        trainer.release()
        wait_for(lambda: status(v1, third) == "succeeded", 120, 0.2)
        assert status(v1, first) == "succeeded"
        failed = strict(FineTuningJob, v1.http.get(f"/fine_tuning/jobs/{second.id}").json())
        assert (failed.status, failed.error.message) == ("failed", "The disk is full. Free some space.")
        with pytest.raises(openai.BadRequestError, match="The disk is full"):  # with room, whoever asks is told
            create(v1, 3, "refuse")
