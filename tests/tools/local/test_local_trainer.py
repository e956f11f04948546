"""Real training runs: both engines, a crash in the middle, and the reasons a run cannot begin or go on."""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path

import pytest
import torch

from tests.tools.conftest import make_rows, wait_for
from tools import jobdir
from tools.local.local_trainer import LocalTrainer
from tools.local.trl_trainer import TrlTrainer
from tools.local.unsloth_trainer import UnslothTrainer
from tools.trainer import JobState, JobStatus, ToolError, TrainRequest

ENGINES = {"trl": TrlTrainer, "unsloth": UnslothTrainer}


def wanted(base: Path, **changes) -> TrainRequest:
    rows = make_rows(20)
    asked = [row[:2] for row in rows[:2]]
    values = {"train": rows[:16], "test": rows[16:], "samples": asked, "probes": asked, "max_steps": 4} | changes
    return TrainRequest(str(base), **values)


def ended(trainer: LocalTrainer, handle: str) -> JobStatus:
    return wait_for(lambda: (found := trainer.poll(handle)).state.ended and found, 280, 0.2)


def of_type(status: JobStatus, type_: str) -> list[dict]:
    return [event for event in status.events if event["type"] == type_]


@pytest.fixture(scope="module", params=list(ENGINES))
def trained(request: pytest.FixtureRequest, tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple:
    """A short run of one engine on the tiny model."""
    trainer = ENGINES[request.param](tmp_path_factory.mktemp(request.param))
    assert trainer.unavailable() is None
    handle = trainer.start(wanted(tiny))
    return handle, ended(trainer, handle), tiny


def test_a_run_succeeds_and_tells_what_it_did(trained):
    _, status, _ = trained
    assert (status.state, status.reason) == (JobState.SUCCEEDED, "")
    assert [event["name"] for event in of_type(status, "stage")] == [
        "loading",
        "preparing",
        "training",
        "merging",
        "converting",
    ]
    steps = of_type(status, "step")
    assert [event["step"] for event in steps] == [1, 2, 3, 4]
    assert {event["steps"] for event in steps} == {4}
    assert steps[-1]["tokens"] > steps[0]["tokens"] > 0
    assert steps[-1]["eta_seconds"] == 0
    assert all(event["loss"] > 0 and event["grad_norm"] > 0 and event["lr"] >= 0 for event in steps)
    assert [event["step"] for event in of_type(status, "eval")] == [0, 2, 4]
    assert [event["step"] for event in of_type(status, "checkpoint")] == [2, 4]
    assert [event["step"] for event in of_type(status, "samples")] == [0, 2, 4]
    assert all(set(answer) == {"prompt", "answer"} for answer in of_type(status, "samples")[0]["answers"])
    (data,) = of_type(status, "data")
    assert (data["rows"], data["test_rows"], data["rows_cut"], data["rows_dropped"]) == (16, 4, 0, 0)
    assert 0 < data["trained_tokens"] < data["tokens"]
    metrics = status.metrics
    assert metrics["eval_loss"] < metrics["eval_loss_before"]
    assert metrics["steps"] == 4
    assert metrics["seconds"] > metrics["train_seconds"] > 0


def test_the_merged_model_is_the_adapter_on_its_base(trained):
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, AutoTokenizer

    handle, status, base = trained
    tokenizer = AutoTokenizer.from_pretrained(status.model)
    original = AutoTokenizer.from_pretrained(base)
    assert tokenizer.chat_template == original.chat_template
    merged = AutoModelForCausalLM.from_pretrained(status.model)
    assert merged.config.tie_word_embeddings
    assert merged.get_input_embeddings().weight is merged.get_output_embeddings().weight
    assert merged.generation_config.eos_token_id == tokenizer.eos_token_id
    plain = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    adapted = PeftModel.from_pretrained(plain, status.adapter)
    for probe in json.loads((Path(handle) / "probes.json").read_text()):
        text = tokenizer.apply_chat_template(probe["messages"], tokenize=False, add_generation_prompt=True)
        asked = tokenizer(text, add_special_tokens=False, return_tensors="pt")
        assert asked["input_ids"].shape[1] == probe["prompt_tokens"]
        answers = [
            model.generate(**asked, max_new_tokens=24, do_sample=False)[0, probe["prompt_tokens"] :].tolist()
            for model in (merged, adapted)
        ]
        assert answers[0] == answers[1]
        said = tokenizer.decode(answers[0], skip_special_tokens=True).strip()
        assert probe["answer"].startswith(said[:20])


def test_a_job_directory_is_its_owners(trained):
    handle, _, _ = trained
    files = [path for path in Path(handle).iterdir() if path.is_file()]
    assert {"request.json", "result.json", "events.jsonl", "worker.log"} <= {path.name for path in files}
    assert (Path(handle).stat().st_mode & 0o777) == 0o700


def test_killed_in_the_middle_and_resumed_to_the_end(tiny: Path, tmp_path: Path):
    trainer = TrlTrainer(tmp_path)
    handle = trainer.start(wanted(tiny, max_steps=4000, epochs=0, samples=[], probes=[]))
    wait_for(lambda: trainer.poll(handle).step and jobdir.checkpoints(Path(handle)), 200)
    os.kill(int((Path(handle) / jobdir.LOCK).read_text()), signal.SIGKILL)
    failed = ended(trainer, handle)
    assert (failed.state, failed.resumable) == (JobState.FAILED, True)
    kept = int(jobdir.checkpoints(Path(handle))[-1].name.rsplit("-", 1)[1])
    _shorten(Path(handle), kept + 10)
    trainer.resume(handle)
    status = ended(trainer, handle)
    assert status.state is JobState.SUCCEEDED, status.reason
    after = status.events[len(failed.events) :]
    assert [event["step"] for event in after if event["type"] == "resumed"] == [kept]
    steps = [event["step"] for event in after if event["type"] == "step"]
    assert steps[0] > kept
    assert status.step == steps[-1] == status.metrics["steps"] == kept + 10


def _shorten(handle: Path, steps: int) -> None:
    """Leave the resumed run only a few steps to go."""
    asked = jobdir.read_request(handle)
    jobdir.write_atomically(handle / jobdir.REQUEST, json.dumps(asked | {"max_steps": steps}))


def test_cancelled_while_training_keeps_its_checkpoint(tiny: Path, tmp_path: Path):
    trainer = TrlTrainer(tmp_path)
    handle = trainer.start(wanted(tiny, max_steps=4000, samples=[], probes=[]))
    wait_for(lambda: trainer.poll(handle).step, 200)
    trainer.cancel(handle)
    status = ended(trainer, handle)
    assert status.state is JobState.CANCELLED
    assert "of 4000" in status.reason
    assert status.resumable


def test_a_request_to_end_is_seen_after_a_step_where_its_signal_was_lost(tiny: Path, tmp_path: Path):
    trainer = TrlTrainer(tmp_path)
    handle = trainer.start(wanted(tiny, max_steps=4000, samples=[], probes=[]))
    wait_for(lambda: trainer.poll(handle).step, 200)
    os.truncate(Path(handle) / jobdir.LOCK, 0)  # whom to signal is not known
    trainer.cancel(handle)
    status = ended(trainer, handle)
    assert status.state is JobState.CANCELLED
    assert "of 4000" in status.reason  # its own words: it was not ended by force


def test_a_loss_that_is_no_number_ends_the_run(tiny: Path, tmp_path: Path):
    trainer = TrlTrainer(tmp_path)
    status = ended(trainer, trainer.start(wanted(tiny, learning_rate=1e38, max_steps=50, samples=[], probes=[])))
    assert status.state is JobState.FAILED
    assert "stopped being a number" in status.reason


def test_an_unknown_architecture_is_named(tiny: Path, tmp_path: Path):
    odd = _copy(tiny, tmp_path / "odd", {"model_type": "no-such-model"})
    trainer = TrlTrainer(tmp_path)
    status = ended(trainer, trainer.start(wanted(odd)))
    assert status.state is JobState.FAILED
    assert "architecture" in status.reason


def _copy(folder: Path, target: Path, changes: dict) -> Path:
    target.mkdir()
    for path in folder.iterdir():
        (target / path.name).symlink_to(path)
    config = json.loads((folder / "config.json").read_text()) | changes
    (target / "config.json").unlink()
    (target / "config.json").write_text(json.dumps(config))
    return target


@pytest.mark.parametrize("method", ["start", "estimate"])
def test_what_cannot_be_trained_is_refused_at_once(tiny: Path, tmp_path: Path, method: str):
    ask = getattr(TrlTrainer(tmp_path), method)
    with pytest.raises(ToolError, match="does not exist"):
        ask(wanted(tmp_path / "nothing"))
    with pytest.raises(ToolError, match=r"no config\.json"):
        ask(wanted(tmp_path))
    with pytest.raises(ToolError, match="nothing to train on"):
        ask(wanted(tiny, train=[]))
    with pytest.raises(ToolError, match="No conversation holds an answer"):
        ask(wanted(tiny, train=[[{"role": "user", "content": "hello"}]]))
    assert list(tmp_path.iterdir()) == []


def test_an_estimate_has_ranges_and_a_source(tiny: Path, tmp_path: Path):
    estimate = TrlTrainer(tmp_path).estimate(wanted(tiny, max_steps=0, epochs=3.0))
    assert estimate.steps == 6
    assert 0 < estimate.seconds.low < estimate.seconds.high
    assert 0 < estimate.memory_gb.low < estimate.memory_gb.high
    assert estimate.money_usd.high == 0
    assert estimate.source
    assert estimate.rows_cut == 0
    assert TrlTrainer(tmp_path).estimate(wanted(tiny, max_length=8)).rows_cut == 16


def test_availability_is_asked_of_the_right_interpreter(tmp_path: Path):
    assert TrlTrainer(tmp_path).unavailable() is None
    assert UnslothTrainer(tmp_path, sys.executable).unavailable() is None
    assert "does not run" in str(UnslothTrainer(tmp_path, "/no/such/python").unavailable())
    bare = "/usr/bin/python3"
    if Path(bare).exists():
        assert "not installed" in str(UnslothTrainer(tmp_path, bare).unavailable())


def test_only_a_worker_whose_base_is_elsewhere_is_told_how_to_reach_the_hub(tiny: Path, tmp_path: Path):
    """Whoever wires the trainer gives it the token: a setting of a `.env` is in nobody's environment."""
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\n[ "$1" = -c ] && exec {sys.executable} "$@"\nenv > names && mv names environment\n')
    python.chmod(0o700)
    reach = {"HF_TOKEN": "hf_given", "HF_ENDPOINT": "http://127.0.0.1:9"}
    trainer = TrlTrainer(tmp_path / "jobs", str(python), reach)

    def told(handle: str) -> set[str]:
        environment = Path(handle) / "environment"
        wait_for(environment.is_file)
        lines = environment.read_text().splitlines()
        environment.unlink()
        wait_for(lambda: not jobdir.alive(Path(handle)))
        return {f"{name}={value}" for name, value in reach.items()} & set(lines)

    assert told(trainer.start(wanted(tiny))) == set()
    handle = trainer.start(wanted("owner/model"))
    assert len(told(handle)) == 2
    (Path(handle) / jobdir.PAUSE).touch()
    trainer.resume(handle)
    assert len(told(handle)) == 2
    assert not [path for path in Path(handle).rglob("*") if path.is_file() and b"hf_given" in path.read_bytes()]
