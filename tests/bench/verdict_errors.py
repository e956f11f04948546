"""How often the verdict errs: equal models are called better, or worse; and how well the told power is kept.

Every cell simulates evaluations of models whose truth is known, and asks `verdict.judge`, the product's own function.

    python -m tests.bench.verdict_errors [--times 1000] [--json]
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from itertools import product

import numpy as np

from assistant.evidence import verdict
from assistant.evidence.verdict import Findings

KINDS = ("chrf", "0/1", "tied")
ROWS = (20, 40, 100, 200)
ICC = 0.5
CLUSTER = 4  # rows of a topic
SILENT = 0.2  # of its rows, the worst, are not answered
GAIN = 0.1


@dataclass(frozen=True)
class Cell:
    """One setting of the study."""

    kind: str
    rows: int
    untrained: int
    clusters: bool
    silent: bool


def scores(rng: np.random.Generator, cell: Cell, gain: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Scores of the candidate (first row) and the untrained, all of one truth but for `gain`; the rows' topics.

    What a row is worth to all models, a topic's share of a model's luck (intra-cluster correlation 0.5), and noise.
    """
    topics = np.arange(cell.rows) // (CLUSTER if cell.clusters else 1)
    models = cell.untrained + 1
    hard = rng.normal(0, 0.1, cell.rows)
    own = rng.normal(0, 1, (models, cell.rows))
    if cell.clusters:
        shared = rng.normal(0, 1, (models, topics.max() + 1))[:, topics]
        own = np.sqrt(ICC) * shared + np.sqrt(1 - ICC) * own
    shift = np.zeros((models, 1))
    shift[0] = gain
    if cell.kind == "chrf":
        found = np.clip(0.45 + hard + 0.12 * own + shift, 0, 1)
    elif cell.kind == "0/1":
        found = (0.5 + hard + shift > _uniform(own)).astype(float)
    else:  # most rows are the same for all, as labels are that everybody gets
        found = np.where(np.abs(own) < 1, 0.5, np.clip(0.5 + 0.3 * np.sign(own) + shift, 0, 1))
    return found, topics


def _uniform(normal: np.ndarray) -> np.ndarray:
    from scipy.stats import norm

    found: np.ndarray = norm.cdf(normal)
    return found


def material(rng: np.random.Generator, cell: Cell, gain: float = 0.0) -> Findings:
    found, topics = scores(rng, cell, gain)
    if cell.silent:
        found[0, np.argsort(found[0])[: int(SILENT * cell.rows)]] = 0.0
    names = ["tuned", *(f"untrained {i}" for i in range(cell.untrained))]
    rows = {name: dict(enumerate(map(float, line))) for name, line in zip(names, found, strict=True)}
    return Findings(rows, rows, clusters=dict(enumerate(map(int, topics))))


def study(cell: Cell, times: int, seed: int) -> dict[str, float]:
    """Shares of `times` equal models called better (switch) and worse (stay)."""
    rng = np.random.default_rng(seed)
    found = [verdict.judge(material(rng, cell), "tuned") for _ in range(times)]
    return {
        "switch": sum(one.decision == "switch" for one in found) / times,
        "worse": sum(bool(one.aspects["facts"]["worse"]) for one in found) / times,
    }


def told(cell: Cell, times: int, seed: int) -> dict[str, float]:
    """Power for a gain of 0.1: as the product tells it (mean) after equal evaluations, and as it comes out."""
    from assistant.evidence.statistics.contest import contest
    from assistant.evidence.statistics.power import power

    rng = np.random.default_rng(seed)
    said, proved = [], []
    for _ in range(times):
        found, topics = scores(rng, cell, GAIN)
        others = {str(i): line.tolist() for i, line in enumerate(found[1:])}
        groups = topics.tolist()
        said.append(power(found[0].tolist(), others, GAIN, groups).chance)
        proved.append(contest(found[0].tolist(), others, groups, flips=1999).better)
    return {"told": round(float(np.mean(said)), 3), "simulated": round(float(np.mean(proved)), 3)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=1000)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    cells = []
    for number, (kind, rows, untrained, clusters, silent) in enumerate(
        product(KINDS, ROWS, (1, 4), (False, True), (False, True))
    ):
        cell = Cell(kind, rows, untrained, clusters, silent)
        line = vars(cell) | study(cell, args.times, number)
        if not silent and kind != "tied":
            line |= told(cell, max(50, args.times // 2), number)
        cells.append(line)
        if not args.json:
            print(line, flush=True)
    equal = [cell for cell in cells if not cell["silent"]]
    summary = {
        "times": args.times,
        "most_false_switch": max(cell["switch"] for cell in cells),
        "most_false_worse": max(cell["worse"] for cell in equal),
        "most_power_apart": max(abs(cell["told"] - cell["simulated"]) for cell in equal if "told" in cell),
    }
    print(json.dumps({"summary": summary, "cells": cells}, indent=1) if args.json else summary)


if __name__ == "__main__":
    main()
