"""AutoTrain: its environment made, fixed and removed, what it is given, its log read, and its two lies caught."""

from __future__ import annotations

import importlib.metadata
import json
import os
import stat
from pathlib import Path

import pytest

from tests.tools.conftest import make_rows
from tests.tools.contract_local import AUTOTRAIN
from tools import jobdir, process
from tools.autotrain import input_files as files
from tools.autotrain.autotrain_trainer import AutoTrainTrainer
from tools.autotrain.environment import READY, Environment
from tools.trainer import ToolError, TrainRequest
from tools.workers.elsewhere import autotrain_run
from tools.workers.elsewhere.autotrain_log import Log
from tools.workers.job import JobFolder

PYTHON = """#!/bin/sh
if [ "$1 $2" = "-m venv" ]; then
    mkdir -p "$3/bin"; cp "$0" "$3/bin/python"; echo '#!/bin/sh' > "$3/bin/autotrain"; chmod +x "$3/bin/autotrain"
elif [ -n "$PIP_FAILS" ]; then
    echo "ERROR: No matching distribution found for $PIP_FAILS"; exit 1
else
    echo "Collecting torch==2.13.0 (from somewhere)"; echo "Installing collected packages: a, b, c"
fi
"""
CRASH = """INFO     | 2026-01-01 10:00:00 | autotrain.trainers.common:on_train_begin:386 - Starting to train...
  0%|          | 0/3 [00:00<?, ?it/s]
INFO     | 2026-01-01 10:00:01 | autotrain.trainers.common:on_log:367 - {'loss': 7.8, 'grad_norm': 1.5, \
'learning_rate': 0.004, 'epoch': 0.33}
ERROR    | 2026-01-01 10:00:02 | autotrain.trainers.common:wrapper:215 - train has failed due to an exception: Traceback
  File "x.py", line 1, in train
ValueError: the cat sat on the keyboard
ERROR    | 2026-01-01 10:00:02 | autotrain.trainers.common:wrapper:216 - the cat sat on the keyboard"""


@pytest.fixture
def stub(tmp_path: Path) -> Environment:
    """An environment made by a program that only pretends to be Python: the real one takes minutes."""
    python = tmp_path / "python"
    python.write_text(PYTHON)
    python.chmod(python.stat().st_mode | stat.S_IXUSR)
    return Environment(tmp_path / "data" / "autotrain", str(python))


def test_the_environment_is_made_once_and_tells_how(stub: Environment) -> None:
    told: list[str] = []
    stub.make(os.environ, told.append)
    assert stub.ready
    assert told == ["Collecting torch==2.13.0", "Installing 3 packages"] * 2
    stub.make(os.environ, told.append)
    assert len(told) == 4


def test_torch_of_the_same_version_is_linked_and_of_another_is_not(tmp_path: Path) -> None:
    version = importlib.metadata.version("torch").split("+")[0]
    places = {}
    for name, wanted in (("same", version), ("other", "0.0.1")):
        site = tmp_path / name / "lib" / "python3" / "site-packages"
        site.mkdir(parents=True)
        told: list[str] = []
        Environment(tmp_path / name).link_torch(os.environ, told.append, wanted)
        places[name] = ({path.name for path in site.iterdir()}, len(told))
    assert {"torch", "torchgen"} <= places["same"][0]
    assert [name for name in places["same"][0] if name.endswith(".dist-info")]
    assert not [name for name in places["same"][0] if name.startswith(("transformers", "numpy"))]
    assert places["other"] == (set(), 0)


def test_an_environment_whose_torch_is_gone_is_not_ready(stub: Environment) -> None:
    stub.make(os.environ, lambda _: None)
    site = stub.folder / "lib" / "python3" / "site-packages"
    site.mkdir(parents=True)
    (site / "torch").symlink_to(stub.folder / "nowhere")
    assert not stub.ready


def test_an_environment_that_was_moved_is_not_ready(stub: Environment, tmp_path: Path) -> None:
    stub.make(os.environ, lambda _: None)
    moved = stub.folder.rename(tmp_path / "elsewhere")
    assert not Environment(moved, stub.interpreter).ready


def test_a_half_made_environment_is_made_anew(stub: Environment) -> None:
    stub.make(os.environ, lambda _: None)
    (stub.folder / READY).unlink()
    (stub.folder / "leftover").touch()
    assert not stub.ready
    told: list[str] = []
    stub.make(os.environ, told.append)
    assert stub.ready
    assert not (stub.folder / "leftover").exists()
    assert "broken off" in told[0]


def test_a_package_that_cannot_be_had_is_a_sentence_and_leaves_nothing_ready(stub: Environment) -> None:
    with pytest.raises(ToolError, match="No matching distribution found for trl") as caught:
        stub.make(os.environ | {"PIP_FAILS": "trl"}, lambda _: None)
    assert caught.value.remedy
    assert not stub.ready


def test_it_is_removed_and_says_how_much_became_free(stub: Environment) -> None:
    assert stub.remove() == 0
    stub.make(os.environ, lambda _: None)
    assert stub.remove() > 0
    assert not stub.folder.exists()
    assert not stub.ready


def test_its_programs_get_no_token_and_run_no_code_of_strangers(stub: Environment) -> None:
    given = stub.variables({"HF_TOKEN": "hf_secret", "PATH": "/usr/bin", "PYTHONPATH": "/ours"})
    assert "hf_secret" not in given.values()
    assert given["PATH"].split(":")[0] == str(stub.bin)  # accelerate is looked for on the PATH
    assert given["ALLOW_REMOTE_CODE"] == "false"
    assert "PYTHONPATH" not in given


def test_a_base_is_spelled_as_an_old_transformers_reads_it(tiny: Path, tmp_path: Path) -> None:
    files.old_base(tiny, tmp_path / "base")
    config = json.loads((tmp_path / "base" / "config.json").read_text())
    assert config["torch_dtype"] == "float32"
    assert config["rope_theta"] == 10000.0
    assert "rope_parameters" not in config
    assert (tmp_path / "base" / "model.safetensors").is_symlink()
    scaled = files.old_config({"rope_parameters": {"rope_type": "llama3", "rope_theta": 5e5, "factor": 8.0}})
    assert scaled == {"rope_theta": 5e5, "rope_scaling": {"rope_type": "llama3", "factor": 8.0}}
    assert files.old_tokenizer({"tokenizer_class": "TokenizersBackend", "extra_special_tokens": ["<a>"]}) == {
        "tokenizer_class": "PreTrainedTokenizerFast"
    }


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"method": "dpo"}, "SFT only"),
        ({"tuning": "full"}, "LoRA only"),
        ({"patience": 2}, "stop early"),
        ({"adapter": "/x"}, "earlier adapter"),
        ({"processes": 2}, "one process"),
    ],
)
def test_what_it_does_not_do_is_refused(changes: dict, words: str, tiny: Path, tmp_path: Path) -> None:
    trainer = AutoTrainTrainer(tmp_path, tmp_path / "env")
    with pytest.raises(ToolError, match=words) as caught:
        trainer.estimate(TrainRequest(str(tiny), make_rows(4), **changes))
    assert caught.value.remedy


def test_an_architecture_that_is_too_new_is_refused_before_anything_starts(tiny: Path, tmp_path: Path) -> None:
    base = tmp_path / "new"
    base.mkdir()
    for path in tiny.iterdir():
        (base / path.name).symlink_to(path)
    (base / "config.json").unlink()
    config = json.loads((tiny / "config.json").read_text()) | {"model_type": "qwen9"}
    (base / "config.json").write_text(json.dumps(config))
    with pytest.raises(ToolError, match=r"qwen9.* newer than transformers 4\.48"):
        AutoTrainTrainer(tmp_path / "jobs", tmp_path / "env").start(TrainRequest(str(base), make_rows(4)))
    assert not (tmp_path / "jobs").exists()


def test_its_log_becomes_events_and_its_crash_a_reason(tmp_path: Path) -> None:
    job = JobFolder(tmp_path)
    log = Log(job, 9, 1)
    for line in CRASH.splitlines():
        log.read(line)
    (event,) = jobdir.read_events(tmp_path)
    assert (event["step"], event["steps"], event["loss"]) == (1, 3, 7.8)
    assert log.error == "ValueError: the cat sat on the keyboard"
    with pytest.raises(ToolError, match="crashed, though it ended as if all were well: ValueError: the cat"):
        autotrain_run.left_adapter(job, log)


def test_success_without_an_adapter_is_not_believed(tmp_path: Path) -> None:
    job = JobFolder(tmp_path)
    with pytest.raises(ToolError, match="it left no adapter"):
        autotrain_run.left_adapter(job, Log(job, 1, 1))


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.timeout(900)  # the environment is made here, where it is not yet
def test_the_real_one_crashes_with_exit_code_0_and_is_caught(tiny: Path, tmp_path: Path, monkeypatch) -> None:
    """Its blocks are longer than all rows together, so it has nothing to train on."""
    monkeypatch.chdir(tmp_path)
    environment, job = Environment(AUTOTRAIN), JobFolder(tmp_path)
    environment.make(process.environment(), print)
    files.old_base(tiny, tmp_path / "base")
    files.write_rows(["too short"], tmp_path)
    chosen = {"block_size": 512, "batch_size": 2, "lr": 1e-3, "rank": 4, "seed": 1, "logging_steps": 1}
    (tmp_path / files.CONFIG).write_text(files.config(str(tmp_path / "base"), chosen, "A test."))
    log = autotrain_run.train(job, environment, 1, 1)  # it says that all is well: no exception
    with pytest.raises(ToolError, match="crashed, though it ended as if all were well"):
        autotrain_run.left_adapter(job, log)
