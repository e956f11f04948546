"""What a local run uses where the request leaves the choice to the trainer. No heavy imports."""

from __future__ import annotations

import math
from dataclasses import dataclass

from tools.trainer import TrainRequest

SMALL, MIDDLE = 50e6, 400e6  # parameters
BATCH = 8
MODULES = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


# Peak rates by size (small, middle, large). Whatever moves every weight, or moves away from an answer, goes slower.
RATES = {
    ("sft", False): (4e-3, 1e-3, 2e-4),
    ("sft", True): (1e-3, 5e-5, 2e-5),
    ("dpo", False): (1e-3, 5e-5, 2e-5),
    ("dpo", True): (2e-4, 5e-6, 1e-6),
    ("kto", False): (1e-3, 5e-5, 2e-5),
    ("kto", True): (2e-4, 5e-6, 1e-6),
}
LEARNED = 140_000  # characters of answers: short answers teach little at once, so they are seen more often
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
    )


def rows(request: TrainRequest) -> int:
    """How many examples an epoch holds: conversations, pairs (dpo) or judged answers (kto)."""
    if request.method == "sft":
        return len(request.train)
    if request.method == "dpo":
        return sum(bool(one.chosen and one.rejected) for one in request.preferences)
    return sum(bool(answer) for one in request.preferences for answer in (one.chosen, one.rejected))


def steps(request: TrainRequest, recipe: Recipe, rows_: int = 0) -> int:
    """Optimiser steps that the run will take over `rows_` rows (the request's own, when 0)."""
    if request.max_steps:
        return request.max_steps
    each = math.ceil((rows_ or rows(request)) / recipe.batch_size)
    return max(1, math.ceil(each * recipe.epochs))


def _epochs(request: TrainRequest, batch: int, parameters: int) -> float:
    """About 150 steps for a tiny model, in 3 to 10 epochs; 3 to 8 by the length of the answers for a small one; 1 to 3
    for any other.

    Judged answers are seen less often: a model that is pushed away from them for long forgets how to speak.
    """
    count = max(rows(request), 1)
    if request.method != "sft":
        return float(min(5, max(1, round(40 * batch / count)))) if parameters < SMALL else 1.0
    if parameters < SMALL:
        return float(min(10, max(3, round(150 * batch / count))))
    if parameters < MIDDLE and count <= 2000:
        return float(min(8, max(3, round(LEARNED / max(1, _answered(request))))))
    return 3.0 if count <= 2000 else 2.0 if count <= 10000 else 1.0


def _answered(request: TrainRequest) -> int:
    """The characters that an epoch learns from."""
    return sum(
        len(str(message.get("content") or ""))
        for row in request.train
        for message in row
        if message["role"] == "assistant" and message.get("weight", 1) != 0
    )
