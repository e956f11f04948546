"""What a job may be ordered with, what a wrong order is told, and what a job says of its base, tokens and end."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import openai
import pytest
from openai.types.fine_tuning import FineTuningJob

from tests.assistant.faces.api.conftest import V1, strict
from tests.assistant.faces.api.quick import create, data, file, serving, status
from tests.tools.conftest import wait_for

__all__ = ["data"]  # a fixture
pytestmark = pytest.mark.timeout(300)
WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"hyperparameters": {"n_epochs": "many"}}, "hyperparameters.n_epochs", "a whole number from 1 to 50"),
    ({"hyperparameters": {"n_epochs": -1}}, "hyperparameters.n_epochs", "-1 is not"),
    ({"hyperparameters": {"n_epochs": 1.5}}, "hyperparameters.n_epochs", "1.5 is not"),
    ({"hyperparameters": {"n_epochs": True}}, "hyperparameters.n_epochs", "true is not"),
    ({"hyperparameters": {"batch_size": 257}}, "hyperparameters.batch_size", "a whole number from 1 to 256"),
    ({"hyperparameters": {"learning_rate_multiplier": 0}}, "hyperparameters.learning_rate_multiplier", "above 0"),
    (
        {"method": {"type": "dpo", "dpo": {"hyperparameters": {"beta": "big"}}}},
        "method.dpo.hyperparameters.beta",
        "up to 2",
    ),
    ({"method": {"type": "reinforcement"}}, "method.type", "'supervised' or 'dpo'"),
    ({"method": {"type": "supervised", "reinforcement": {"grader": {}}}}, "method.reinforcement", "not possible here"),
    ({"method": {"type": "supervised", "dpo": {}}}, "method", "'dpo'"),
    ({"integrations": [{"type": "wandb", "wandb": {"project": "p"}}]}, "integrations", "not possible here"),
    ({"suffix": "x" * 65}, "suffix", "64"),
    ({"seed": "x"}, "seed", "integer"),
    ({"colour": 1}, "colour", ""),
]


def ended(v1: V1, job: FineTuningJob) -> FineTuningJob:
    wait_for(lambda: status(v1, job) in ("succeeded", "failed", "cancelled"), 120, 0.2)
    return strict(FineTuningJob, v1.http.get(f"/fine_tuning/jobs/{job.id}").json())


def test_a_wrong_value_is_told_by_its_name_and_what_is_allowed(data: Path) -> None:
    with serving(data) as (v1, trainer):
        order = {"model": v1.model, "training_file": file(v1, 0)}
        for more, param, said in WRONG:
            answer = v1.http.post("/fine_tuning/jobs", json=order | more)
            error = answer.json()["error"]
            assert (answer.status_code, error["param"]) == (400, param), error
            assert said in error["message"]
            assert error["message"].startswith(f"Invalid '{param}': ")
            assert len(error["message"]) < 160
        assert trainer.begun() == []


def test_fields_that_are_null_or_auto_are_as_if_left_out(data: Path) -> None:
    with serving(data) as (v1, _):
        auto = dict.fromkeys(("n_epochs", "batch_size", "learning_rate_multiplier"), "auto")
        method = {"type": "supervised", "supervised": {"hyperparameters": auto}, "dpo": None, "reinforcement": None}
        nothing = dict.fromkeys(("suffix", "seed", "metadata", "validation_file", "hyperparameters"))
        body = {"model": v1.model, "training_file": file(v1, 0), "method": method, "integrations": [], **nothing}
        made = v1.http.post("/fine_tuning/jobs", json=body)
        assert made.status_code == 200, made.text
        job = ended(v1, strict(FineTuningJob, made.json()))
        assert job.status == "succeeded"
        assert job.method.supervised.hyperparameters.n_epochs == 10  # OpenAI's rule: 100 examples in all


def test_what_is_chosen_is_what_is_trained_and_told(data: Path) -> None:
    with serving(data) as (v1, _):
        chosen = {"n_epochs": 2, "batch_size": 4, "learning_rate_multiplier": 0.5}
        make = v1.ada.fine_tuning.jobs.create
        half, _ = (
            make(model=v1.model, training_file=file(v1, 0), hyperparameters=chosen | {"learning_rate_multiplier": rate})
            for rate in (0.5, 1)
        )
        assert half.method.supervised.hyperparameters.model_dump() == chosen
        asked = [v1.bench.store.job(number).request for number in (1, 2)]
        assert [(one["epochs"], one["batch_size"]) for one in asked] == [(2.0, 4)] * 2
        assert asked[0]["learning_rate"] == pytest.approx(asked[1]["learning_rate"] / 2)


def test_a_job_names_the_model_it_was_begun_from_and_a_checkpoint_is_one(data: Path) -> None:
    with serving(data, jobs=4) as (v1, trainer):
        first = ended(v1, create(v1, 0, "one"))
        (kept, *_) = v1.ada.fine_tuning.jobs.checkpoints.list(first.id).data
        bases = [first.fine_tuned_model, f"{first.fine_tuned_model}:ckpt-step-3", kept.fine_tuned_model_checkpoint]
        made = [v1.ada.fine_tuning.jobs.create(model=base, training_file=file(v1, 1)) for base in bases]
        assert [job.model for job in (first, *made)] == [Path(v1.model).name, *bases]
        names = [ended(v1, job).fine_tuned_model for job in made]
        assert names == [f"ft:{Path(v1.model).name}:ada::{number}" for number in (2, 3, 4)]
        given = [Path(str(trainer.asked(number)["base"])) for number in range(4)]
        folder = Path(v1.bench.store.job(1).handle)
        assert [path.relative_to(data / folder).as_posix() for path in given[1:]] == [
            "merged",
            "checkpoints/checkpoint-3",
            f"checkpoints/checkpoint-{kept.step_number}",
        ]
        for wrong in (f"{bases[0]}:ckpt-step-99", "ft:other:ada::1"):
            with pytest.raises(openai.NotFoundError):
                v1.ada.fine_tuning.jobs.create(model=wrong, training_file=file(v1, 1))


def test_a_model_that_is_trained_further_is_not_deleted_meanwhile(data: Path) -> None:
    with serving(data) as (v1, trainer):
        first = ended(v1, create(v1, 0, "one"))
        after = v1.ada.fine_tuning.jobs.create(model=first.fine_tuned_model, training_file=file(v1, 1), suffix="hold")
        with pytest.raises(openai.ConflictError, match=f"{after.id} trains this model further"):
            v1.ada.models.delete(first.fine_tuned_model)
        trainer.release()
        assert ended(v1, after).status == "succeeded"
        v1.ada.models.delete(first.fine_tuned_model)
        assert v1.ada.fine_tuning.jobs.retrieve(after.id).model == first.fine_tuned_model


def test_the_end_is_told_from_the_estimate_until_there_are_steps(data: Path) -> None:
    with serving(data) as (v1, trainer):
        began = time.time()
        job = create(v1, 0, "hold")
        assert began + trainer.seconds.low < job.estimated_finish < began + trainer.seconds.high + 5
        trainer.release()
        assert ended(v1, job).estimated_finish is None
