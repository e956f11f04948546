"""What a local run uses where the request leaves the choice to the trainer. No heavy imports."""

from __future__ import annotations

import json
import math
import struct
from dataclasses import dataclass
from pathlib import Path

from tools.trainer import Message, ToolError, TrainRequest

SMALL, MIDDLE = 50e6, 400e6  # parameters
BATCH = 8
WINDOW = 2048  # tokens; a longer window costs memory that few conversations need
REPLAY = "replay.jsonl"  # beside a base's weights: conversations of its own training
REPLAY_SHARE = 2.0  # of them for each conversation that is trained on, each time it is
MODULES = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


@dataclass(frozen=True)
class Recipe:
    """Hyperparameters of one run, all decided."""

    epochs: float
    learning_rate: float
    batch_size: int
    lora_rank: int
    lora_alpha: int


def choose(request: TrainRequest, parameters: int) -> Recipe:
    """Fill the request's zeros. Small models need a higher rate, few rows more epochs."""
    rank = request.lora_rank or (64 if parameters < SMALL else 16)
    rate = 4e-3 if parameters < SMALL else 5e-4 if parameters < MIDDLE else 2e-4
    batch = request.batch_size or BATCH
    return Recipe(
        epochs=request.epochs or _epochs(request, batch, parameters),
        learning_rate=request.learning_rate or rate,
        batch_size=batch,
        lora_rank=rank,
        lora_alpha=rank,
    )


def steps(request: TrainRequest, recipe: Recipe, rows: int = 0, replayed: int = 0) -> int:
    """Optimiser steps that the run will take over `rows` rows (the request's conversations, when 0) and the replay."""
    if request.max_steps:
        return request.max_steps
    each = math.ceil((rows or len(request.train)) / recipe.batch_size)
    return max(1, math.ceil(each * recipe.epochs + replayed / recipe.batch_size))


def replay(base: Path, request: TrainRequest, recipe: Recipe) -> list[list[Message]]:
    """Conversations of the base's own training, where it brings some: mixed in, they keep it from forgetting.

    None with `max_steps`, which says exactly how long the run is.
    """
    if request.max_steps or not (base / REPLAY).is_file():
        return []
    lines = (base / REPLAY).read_text(encoding="utf-8").splitlines()
    wanted = round(len(request.train) * recipe.epochs * REPLAY_SHARE)
    return [json.loads(line)["messages"] for line in lines[:wanted]]


def _epochs(request: TrainRequest, batch: int, parameters: int) -> float:
    """About 150 steps for a small model, its replay among them, in 3 to 10 epochs; 1 to 3 epochs for a larger one."""
    rows = max(len(request.train), 1)
    if parameters < SMALL:
        each = 1 + REPLAY_SHARE if (Path(request.base) / REPLAY).is_file() else 1
        return float(min(10, max(3, round(150 * batch / rows / each))))
    return 3.0 if rows <= 2000 else 2.0 if rows <= 10000 else 1.0


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
    names = ("tokenizer.json", "tokenizer.model", "vocab.json", "tokenizer_config.json")
    if not any((folder / name).is_file() for name in names):
        raise ToolError(f"{folder} is not a model folder: it has no tokenizer.", "Copy the tokenizer's files too.")


def weights(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.safetensors")) or sorted(folder.glob("pytorch_model*.bin"))


def parameters(folder: Path) -> int:
    """Number of parameters, from the headers of the weights; an estimate from the file size for old formats."""
    return sum(_tensors(path) for path in weights(folder))


def window(folder: Path) -> int:
    """Tokens that the model can read at once, at most WINDOW."""
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    text = config.get("text_config") or config
    return min(int(text.get("max_position_embeddings") or text.get("n_positions") or WINDOW), WINDOW)


def _tensors(path: Path) -> int:
    """Parameters in one file: a safetensors file begins with the length of its JSON header, 8 bytes."""
    size = path.stat().st_size
    if path.suffix != ".safetensors":
        return size // 2
    try:
        with open(path, "rb") as file:
            (length,) = struct.unpack("<Q", file.read(8))
            header = json.loads(file.read(min(length, size)))
        return sum(math.prod(entry["shape"]) for name, entry in header.items() if name != "__metadata__")
    except (struct.error, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ToolError(f"{path} is damaged: it is no safetensors file.", "Copy the model again.") from error
