"""What a local run uses where the request leaves the choice to the trainer. No heavy imports."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path

from tools.trainer import Message, TrainRequest

SMALL, MIDDLE = 50e6, 400e6  # parameters
BATCH = 8
REPLAY = "replay.jsonl"  # beside a base's weights: conversations of its own training
REPLAY_SHARE = 2.0  # of them for each conversation that is trained on, each time it is
KEPT = 0.8  # of an adapter's effect, where the base brings replay: between base and tuned model less is forgotten
MODULES = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


# Peak rates by size (small, middle, large). Whatever moves every weight, or moves away from an answer, goes slower.
RATES = {
    ("sft", False): (4e-3, 5e-4, 2e-4),
    ("sft", True): (1e-3, 5e-5, 2e-5),
    ("dpo", False): (1e-3, 5e-5, 2e-5),
    ("dpo", True): (2e-4, 5e-6, 1e-6),
    ("kto", False): (1e-3, 5e-5, 2e-5),
    ("kto", True): (2e-4, 5e-6, 1e-6),
}
BETA = 0.1  # of dpo and kto, as their authors use it


@dataclass(frozen=True)
class Recipe:
    """Hyperparameters of one run, all decided. `lora_rank` is 0 where every weight is tuned."""

    epochs: float
    learning_rate: float
    batch_size: int
    lora_rank: int
    lora_alpha: int
    beta: float = 0.0
    adapter_scale: float = 1.0  # the trained adapter's effect is multiplied by it (weight interpolation, "WiSE-FT")


def choose(request: TrainRequest, parameters: int) -> Recipe:
    """Fill the request's zeros. Small models need a higher rate, few rows more epochs."""
    full = request.tuning == "full"
    rank = 0 if full else request.lora_rank or (64 if parameters < SMALL else 16)
    rates = RATES[request.method, full]
    rate = rates[0] if parameters < SMALL else rates[1] if parameters < MIDDLE else rates[2]
    batch = request.batch_size or BATCH
    return Recipe(
        epochs=request.epochs or _epochs(request, batch, parameters),
        learning_rate=request.learning_rate or rate,
        batch_size=batch,
        lora_rank=rank,
        lora_alpha=rank,
        beta=0.0 if request.method == "sft" else request.beta or BETA,
        adapter_scale=KEPT if rank and not request.adapter and replays(Path(request.base), request) else 1.0,
    )


def rows(request: TrainRequest) -> int:
    """How many examples an epoch holds: conversations, pairs (dpo) or judged answers (kto)."""
    if request.method == "sft":
        return len(request.train)
    if request.method == "dpo":
        return sum(bool(one.chosen and one.rejected) for one in request.preferences)
    return sum(bool(answer) for one in request.preferences for answer in (one.chosen, one.rejected))


def steps(request: TrainRequest, recipe: Recipe, rows_: int = 0, replayed: int = 0) -> int:
    """Optimiser steps that the run will take over `rows_` rows (the request's own, when 0) and the replay."""
    if request.max_steps:
        return request.max_steps
    each = math.ceil((rows_ or rows(request)) / recipe.batch_size)
    return max(1, math.ceil(each * recipe.epochs + replayed / recipe.batch_size))


def replay(base: Path, request: TrainRequest, recipe: Recipe) -> list[list[Message]]:
    """Conversations of the base's own training, where it brings some: mixed in, they keep it from forgetting."""
    if not replays(base, request):
        return []
    lines = (base / REPLAY).read_text(encoding="utf-8").splitlines()
    wanted = round(len(request.train) * recipe.epochs * REPLAY_SHARE)
    return [json.loads(line)["messages"] for line in lines[:wanted]]


def replays(base: Path, request: TrainRequest) -> bool:
    """Whether the run mixes in conversations of the base's own training.

    Not with `max_steps`, which says exactly how long the run is; not where answers are compared, not imitated.
    """
    return not request.max_steps and request.method == "sft" and (base / REPLAY).is_file()


def _epochs(request: TrainRequest, batch: int, parameters: int) -> float:
    """About 150 steps for a small model, its replay among them, in 3 to 10 epochs; 1 to 3 epochs for a larger one.

    Judged answers are seen less often: a model that is pushed away from them for long forgets how to speak.
    """
    count = max(rows(request), 1)
    if request.method != "sft":
        return float(min(5, max(1, round(40 * batch / count)))) if parameters < SMALL else 1.0
    if parameters < SMALL:
        each = 1 + REPLAY_SHARE if (Path(request.base) / REPLAY).is_file() else 1
        return float(min(10, max(3, round(150 * batch / count / each))))
    return 3.0 if count <= 2000 else 2.0 if count <= 10000 else 1.0
