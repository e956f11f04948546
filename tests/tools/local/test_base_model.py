"""Bases that cannot be tuned are refused by what their files say, and the catalogue says what is true."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.tools.conftest import ROOT, make_rows
from tests.tools.hub_server import TOKEN, Hub
from tools import jobdir
from tools.local import base_model, catalogue, checks
from tools.trainer import ToolError, TrainRequest


@pytest.fixture
def copy(tiny: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny, tmp_path / "copy"))


def configured(folder: Path, **changes) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes), encoding="utf-8")


def refused(folder: Path) -> str:
    with pytest.raises(ToolError) as caught:
        base_model.check_tunable(folder)
    assert caught.value.remedy
    return caught.value.sentence


def test_a_whole_chat_model_is_fine(copy: Path) -> None:
    base_model.check_tunable(copy)
    assert base_model.parameters(copy) == 139_584


def test_a_model_without_a_chat_template_is_refused(copy: Path) -> None:
    (copy / "chat_template.jinja").unlink()
    assert "no chat template" in refused(copy)


def test_a_model_that_does_not_chat_is_refused(copy: Path) -> None:
    configured(copy, architectures=["BertForMaskedLM"])
    assert "not a chat model: its architecture is BertForMaskedLM" in refused(copy)


def test_what_the_engine_cannot_serve_is_refused_before_it_is_trained(copy: Path) -> None:
    configured(copy, architectures=["MartianForCausalLM"])
    with pytest.raises(ToolError) as caught:
        checks.checked(TrainRequest(str(copy), make_rows(8)))
    assert "llama.cpp does not know its architecture, MartianForCausalLM" in caught.value.sentence
    assert "ATTUNE_CHAT_BASE_URL" in caught.value.remedy


def test_packed_weights_are_refused(copy: Path) -> None:
    configured(copy, quantization_config={"quant_method": "awq"})
    assert "packed (awq)" in refused(copy)


def test_damaged_files_are_refused(copy: Path) -> None:
    weights = copy / "model.safetensors"
    whole = weights.read_bytes()
    weights.write_bytes(whole[:-1000])
    assert "ends after" in refused(copy)
    weights.write_bytes(b"not a model at all")
    assert "not a safetensors file" in refused(copy)
    weights.write_bytes(whole)
    (copy / "model.safetensors.index.json").write_text('{"weight_map": {"a": "model-2.safetensors"}}')
    assert "lacks model-2.safetensors" in refused(copy)
    (copy / "model.safetensors.index.json").unlink()
    (copy / "config.json").write_text("{")
    assert "damaged" in refused(copy)


def test_the_template_hash_is_the_same_wherever_the_template_is_kept(tmp_path: Path) -> None:
    several = [{"name": "tools", "template": "{{ y }}"}, {"name": "default", "template": "{{ x }}"}]
    for name, text in (("text", "{{ x }}"), ("list", several), ("none", None)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "tokenizer_config.json").write_text(json.dumps({"chat_template": text}))
    (tmp_path / "file").mkdir()
    (tmp_path / "file" / "chat_template.jinja").write_text("{{ x }}\n")
    found = {name: base_model.template_hash(tmp_path / name) for name in ("file", "text", "list", "none", "nowhere")}
    assert len(found["file"]) == 64
    assert found["file"] == found["text"] == found["list"]
    assert (found["none"], found["nowhere"]) == ("", "")


BASE_READY = """
import sys
from pathlib import Path
from tools.workers.training import bases
from tools.workers.job import JobFolder
bases.ready("ada/tiny", JobFolder(Path(sys.argv[1])))
"""


def test_a_base_of_the_hub_leaves_the_hash_of_its_template(hub: Hub, tiny: Path, tmp_path: Path) -> None:
    hub.repos[("model", "ada/tiny")] = {path.name: path.read_bytes() for path in tiny.iterdir() if path.is_file()}
    hub.private[("model", "ada/tiny")] = True
    reach = {"HF_ENDPOINT": hub.url, "HF_TOKEN": TOKEN, "HF_HOME": str(tmp_path / "home"), "HF_HUB_OFFLINE": "0"}
    job = tmp_path / "job"
    job.mkdir()
    command = [sys.executable, "-c", BASE_READY, str(job)]
    subprocess.run(command, cwd=ROOT, env=os.environ | reach, check=True, capture_output=True, timeout=240)
    assert (job / jobdir.TEMPLATE).read_text() == base_model.template_hash(tiny) != ""


def test_the_catalogue_is_sorted_dated_and_complete() -> None:
    found = catalogue.models()
    assert len(found) >= 8
    assert [m.parameters for m in found] == sorted(m.parameters for m in found)
    assert len({m.id for m in found}) == len(found)
    assert all(m.id.count("/") == 1 and m.licence and m.window >= 2048 and m.note for m in found)
    assert all(1.5 < m.download_gb * 1e9 / m.parameters < 3.5 for m in found)  # bf16, embeddings stored once or twice
    assert catalogue.find(found[0].id.lower()) == found[0]
    assert catalogue.find("no/such-model") is None
    assert len(catalogue.checked()) == 10
