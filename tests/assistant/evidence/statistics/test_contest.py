"""One candidate against several."""

from __future__ import annotations

import numpy as np
import pytest

from assistant.evidence.statistics.contest import contest, unfavoured
from assistant.evidence.statistics.power import power


def drawn(seed: int, *means: float, rows: int = 40) -> list[list[float]]:
    rng = np.random.default_rng(seed)
    return [rng.normal(mean, 0.1, rows).tolist() for mean in means]


def test_better_means_better_than_each():
    mine, low, high = drawn(1, 0.6, 0.3, 0.6)
    assert contest(mine, {"low": low}).better
    found = contest(mine, {"low": low, "high": high})
    assert not found.better
    assert found.hardest == found.best == "high"


def test_worse_than_one_is_worse():
    mine, low, high = drawn(2, 0.5, 0.3, 0.7)
    found = contest(mine, {"low": low, "high": high})
    assert found.worse
    assert found.high < 0


def test_the_best_is_chosen_on_other_rows_than_it_is_measured_on():
    """Five equal models: the best of four looks better than it is, by which the candidate would seem worse."""
    naive, fair = [], []
    for seed in range(150):
        mine, *others = drawn(seed, 0.5, 0.5, 0.5, 0.5, 0.5)
        rivals = {str(i): scores for i, scores in enumerate(others)}
        naive.append(np.mean(mine) - max(np.mean(scores) for scores in others))
        fair.append(unfavoured(mine, rivals))
    error = np.std(fair) / np.sqrt(len(fair))
    assert np.mean(naive) < -5 * error
    assert abs(np.mean(fair)) < 3 * error


def test_without_a_rival_there_is_no_contest():
    with pytest.raises(ValueError, match="nothing to compare"):
        contest([0.1], {})


def test_the_power_that_is_told_is_the_power_that_comes_out():
    """Gains of 0.05 proved on 40 rows against two equal models, told by what each single evaluation saw."""
    told, proved = [], []
    for seed in range(300):
        mine, *others = drawn(seed, 0.55, 0.5, 0.5)
        rivals = {str(i): scores for i, scores in enumerate(others)}
        told.append(power(mine, rivals, 0.05).chance)
        proved.append(contest(mine, rivals, flips=999).better)
    assert abs(np.mean(told) - np.mean(proved)) < 0.08  # 5 points, and the error of 300 draws


def test_more_rows_are_asked_for_a_smaller_gain():
    mine, other = drawn(5, 0.5, 0.5)
    large, small = (power(mine, {"other": other}, gain) for gain in (0.1, 0.02))
    assert large.rows < small.rows
    assert large.chance > small.chance
    assert large.smallest == small.smallest
