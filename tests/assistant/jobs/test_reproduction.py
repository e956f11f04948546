"""A run repeated from its lock: equal to the bit on one machine, else the first difference is told."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from assistant import variants
from assistant.errors import AttuneError
from assistant.jobs import lifecycle, reproduction
from assistant.record.types import Job
from assistant.stages import evaluate, switch
from assistant.workbench import Workbench
from tests.assistant.tuned_case import CASE, HELD_OUT, TunedCase
from tests.conftest import Attune
from tools import jobdir

pytestmark = pytest.mark.slow


def quiet(message: str, fraction: float) -> None:
    """Progress that nobody asked for."""


def compared(bench: Workbench, job: Job, again: Job) -> reproduction.Reproduced:
    return reproduction.compare(bench, bench.store.job(job.id), bench.store.job(again.id), (), quiet)


@pytest.mark.timeout(400)
def test_a_run_repeats_to_the_bit_and_is_no_candidate(
    tuned_case: TunedCase, here: Attune, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench, job, variant = tuned_case
    store = bench.store
    before = {one.id for one in store.variants(CASE)}
    monkeypatch.setenv("ATTUNE_DATA", str(bench.settings.data))
    done = here("reproduce", str(job.id), "--json")
    found = json.loads(done.stdout)
    assert (done.returncode, found["equal"], found["first"], found["warnings"]) == (0, True, "", []), found
    again = store.job(found["again"])
    told = {check["name"]: check["detail"] for check in found["checks"]}
    assert told["model"] == "model.safetensors, model.gguf: the same to the bit"
    assert told["adapter"] == "adapter_model.safetensors: the same to the bit"
    assert told["greedy answers"] == f"{HELD_OUT + HELD_OUT // 2} are the same to the letter"
    assert again.metrics["threads"] == job.metrics["threads"]

    # It is no second model of the case, for anybody.
    assert again.request["reproduces"] == job.id
    assert {one.id for one in store.variants(CASE)} == before
    assert evaluate.newest(store, CASE) == job
    assert switch.find(store, CASE, variants.TUNED) == variant
    with pytest.raises(AttuneError, match=f"only repeats job {job.id}"):
        evaluate.run(bench, CASE, again.id)
    assert reproduction.original(bench, str(again.id)) == reproduction.original(bench, CASE) == job

    # What differs is named, the first of it.
    events = Path(bench.settings.model_path(job.handle)) / jobdir.EVENTS
    kept = events.read_text(encoding="utf-8")
    lines = [json.loads(line) for line in kept.splitlines()]
    third = next(line for line in lines if line["type"] == "step" and line["step"] == 3)
    third["loss"] += 0.01
    events.write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")
    other = compared(bench, job, again)
    assert not other.equal
    assert other.first.startswith("losses: the loss of step 3 first differs: ")
    events.write_text(kept, encoding="utf-8")

    made = job.metrics["made"] | {"model": job.metrics["made"]["model"] | {"model.safetensors": "0" * 64}}
    store.set_job(job.id, metrics=job.metrics | {"made": made})
    assert compared(bench, job, again).first.startswith("model: model.safetensors has the sha256 ")
    store.set_job(job.id, metrics=job.metrics)

    score = next(s for s in store.scores(evaluate.latest(store, CASE).id) if s.variant == variant.id)
    store.add_score(type(score)(**vars(score) | {"answer": "Something else."}))
    words = compared(bench, job, again).first
    assert words.startswith(
        f"greedy answers: conversation {score.item}, turn {score.turn + 1}: 'Something else.' became"
    )
    assert store.job(again.id).metrics["reproduction"]["first"] == words

    # A new repetition is asked for only when the earlier one has been compared.
    wanted = reproduction.prepare(bench, job)
    newer = reproduction.start(bench, job, wanted)
    assert newer.id != again.id
    assert reproduction.start(bench, job, wanted).id == newer.id
    lifecycle.cancel(bench, newer.id)


def test_other_conditions_are_a_warning(tuned_case: TunedCase) -> None:
    bench, job, _ = tuned_case
    known = job.metrics["conditions"]
    assert known["libraries"]["torch"]
    libraries = known["libraries"] | {"trl": "0.0.1"}
    bench.store.set_job(job.id, metrics=job.metrics | {"conditions": known | {"libraries": libraries}})
    (warning,) = reproduction.prepare(bench, bench.store.job(job.id)).warnings
    assert warning.startswith("Not the same: trl 0.0.1 is ")
    metrics = {name: value for name, value in job.metrics.items() if name != "conditions"}
    bench.store.set_job(job.id, metrics=metrics)
    assert "noted no versions" in reproduction.prepare(bench, bench.store.job(job.id)).warnings[0]


def lose_folder(bench: Workbench, job: Job) -> None:
    shutil.rmtree(bench.settings.model_path(job.handle))


def change_rows(bench: Workbench, job: Job) -> None:
    path = Path(bench.settings.model_path(job.handle)) / jobdir.REQUEST
    values = json.loads(path.read_text(encoding="utf-8"))
    values["train"] = values["train"][1:]
    path.write_text(json.dumps(values), encoding="utf-8")


def lose_base(bench: Workbench, job: Job) -> None:
    bench.store.set_job(job.id, request=job.request | {"base_name": str(bench.settings.data / "nowhere")})


def change_base(bench: Workbench, job: Job) -> None:
    made = job.metrics["made"]
    other = made | {"base": made["base"] | {"model.safetensors": "0" * 64}}
    bench.store.set_job(job.id, metrics=job.metrics | {"made": other})


def train_elsewhere(bench: Workbench, job: Job) -> None:
    bench.store.set_job(job.id, trainer="openai")


@pytest.mark.parametrize(
    ("lose", "words"),
    [
        (lose_folder, "is gone, and with it the rows"),
        (change_rows, "are not those that it learned from"),
        (lose_base, "any more"),
        (change_base, "is another one by now: model.safetensors had the sha256 000000000000"),
        (train_elsewhere, "was trained by openai, elsewhere"),
    ],
)
def test_what_is_missing_is_one_sentence(
    tuned_case: TunedCase, lose: Callable[[Workbench, Job], None], words: str
) -> None:
    bench, job, _ = tuned_case
    lose(bench, job)
    with pytest.raises(AttuneError, match=words):
        reproduction.prepare(bench, bench.store.job(job.id))
