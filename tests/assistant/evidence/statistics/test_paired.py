"""Two variants on the same rows: what is called a difference, and how often wrongly."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from assistant.evidence.statistics.intervals import Interval, interval
from assistant.evidence.statistics.paired import difference


def test_the_interval_covers_the_true_mean_about_as_often_as_it_says():
    rng = np.random.default_rng(0)
    hits = 0
    for _ in range(200):
        found = interval(rng.normal(0.5, 0.2, 40).clip(0, 1).tolist())
        hits += found.low <= 0.5 <= found.high
    assert hits >= 180  # 190 expected; fewer than 180 has a probability below 1 % at a coverage of 94 %


def test_rows_that_belong_together_make_the_interval_wider():
    values, topics = [0.1] * 10 + [0.9] * 10, [0] * 10 + [1] * 10
    alone, together = interval(values), interval(values, topics)
    assert alone.high - alone.low < 0.5
    assert (together.low, together.high) == (pytest.approx(0.1), pytest.approx(0.9))


def test_constant_and_tiny_samples_have_an_interval_of_no_width():
    assert interval([0.3, 0.3, 0.3]) == Interval(*[pytest.approx(0.3)] * 3)
    assert math.isnan(interval([]).mean)


def test_a_pairing_that_does_not_fit_is_an_error():
    with pytest.raises(ValueError, match="differ in length"):
        difference([1.0], [1.0, 2.0])


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_what_is_no_number_decides_nothing(bad):
    with pytest.raises(ValueError, match="not a number"):
        difference([bad, 0.2], [0.1, 0.1])


def test_identical_scores_are_no_difference():
    found = difference([0.2, 0.4, 0.9], [0.2, 0.4, 0.9])
    assert (found.mean, found.low, found.high, found.p_value) == (0, 0, 0, 1)


def test_rounding_residues_are_no_difference():
    found = difference([0.1 + 0.2] * 30, [0.3] * 30)
    assert not found.better()
    assert found.p_better == 1


def test_without_clusters_the_interval_is_students():
    rng = np.random.default_rng(1)
    a, b = rng.normal(0.6, 0.1, 30), rng.normal(0.5, 0.1, 30)
    found = difference(a.tolist(), b.tolist(), alpha=0.025)
    low, high = stats.ttest_rel(a, b).confidence_interval(0.95)
    assert (found.low, found.high) == (pytest.approx(low), pytest.approx(high))


def test_the_test_agrees_with_scipys_permutation_test():
    rng = np.random.default_rng(2)
    a, b = rng.normal(0.55, 0.1, 10), rng.normal(0.5, 0.1, 10)
    found = difference(a.tolist(), b.tolist())
    exact = stats.permutation_test((a - b,), np.mean, permutation_type="samples", alternative="greater")
    assert found.p_better == pytest.approx(exact.pvalue, abs=0.002)


def test_few_topics_prove_nothing_however_many_rows_they_have():
    topics = [i % 4 for i in range(100)]
    assert not difference([0.9] * 100, [0.1] * 100, topics).better()
    assert difference([0.9] * 100, [0.1] * 100).better()
