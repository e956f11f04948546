"""Which files of a model's folder make its answers what they are, part by part."""

from __future__ import annotations

from pathlib import Path

from tools.engine import made
from tools.engine.embedded import SERVED
from tools.local import base_model
from tools.local.checks import ADAPTER, ADAPTER_WEIGHTS

PARTS = {
    "served file": (SERVED,),
    "tokenizer": (
        "tokenizer.json",
        "tokenizer.model",
        "tokenizer_config.json",
        "special_tokens_map.json",
        "added_tokens.json",
        "vocab.json",
        "merges.txt",
    ),
    "chat template": ("chat_template.jinja", "chat_template.json"),
    "settings": ("config.json", "generation_config.json"),
    "adapter": (ADAPTER_WEIGHTS, ADAPTER),
}


def parts(folder: Path) -> dict[str, list[Path]]:
    """Part -> the files of it that are there; its weights are a part, too. Parts without a file are left out."""
    found = {"weights": [path for path in base_model.weights(folder) if path.name != ADAPTER_WEIGHTS]}
    found |= {part: [folder / name for name in names if (folder / name).is_file()] for part, names in PARTS.items()}
    return {part: files for part, files in found.items() if files}


def hashed(folder: Path) -> dict[str, str]:
    """File name -> sha256, of every file of every part. Reads them all: about a second for a GB."""
    return {path.name: made.sha256(path) for files in parts(folder).values() for path in files}
