"""What can be asked of a local run: DPO, KTO, full and continued tuning, early stopping; really trained."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests import tinymodel
from tests.tools.conftest import make_rows
from tools import jobdir, process
from tools.engine import EMBEDDED
from tools.local import checks, machine, recipe
from tools.local.trl_trainer import TrlTrainer
from tools.trainer import JobState, JobStatus, Preference, ToolError, TrainRequest

WORSE = "I do not know what you mean."


def judged(count: int, seed: int) -> list[Preference]:
    return [Preference(row[:2], row[2]["content"], WORSE) for row in make_rows(count, seed)]


def alone(pairs: list[Preference]) -> list[Preference]:
    """Each answer judged on its own, as KTO is given them."""
    good = [replace(pair, rejected="") for pair in pairs]
    return good + [replace(pair, chosen="") for pair in pairs[::2]]


def supervised(base: Path, **changes) -> TrainRequest:
    rows = make_rows(20)
    return TrainRequest(str(base), rows[:16], rows[16:], max_steps=4, probes=[rows[0][:2]], **changes)


def preferring(base: Path, method: str) -> TrainRequest:
    make = alone if method == "kto" else list
    asked = [make_rows(1)[0][:2]]
    return TrainRequest(
        str(base),
        [],
        method=method,
        preferences=make(judged(16, 0)),
        test_preferences=make(judged(6, 9)),
        max_steps=6,
        learning_rate=2e-3,
        probes=asked,
    )


def run(root: Path, engine: str, requests: dict[str, TrainRequest]) -> dict[str, JobStatus]:
    """The status of each request's run, by name; one child process makes them all."""
    for name, request in requests.items():
        (root / name).mkdir()
        values = {**request.to_json(), "engine": engine}
        (root / name / jobdir.REQUEST).write_text(json.dumps(values), encoding="utf-8")
    command = [sys.executable, "-m", "tests.tools.many", *(str(root / name) for name in requests)]
    done = subprocess.run(command, env=process.environment(), capture_output=True, text=True, timeout=900)
    found = {name: process.status(root / name) for name in requests}
    assert all(status.state is JobState.SUCCEEDED for status in found.values()), (found, done.stderr[-4000:])
    return found


@pytest.fixture(scope="module", params=["trl", "unsloth"])
def runs(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, JobStatus]:
    root = tmp_path_factory.mktemp(request.param)
    tiny = tinymodel.make(root / "tiny")
    first = supervised(tiny, learning_rate=4e-3)
    odd = [[*row[:2], {"role": "assistant", "content": "0123 %&$ 456 QXZ"}] for row in make_rows(4, 5)]
    return run(
        root,
        request.param,
        {
            "sft": first,
            "continued": replace(first, adapter=str(root / "sft" / "adapter")),
            "full": replace(first, tuning="full", learning_rate=5e-3),
            "dpo": preferring(tiny, "dpo"),
            "kto": preferring(tiny, "kto"),
            "dpo-full": replace(preferring(tiny, "dpo"), tuning="full"),
            "patient": replace(first, test=odd, patience=2, max_steps=80),
        },
    )


@pytest.mark.parametrize("name", ["dpo", "kto", "dpo-full"])
def test_judged_answers_raise_the_margin_on_pairs_that_were_held_out(runs: dict[str, JobStatus], name: str) -> None:
    metrics = runs[name].metrics
    assert metrics["margin_before"] == pytest.approx(0.0, abs=1e-5)
    assert metrics["margin"] > 0.01
    assert metrics["eval_loss"] < metrics["eval_loss_before"]
    assert (metrics["beta"], metrics["method"]) == (recipe.BETA, name[:3])
    (data,) = [event for event in runs[name].events if event["type"] == "data"]
    assert data["rows"] == (24 if name == "kto" else 16)
    assert data["trained_tokens"] < data["tokens"]


def test_a_preference_run_leaves_one_adapter_and_a_model(runs: dict[str, JobStatus]) -> None:
    assert not (Path(runs["dpo"].adapter) / "ref").exists()
    assert (Path(runs["dpo"].model) / "config.json").is_file()


def test_full_tuning_moves_every_weight_and_leaves_no_adapter(runs: dict[str, JobStatus]) -> None:
    from safetensors.torch import load_file

    status = runs["full"]
    assert status.metrics["eval_loss"] < status.metrics["eval_loss_before"]
    assert status.adapter == ""
    assert status.metrics["lora_rank"] == 0
    base = load_file(str(Path(status.model).parent.parent / "tiny" / "model.safetensors"))
    tuned = load_file(str(Path(status.model) / "model.safetensors"))
    assert set(base) == set(tuned)
    assert all((base[name] != tuned[name]).any() for name in base)


def test_continued_tuning_starts_where_the_earlier_run_ended(runs: dict[str, JobStatus]) -> None:
    first, second = runs["sft"].metrics, runs["continued"].metrics
    assert second["eval_loss_before"] == pytest.approx(first["eval_loss"], rel=1e-3)
    assert first["eval_loss"] < first["eval_loss_before"]
    assert second["eval_loss"] < second["eval_loss_before"]


def test_early_stopping_ends_with_the_best_checkpoint_and_says_so(runs: dict[str, JobStatus]) -> None:
    status = runs["patient"]
    losses = {e["step"]: e["eval_loss"] for e in status.events if e["type"] == "eval" and e["step"]}
    best = min(losses, key=lambda step: losses[step])
    assert status.metrics["steps"] == best + 2 * 2 < 80  # an evaluation every 2 steps, 2 of them without progress
    assert f"Stopped early at step {status.metrics['steps']} of 80" in status.reason
    assert f"the model is that of step {best}" in status.reason
    assert status.metrics["eval_loss"] == losses[best]
    assert [c.step for c in status.checkpoints if c.metrics["best"]] == [best]
    kept = next(Path(c.model) for c in status.checkpoints if c.step == best)
    assert (kept / "adapter_model.safetensors").read_bytes() == (
        Path(status.adapter) / "adapter_model.safetensors"
    ).read_bytes()


def test_peak_memory_is_measured(runs: dict[str, JobStatus]) -> None:
    assert all(0.1 < status.metrics["peak_memory_gb"] < 20 for status in runs.values())


# refused at once ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"method": "ppo"}, "'ppo' is not a choice for method"),
        ({"tuning": "half"}, "'half' is not a choice for tuning"),
        ({"method": "dpo"}, "at least one pair"),
        ({"method": "kto"}, "at least one judged answer"),
        ({"method": "kto", "preferences": judged(2, 0), "batch_size": 1}, "at least 2"),
        ({"method": "kto", "preferences": [Preference([{"role": "user", "content": "a"}], "b")]}, "no bad ones"),
        ({"beta": 0.3}, "SFT has none"),
        ({"patience": 2, "test": []}, "rows to evaluate on"),
        ({"processes": 3}, "shared evenly"),
        ({"processes": 0}, "0 is not a usable value for processes"),
        ({"adapter": "/no/such/adapter"}, "not an adapter"),
        ({"adapter": "/no/such/adapter", "tuning": "full"}, "Full tuning"),
    ],
)
def test_what_cannot_be_done_is_refused_with_a_sentence(tiny: Path, changes: dict, sentence: str) -> None:
    with pytest.raises(ToolError, match=sentence):
        checks.checked(replace(supervised(tiny), **changes))


@pytest.mark.skipif(machine.has_gpu(), reason="this machine has a GPU, where QLoRA runs")
def test_qlora_is_refused_on_a_cpu(tiny: Path, tmp_path: Path) -> None:
    trainer = TrlTrainer(tmp_path / "jobs")
    for ask in (trainer.estimate, trainer.start):
        with pytest.raises(ToolError, match="QLoRA needs a GPU"):
            ask(supervised(tiny, tuning="qlora"))
    assert not (tmp_path / "jobs").exists()


def test_an_adapter_of_another_base_is_refused(runs: dict[str, JobStatus], embedded: Path) -> None:
    with pytest.raises(ToolError, match="trained on another model"):
        checks.checked(supervised(embedded / EMBEDDED, adapter=runs["sft"].adapter))


def test_what_does_not_fit_into_memory_is_refused(tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "memory_gb", lambda: 0.1)
    with pytest.raises(ToolError, match=r"needs at least .* GB of memory; this .* has 0.1 GB"):
        TrlTrainer(tmp_path).start(supervised(tiny))
    assert list(tmp_path.iterdir()) == []
