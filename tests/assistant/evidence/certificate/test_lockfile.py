"""The lockfile: all that a model came from, and it travels with every export."""

from __future__ import annotations

import importlib.metadata
import json
from pathlib import Path

import pytest

from assistant.evidence.certificate import lockfile
from assistant.leaving import export
from assistant.stages import evaluate
from tests.assistant.tuned_case import CASE, HELD_OUT, LEARNED, STEPS, TunedCase

pytestmark = pytest.mark.slow


def test_it_holds_what_a_run_and_its_measurement_rest_on(tuned_case: TunedCase) -> None:
    bench, job, variant = tuned_case
    found = lockfile.of(bench.store, job)
    assert found["dataset"]["sha256"] == job.dataset
    split = found["dataset"]["conversations"]
    assert (len(split["train"]), len(split["test"])) == (LEARNED, HELD_OUT)
    assert not set(split["train"]) & set(split["test"])
    assert found["seed"] == 3407
    assert found["options"]["max_steps"] == STEPS
    assert found["decided"]["lora_rank"] > 0
    assert found["computed"]["threads"] >= 1
    assert found["base"]["name"] == bench.settings.chat_model
    assert len(found["base"]["files"]["model.safetensors"]) == 64
    assert found["model"].keys() >= {"model.safetensors", "model.gguf", "tokenizer.json"}
    assert found["conditions"]["libraries"]["torch"] == importlib.metadata.version("torch")
    assert found["conditions"]["machine"]["kind"]
    measured = found["evaluation"]
    mine = [s for s in bench.store.scores(evaluate.latest(bench.store, CASE).id) if s.variant == variant.id]
    answers = [(one.item, one.turn, one.answer) for one in mine]
    assert measured["answers_sha256"] == lockfile.answers_sha256(reversed(answers))
    assert measured["answers_sha256"] != lockfile.answers_sha256(answers[1:])
    assert measured["sacrebleu"] == importlib.metadata.version("sacrebleu")


@pytest.mark.parametrize("form", ["model", "adapter"])
def test_every_export_of_a_model_holds_it(tuned_case: TunedCase, tmp_path: Path, form: str) -> None:
    bench, job, _ = tuned_case
    done = {"model": export.model, "adapter": export.adapter}[form](bench.store, bench.settings, CASE, tmp_path / form)
    assert lockfile.NAME in done["files"]
    told = json.loads((tmp_path / form / lockfile.NAME).read_text(encoding="utf-8"))
    assert told == lockfile.of(bench.store, job)
