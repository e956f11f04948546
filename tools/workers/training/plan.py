"""What a run does, decided: read by everything that prepares it, so that nothing is decided twice."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tools.local.recipe import Recipe
from tools.trainer import TrainRequest
from tools.workers.compute.ranks import Ranks

CHECKPOINT_STEPS = 200  # a crash costs no more than this, nor more than an epoch


@dataclass(frozen=True)
class Plan:
    """One run. `base` is a folder also where the request names a model of the hub."""

    directory: Path
    request: TrainRequest
    engine: str
    base: Path
    parameters: int
    max_length: int  # tokens a row
    recipe: Recipe
    ranks: Ranks
    resumed: bool

    @property
    def share(self) -> int:
        """Rows of a step that this process computes."""
        return self.recipe.batch_size // self.ranks.count


@dataclass
class Prepared:
    """Rows as the method's trainer takes them, and how long the run is over them."""

    train: list[dict[str, Any]]
    test: list[dict[str, Any]]
    longest: int  # tokens that one row puts through the model
    steps: int
    each: int  # steps of an epoch
    counts: dict[str, int] = field(default_factory=dict)

    @property
    def every(self) -> int:
        """Steps between two checkpoints, each with an evaluation."""
        return every(self.each)


def every(each: int) -> int:
    """Of an epoch's steps: all of them, or an even part of many."""
    return math.ceil(each / math.ceil(each / CHECKPOINT_STEPS))
