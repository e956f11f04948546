"""The test behind the automatic return: it seldom errs however often it is looked at, and it finds what is there."""

from __future__ import annotations

import math

import numpy as np
import pytest

from assistant.traffic import returning, sequential
from tests.bench import returns


def test_equal_variants_are_taken_back_at_most_at_the_level() -> None:
    """300 runs, looked at after every conversation; shares, rates and clusters as in the bench."""
    cells = returns.EQUAL
    runs = [returns.run(cells[seed % len(cells)], seed, conversations=120) for seed in range(300)]
    false = sum(at is not None for at in runs)
    assert false <= returning.LEVEL * 300


def test_a_worse_variant_is_found() -> None:
    cell = returns.Cell("worse", 0.5, 0.1, 0.4)
    found = [returns.run(cell, seed, conversations=400) for seed in range(20)]
    assert sum(at is not None for at in found) >= 18


def test_the_quick_answer_is_that_of_the_whole_evidence() -> None:
    rng = np.random.default_rng(1)
    seen = set()
    for _ in range(60):
        new, old = (list(map(float, rng.random(rng.integers(1, 60)) < rate)) for rate in rng.random(2))
        for level in (0.2, 0.025):
            proved = sequential.proves(new, old, level)
            assert proved == (sequential.log_evidence(new, old) >= -math.log(level))
            seen.add(proved)
    assert seen == {True, False}


def test_only_a_higher_rate_of_the_new_one_is_evidence() -> None:
    rng = np.random.default_rng(0)
    high, low = list(map(float, rng.random(200) < 0.5)), list(map(float, rng.random(200) < 0.1))
    assert sequential.log_evidence(high, low) > 20
    assert sequential.log_evidence(low, high) < 0
    assert sequential.log_evidence(high, high) < 0


def test_nothing_is_proved_against_what_nobody_has_seen() -> None:
    assert sequential.log_evidence([1.0] * 50, []) == 0
    assert sequential.log_evidence([], [0.0] * 50) == 0


def test_much_evidence_is_not_lost_in_rounding() -> None:
    assert sequential.log_evidence([1.0] * 20_000, [0.0] * 20_000) > 10_000


def test_parts_count_as_parts() -> None:
    """An edited answer is half a rejection: evidence lies between none and that of whole ones."""
    none, half, whole = (sequential.log_evidence([value] * 30, [0.0] * 30) for value in (0.0, 0.5, 1.0))
    assert none < 0 < half < whole


@pytest.mark.parametrize("value", [-0.1, 1.1, math.nan])
def test_what_is_no_rate_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="no rate"):
        sequential.log_evidence([value], [0.0])
