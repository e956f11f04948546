"""Weights against what they were made of: exact where sums are exact, within a rounding where they were rounded."""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from tools.engine.gguf import lineage, tensors
from tools.engine.gguf.gguf_file import opened

RANK, ALPHA = 4, 8
MODULE = "model.layers.0.self_attn.q_proj"
Pair = tuple[np.ndarray, np.ndarray]


@pytest.fixture
def pair() -> Pair:
    """The matrices of an adapter of one layer: small steps, as training makes them."""
    pick = np.random.default_rng(7)
    down, up = (0.05 * pick.standard_normal(shape) for shape in ((RANK, 64), (64, RANK)))
    return down.astype(np.float32), up.astype(np.float32)


def adapter(folder: Path, pair: Pair, name: str = MODULE, **settings: object) -> Path:
    folder.mkdir()
    known = {"peft_type": "LORA", "r": RANK, "lora_alpha": ALPHA, "bias": "none"} | settings
    (folder / "adapter_config.json").write_text(json.dumps(known))
    names = (f"base_model.model.{name}.lora_A.weight", f"base_model.model.{name}.lora_B.weight")
    save_file(dict(zip(names, pair, strict=True)), folder / "adapter_model.safetensors")
    return folder


def merged(folder: Path, base: Path, pair: Pair, scale: float, narrow: bool = False) -> Path:
    shutil.copytree(base, folder)
    found = load_file(base / "model.safetensors")
    found[f"{MODULE}.weight"] = found[f"{MODULE}.weight"] + np.float32(scale) * (pair[1] @ pair[0])
    if narrow:
        tensors.write_bf16(folder / "model.safetensors", found)
    else:
        save_file(found, folder / "model.safetensors")
    return folder


@pytest.mark.parametrize("narrow", [False, True], ids=["32 bits", "16 bits"])
@pytest.mark.parametrize("rslora", [False, True], ids=["plain scale", "scale by the root of the rank"])
def test_a_merge_is_the_base_plus_the_adapter(tiny: Path, tmp_path: Path, pair: Pair, narrow: bool, rslora: bool):
    made = adapter(tmp_path / "adapter", pair, use_rslora=rslora)
    scale = ALPHA / (math.sqrt(RANK) if rslora else RANK)
    right = merged(tmp_path / "right", tiny, pair, scale, narrow)
    assert lineage.merged(tiny, made, right) == ""
    for name, other in (("none", 0.0), ("half", scale / 2), ("twice", 2 * scale)):
        wrong = merged(tmp_path / name, tiny, pair, other, narrow)
        words = f"1 of 20 tensors are not the base's plus the adapter, {MODULE}.weight first"
        assert lineage.merged(tiny, made, wrong) == words


def test_a_layer_may_have_a_scale_of_its_own(tiny: Path, tmp_path: Path, pair: Pair):
    made = adapter(tmp_path / "adapter", pair, alpha_pattern={"q_proj": 2 * ALPHA})
    assert lineage.merged(tiny, made, merged(tmp_path / "right", tiny, pair, 2 * ALPHA / RANK)) == ""


def test_an_adapter_of_another_kind_is_not_judged(tiny: Path, tmp_path: Path, pair: Pair):
    for number, settings in enumerate(({"use_dora": True}, {"bias": "all"}, {"modules_to_save": ["lm_head"]})):
        assert lineage.merged(tiny, adapter(tmp_path / str(number), pair, **settings), tiny) is None


def test_an_adapter_of_another_model_is_told(tiny: Path, tmp_path: Path, pair: Pair):
    made = adapter(tmp_path / "adapter", pair, "model.layers.9.self_attn.q_proj")
    assert lineage.merged(tiny, made, tiny) == "the adapter changes 1 layers, of which this base has 0"


def test_a_file_holds_the_weights_of_its_folder_to_the_bit(tiny: Path, endless: Path, tmp_path: Path):
    file, words = opened(tiny / "model.gguf"), "tensors are not the model's, {}.weight first"
    assert lineage.packed(tiny, file) == ""
    assert lineage.packed(tiny, opened(endless / "model.gguf")).endswith(words.format("token_embd"))
    copy = Path(shutil.copytree(tiny, tmp_path / "copy"))
    found = load_file(copy / "model.safetensors")
    found["model.norm.weight"][3] += np.float32(2**-23)
    save_file(found, copy / "model.safetensors")
    assert lineage.packed(copy, file) == f"1 of 20 {words.format('output_norm')}"


def test_the_ends_of_an_answer_are_those_of_the_file(tiny: Path):
    assert lineage.ends(opened(tiny / "model.gguf")) == [2]
