"""What a base model's folder says without loading it: whether it is whole, can be tuned, how large it is."""

from __future__ import annotations

import hashlib
import json
import math
import struct
from pathlib import Path
from typing import Any

from tools.trainer import ToolError

WINDOW = 2048  # tokens; a longer window costs memory that few conversations need
CHAT = ("ForCausalLM", "LMHeadModel", "ForConditionalGeneration")  # how the classes of models that chat are called
TOKENIZERS = ("tokenizer.json", "tokenizer.model", "vocab.json", "tokenizer_config.json")
Shapes = dict[str, tuple[int, ...]]


def check_folder(folder: Path) -> None:
    """Raise ToolError unless the folder holds a model that transformers can read."""
    if not folder.is_dir():
        raise ToolError(f"{folder} is not a model folder: it does not exist.", "Name a folder with a config.json.")
    if not (folder / "config.json").is_file():
        raise ToolError(
            f"{folder} is not a model folder: it has no config.json.", "Name a folder made by transformers."
        )
    if not weights(folder):
        raise ToolError(f"{folder} is not a model folder: it has no weights (*.safetensors).", "Copy the weights too.")
    if not any((folder / name).is_file() for name in TOKENIZERS):
        raise ToolError(f"{folder} is not a model folder: it has no tokenizer.", "Copy the tokenizer's files too.")


def check_tunable(folder: Path) -> None:
    """Raise ToolError for a whole folder whose model no chat can be tuned on. Looks at the files, loads nothing."""
    check_folder(folder)
    _check_kind(folder)
    check_whole(folder)


def check_whole(folder: Path) -> None:
    """Raise ToolError where a file of weights is missing, damaged or shorter than its header says."""
    index = folder / "model.safetensors.index.json"
    if index.is_file():
        try:
            named = set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
        except (ValueError, KeyError, AttributeError) as error:
            raise ToolError(f"{index} is damaged.", "Copy the model again.") from error
        missing = sorted(name for name in named if not (folder / str(name)).is_file())
        if missing:
            raise ToolError(f"{folder} lacks {missing[0]}, which its index names.", "Copy the model again.")
    if not weights(folder):
        raise ToolError(f"{folder} has no weights (*.safetensors).", "Copy the model again.")
    for path in weights(folder):
        if path.suffix == ".safetensors":
            _header(path)


def check_small(folder: Path) -> None:
    """The same from the configuration and the tokenizer alone, before the weights are downloaded."""
    _check_kind(folder)


def weights(folder: Path) -> list[Path]:
    """The files that hold the weights, safetensors before the old format."""
    return sorted(folder.glob("*.safetensors")) or sorted(folder.glob("pytorch_model*.bin"))


def parameters(folder: Path) -> int:
    """Number of parameters, from the headers of the weights; an estimate from the file size for old formats."""
    return sum(_count(path) for path in weights(folder))


def template_hash(folder: Path) -> str:
    """sha256 of a model folder's chat template, wherever it keeps it; empty when it has none."""
    file = folder / "chat_template.jinja"
    if file.is_file():
        text = file.read_text(encoding="utf-8")
    else:
        settings = folder / "tokenizer_config.json"
        found = json.loads(settings.read_text(encoding="utf-8")).get("chat_template") if settings.is_file() else ""
        text = _usual(found) if isinstance(found, list) else found or ""
    return hashlib.sha256(text.strip().encode()).hexdigest() if text else ""


def config(folder: Path) -> dict[str, Any]:
    """The model's configuration. Raises ToolError when it is damaged."""
    path = folder / "config.json"
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ToolError(f"{path} is damaged: it is not JSON.", "Copy the model again.") from error
    return found if isinstance(found, dict) else {}


def window(folder: Path) -> int:
    """Tokens that the model can read at once, at most WINDOW."""
    values = config(folder)
    text = values.get("text_config") or values
    return min(int(text.get("max_position_embeddings") or text.get("n_positions") or WINDOW), WINDOW)


def vocabulary(folder: Path) -> int:
    """Pieces that the model chooses from at every token."""
    values = config(folder)
    return int((values.get("text_config") or values).get("vocab_size") or 32000)


def shapes(path: Path) -> Shapes:
    """Name -> shape of every tensor in a safetensors file. Raises ToolError when the file is damaged or cut off."""
    return {name: tuple(entry["shape"]) for name, entry in _header(path).items()}


def _check_kind(folder: Path) -> None:
    """A chat model in full precision, with a chat template."""
    values = config(folder)
    names = [str(name) for name in values.get("architectures") or []]
    if names and not any(name.endswith(CHAT) for name in names):
        raise ToolError(f"{folder.name} is not a chat model: its architecture is {names[0]}.", "Choose a chat model.")
    packed = values.get("quantization_config")
    if isinstance(packed, dict):
        kind = packed.get("quant_method", "quantised")
        raise ToolError(
            f"The weights of {folder.name} are packed ({kind}) and cannot be tuned.",
            "Name the original model; QLoRA packs it by itself.",
        )
    if not _has_template(folder):
        raise ToolError(
            f"{folder.name} has no chat template: it was never taught to hold a conversation.",
            'Choose its chat model (often "-Instruct" or "-it").',
        )


def _usual(templates: list[dict[str, str]]) -> str:
    """The text of the template that chats use, of a model that has several."""
    return next((one["template"] for one in templates if one["name"] == "default"), "")


def _has_template(folder: Path) -> bool:
    if any((folder / name).is_file() for name in ("chat_template.jinja", "chat_template.json")):
        return True
    if list(folder.glob("additional_chat_templates/*.jinja")):
        return True
    try:
        values = json.loads((folder / "tokenizer_config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(values, dict) and bool(values.get("chat_template"))


def _header(path: Path) -> dict[str, Any]:
    """A safetensors file begins with the length of its JSON header, 8 bytes; its data ends where the header says."""
    size = path.stat().st_size
    try:
        with open(path, "rb") as file:
            (length,) = struct.unpack("<Q", file.read(8))
            header = json.loads(file.read(min(length, size)))
        tensors = {name: entry for name, entry in header.items() if name != "__metadata__"}
        end = 8 + length + max((entry["data_offsets"][1] for entry in tensors.values()), default=0)
        for entry in tensors.values():
            math.prod(entry["shape"])
    except (struct.error, ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise ToolError(f"{path} is damaged: it is not a safetensors file.", "Copy the model again.") from error
    if end > size:
        raise ToolError(f"{path} is damaged: it ends after {size:,} of {end:,} bytes.", "Copy the model again.")
    return tensors


def _count(path: Path) -> int:
    if path.suffix != ".safetensors":
        return path.stat().st_size // 2
    return sum(math.prod(shape) for shape in shapes(path).values())
