"""What AutoTrain is given: the base as its old transformers reads it, the rows as text, and its configuration."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tools.autotrain.environment import TRANSFORMERS
from tools.trainer import ToolError

PROJECT, CONFIG, ROWS = "model", "autotrain.yml", "data/train.jsonl"
KEPT = (
    "tokenizer.json",
    "tokenizer.model",
    "vocab.json",
    "merges.txt",
    "special_tokens_map.json",
    "added_tokens.json",
    "generation_config.json",
)
# The decoders that transformers 4.48 can train as a chat model, by `model_type` in config.json.
TYPES = frozenset(
    "bloom codegen cohere cohere2 dbrx diffllama falcon falcon_mamba gemma gemma2 glm gpt2 gpt_bigcode gpt_neo "
    "gpt_neox gptj granite granitemoe jamba jetmoe llama mamba mamba2 mistral mixtral mpt nemotron olmo olmo2 olmoe "
    "opt persimmon phi phi3 phimoe qwen2 qwen2_moe recurrent_gemma stablelm starcoder2 xglm zamba".split()
)


def check_base(folder: Path) -> None:
    """Raise ToolError for a model that AutoTrain's transformers is too old for."""
    config = _json(folder / "config.json")
    kind = str(config.get("model_type", ""))
    if kind not in TYPES:
        raise ToolError(
            f"AutoTrain cannot train {folder.name}: its architecture ({kind or 'unknown'}) is newer than "
            f"transformers {TRANSFORMERS}, the last that AutoTrain works with.",
            "Use unsloth or trl.",
        )
    rope = config.get("rope_parameters")
    if isinstance(rope, dict) and any(isinstance(value, dict) for value in rope.values()):
        raise ToolError(
            f"AutoTrain cannot train {folder.name}: its layers turn positions in several ways, which "
            f"transformers {TRANSFORMERS} does not know.",
            "Use unsloth or trl.",
        )


def old_base(source: Path, folder: Path) -> None:
    """Write `folder`: the weights linked, the configuration and the tokenizer as transformers 4.48 spells them."""
    check_base(source)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for path in sorted(source.iterdir()):
        if path.suffix in (".safetensors", ".bin") or path.name in KEPT or path.name.endswith(".index.json"):
            os.symlink(path.resolve(), folder / path.name)
    _write(folder / "config.json", old_config(_json(source / "config.json")))
    _write(folder / "tokenizer_config.json", old_tokenizer(_json(source / "tokenizer_config.json")))


def old_config(config: Mapping[str, Any]) -> dict[str, Any]:
    """A config.json of transformers 5 in the words of 4: `dtype` and `rope_parameters` were called otherwise."""
    made = {name: value for name, value in config.items() if name not in ("dtype", "rope_parameters")}
    if "dtype" in config:
        made["torch_dtype"] = config["dtype"]
    rope = config.get("rope_parameters")
    if isinstance(rope, dict):
        made["rope_theta"] = rope.get("rope_theta", 10000.0)
        if rope.get("rope_type", "default") != "default":
            made["rope_scaling"] = {name: value for name, value in rope.items() if name != "rope_theta"}
    return made


def old_tokenizer(config: Mapping[str, Any]) -> dict[str, Any]:
    """A tokenizer_config.json without what 4.48 trips over. The chat template is not needed: rows come as text."""
    made = {name: value for name, value in config.items() if name not in ("chat_template", "extra_special_tokens")}
    if made.get("tokenizer_class") in (None, "TokenizersBackend"):
        made["tokenizer_class"] = "PreTrainedTokenizerFast"
    return made


def write_rows(texts: Sequence[str], folder: Path) -> None:
    """The rows as AutoTrain reads them: one {"text"} a line."""
    path = folder / ROWS
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps({"text": text}, ensure_ascii=False) + "\n" for text in texts), "utf-8")


def config(base: str, chosen: Mapping[str, Any], note: str) -> str:
    """The text of AutoTrain's configuration. `chosen`: block_size, batch_size, lr, rank, seed, logging_steps.

    No `valid_split`: AutoTrain drops it without a word, so the eval loss is computed afterwards, by Attune.
    """
    params: dict[str, Any] = {
        "block_size": chosen["block_size"],
        "model_max_length": chosen["block_size"],
        "epochs": 1,
        "batch_size": chosen["batch_size"],
        "gradient_accumulation": 1,
        "lr": chosen["lr"],
        "scheduler": "linear",
        "warmup_ratio": 0.05,
        "weight_decay": 0.0,
        "optimizer": "adamw_torch",
        "mixed_precision": None,
        "peft": True,
        "quantization": None,
        "target_modules": "all-linear",
        "lora_r": chosen["rank"],
        "lora_alpha": chosen["rank"],
        "lora_dropout": 0.0,
        "merge_adapter": False,
        "disable_gradient_checkpointing": True,
        "padding": "right",
        "logging_steps": chosen["logging_steps"],
        "seed": chosen["seed"],
    }
    lines = [f"# {line}" for line in note.splitlines()]
    lines += [
        "task: llm-sft",
        f"base_model: {json.dumps(base)}",
        f"project_name: {PROJECT}",
        "log: none",
        "backend: local",
        "data:",
        "  path: data",
        "  train_split: train",
        "  valid_split: null",
        "  chat_template: null",
        "  column_mapping:",
        "    text_column: text",
        "params:",
    ]
    return "\n".join([*lines, *(f"  {name}: {json.dumps(value)}" for name, value in params.items())]) + "\n"


def _json(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ToolError(f"{path} cannot be read: {error}.", "Copy the model again.") from error
    return value if isinstance(value, dict) else {}


def _write(path: Path, value: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False), encoding="utf-8")
