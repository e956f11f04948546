"""Fine-tuning through /v1, really trained: both methods, both files, pausing, cancelling, and what comes of it."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
from openai.types.fine_tuning import FineTuningJob
from openai.types.fine_tuning.jobs import FineTuningJobCheckpoint

import app
from assistant.errors import AttuneError
from assistant.faces.api import app as api
from assistant.faces.api import auth
from assistant.record.types import Case
from assistant.settings import Settings
from assistant.workbench import open_workbench
from tests.assistant.faces.api.conftest import GOOD, ROWS, V1, strict
from tests.tools.conftest import wait_for

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
PAIRS = "\n".join(
    json.dumps(
        {
            "input": {"messages": row["messages"][:1], "tools": [], "parallel_tool_calls": True},
            "preferred_output": row["messages"][1:],
            "non_preferred_output": [{"role": "assistant", "content": "I do not know."}],
        }
    )
    for row in ROWS
).encode()


def upload(v1: V1, data: bytes, name: str) -> str:
    return v1.ada.files.create(file=(name, data), purpose="fine-tune").id


def ended(v1: V1, id: str) -> FineTuningJob:
    v1.ada.fine_tuning.jobs.retrieve(id)
    found: FineTuningJob = wait_for(
        lambda: (job := v1.ada.fine_tuning.jobs.retrieve(id)).status in ("succeeded", "failed", "cancelled") and job,
        600,
        0.3,
    )
    return found


def table(v1: V1, job: FineTuningJob) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(v1.ada.files.content(job.result_files[0]).text)))


def steps(v1: V1, id: str) -> int:
    """The last step that the job's events tell of."""
    told = [event.data or {} for event in v1.ada.fine_tuning.jobs.list_events(id, limit=100).data]
    return max((int(data["step"]) for data in told if isinstance(data, dict) and "train_loss" in data), default=0)


@dataclass(frozen=True)
class Trained:
    supervised: FineTuningJob
    dpo: FineTuningJob


@pytest.fixture(scope="module")
def trained(v1: V1) -> Trained:
    """Two jobs at once: supervised with TRL and a validation file, DPO with the trainer that is first."""
    rows, held, pairs = (
        upload(v1, data, f"{name}.jsonl")
        for name, data in (("rows", GOOD), ("held", b"\n".join(GOOD.split(b"\n")[:3])), ("pairs", PAIRS))
    )
    create = v1.ada.fine_tuning.jobs.create
    supervised = create(
        model=v1.model,
        training_file=rows,
        validation_file=held,
        suffix="sft",
        extra_body={"trainer": "trl"},
        method={"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": 2}}},
    )
    dpo = create(
        model=v1.model,
        training_file=pairs,
        validation_file=pairs,
        suffix="dpo",
        seed=7,
        method={"type": "dpo", "dpo": {"hyperparameters": {"n_epochs": 1, "beta": 0.2}}},
    )
    third = create(model=v1.model, training_file=rows)
    assert (third.status, v1.ada.fine_tuning.jobs.cancel(third.id).status) == ("queued", "cancelled")
    return Trained(ended(v1, supervised.id), ended(v1, dpo.id))


def test_a_job_names_its_files_its_trainer_and_its_method(v1: V1, trained: Trained) -> None:
    job = strict(FineTuningJob, v1.http.get(f"/fine_tuning/jobs/{trained.supervised.id}").json())
    assert (job.status, job.error) == ("succeeded", None)
    assert v1.ada.files.retrieve(job.validation_file).filename == "held.jsonl"
    assert (job.method.type, job.method.supervised.hyperparameters.n_epochs) == ("supervised", 2)
    assert v1.bench.store.job(int(job.id.removeprefix("ftjob-"))).trainer == "trl"
    assert job.trained_tokens > 0


def test_the_result_file_has_openais_columns_filled(v1: V1, trained: Trained) -> None:
    found = table(v1, trained.supervised)
    assert {"step", "train_loss", "train_accuracy", "valid_loss", "valid_mean_token_accuracy"} <= set(found[0])
    stepped = [row for row in found if row["train_loss"]]
    assert len(stepped) >= 2
    assert all(0 <= float(row["train_accuracy"]) <= 1 for row in stepped)
    evaluated = [row for row in found if row["valid_loss"]]
    assert len(evaluated) >= 2
    assert all(0 <= float(row["valid_mean_token_accuracy"]) <= 1 for row in evaluated)
    assert float(evaluated[-1]["valid_loss"]) < float(evaluated[0]["valid_loss"])


def test_preferences_are_learned_from_a_file_in_openais_format(v1: V1, trained: Trained) -> None:
    job = strict(FineTuningJob, v1.http.get(f"/fine_tuning/jobs/{trained.dpo.id}").json())
    assert (job.status, job.error, job.seed) == ("succeeded", None, 7)
    assert (job.method.type, job.method.dpo.hyperparameters.beta) == ("dpo", 0.2)
    found = table(v1, job)
    assert all(0 <= float(row["train_accuracy"]) <= 1 for row in found if row["train_loss"])
    evaluated = [row for row in found if row["valid_loss"]]
    assert float(evaluated[-1]["valid_loss"]) < float(evaluated[0]["valid_loss"])
    said = v1.ada.chat.completions.create(
        model=job.fine_tuned_model, messages=[{"role": "user", "content": "Question 3?"}], max_tokens=8
    )
    assert said.choices[0].message.content


def test_a_checkpoint_answers_by_its_name(v1: V1, trained: Trained) -> None:
    listed = v1.http.get(f"/fine_tuning/jobs/{trained.supervised.id}/checkpoints").json()["data"]
    kept = [strict(FineTuningJobCheckpoint, one) for one in listed]
    assert [one.step_number for one in kept] == sorted((one.step_number for one in kept), reverse=True)
    assert len(kept) == 2
    asked: list[Any] = [{"role": "user", "content": "Question 3?"}]
    last, final = (
        v1.ada.chat.completions.create(model=model, messages=asked, max_tokens=16)
        for model in (kept[0].fine_tuned_model_checkpoint, trained.supervised.fine_tuned_model)
    )
    assert last.model == kept[0].fine_tuned_model_checkpoint
    assert last.choices[0].message.content == final.choices[0].message.content  # the last step is the model
    with pytest.raises(openai.NotFoundError):
        v1.ada.chat.completions.create(model=f"{final.model}:ckpt-step-999", messages=asked)


def test_a_job_is_created_once_paused_resumed_and_cancelled(v1: V1, trained: Trained) -> None:
    """Two programs ask at once with one Idempotency-Key, and one job runs."""
    file = trained.supervised.training_file

    def ask(_: int) -> str:
        return v1.ada.fine_tuning.jobs.create(
            model=v1.model,
            training_file=file,
            hyperparameters={"n_epochs": 50},
            extra_body={"trainer": "trl"},
            extra_headers={"Idempotency-Key": "once"},
        ).id

    with ThreadPoolExecutor(4) as several:
        (id,) = set(several.map(ask, range(4)))
    jobs = v1.ada.fine_tuning.jobs
    wait_for(lambda: steps(v1, id) >= 2, 300, 0.3)
    jobs.pause(id)
    wait_for(lambda: v1.http.get(f"/fine_tuning/jobs/{id}").json()["status"] == "paused", 120, 0.2)
    paused_at = steps(v1, id)
    assert v1.bench.store.job(int(id.removeprefix("ftjob-"))).reason.startswith("Paused at step")
    with pytest.raises(openai.BadRequestError, match="has stopped"):
        jobs.pause(id)
    assert jobs.resume(id).status == "running"
    wait_for(lambda: steps(v1, id) > paused_at, 300, 0.3)
    assert jobs.cancel(id).status == "cancelled"
    done = ended(v1, id)
    assert (done.status, done.fine_tuned_model, done.result_files) == ("cancelled", None, [])
    with pytest.raises(openai.BadRequestError, match="has ended"):
        jobs.cancel(id)


def test_a_deleted_model_is_gone_with_its_checkpoints(v1: V1, trained: Trained) -> None:
    job = v1.bench.store.job(int(trained.dpo.id.removeprefix("ftjob-")))
    folder = Path(v1.bench.settings.model_path(job.model))
    assert folder.is_dir()
    v1.ada.models.delete(trained.dpo.fine_tuned_model)
    assert not folder.exists()
    with pytest.raises(openai.NotFoundError):
        v1.ada.models.retrieve(trained.dpo.fine_tuned_model)


def test_what_answers_in_a_case_answers_by_its_name(v1: V1) -> None:
    v1.bench.store.add_case(Case("teashop", "Tea shop", owner="ada"))
    asked: list[Any] = [{"role": "user", "content": "Hello, who are you?"}]
    said = v1.ada.chat.completions.create(model="attune:teashop", messages=asked, max_tokens=8, top_p=0.5)
    assert said.model == "attune:teashop"
    assert said.choices[0].message.content
    assert "attune:teashop" in [model.id for model in v1.ada.models.list()]
    with pytest.raises(openai.NotFoundError):
        v1.bob.chat.completions.create(model="attune:teashop", messages=asked)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "attune.example"])
def test_it_does_not_start_beyond_loopback_without_a_password(tmp_path: Path, host: str) -> None:
    bench = open_workbench(Settings(data=tmp_path, host=host, port=0, embedding="lexical"))
    with pytest.raises(AttuneError, match=r"does not start so.*ATTUNE_PASSWORD"):
        app.serve(bench)
    bench.close()


def test_the_key_of_one_run_is_good_on_loopback_only(tmp_path: Path) -> None:
    bench = open_workbench(Settings(data=tmp_path, embedding="lexical"))
    keys, made = auth.keys(bench.settings)
    made_app = api.make(bench, keys)

    async def status(host: str) -> tuple[int, str | None]:
        transport = httpx.ASGITransport(made_app, client=(host, 5000))
        async with httpx.AsyncClient(transport=transport, base_url="http://attune") as client:
            answer = await client.get("/models", headers={"Authorization": f"Bearer {made}"})
            return answer.status_code, answer.json().get("error", {}).get("code")

    assert asyncio.run(status("127.0.0.1")) == (200, None)
    assert asyncio.run(status("192.0.2.7")) == (403, "loopback_only")
    bench.close()
