"""Cohen's kappa and its interval, against values that are known."""

from __future__ import annotations

import numpy as np
import pytest

from assistant.evidence.judging import calibration
from assistant.evidence.statistics.shares import wilson


def table(both: int, judge_only: int, people_only: int, neither: int) -> tuple[list[bool], list[bool]]:
    judge = [True] * (both + judge_only) + [False] * (people_only + neither)
    people = [True] * both + [False] * judge_only + [True] * people_only + [False] * neither
    return judge, people


def test_kappa_is_that_of_the_textbook() -> None:
    """The example of Cohen's kappa that is in most textbooks: 20, 5, 10, 15 of 50 give 0.4."""
    judge, people = table(20, 5, 10, 15)
    found = calibration.of(judge, people, range(50))
    assert (found.kappa, found.agreement, found.n) == (pytest.approx(0.4), pytest.approx(0.7), 50)
    assert found.low < 0.4 < found.high
    assert found.low == pytest.approx(0.4 - 1.96 * 0.128, abs=0.06)  # by the formula of Fleiss, Cohen and Everitt
    assert found.high == pytest.approx(0.4 + 1.96 * 0.128, abs=0.06)


def test_its_ends() -> None:
    judge, people = table(10, 0, 0, 10)
    assert calibration.of(judge, people, range(20)).kappa == 1.0
    assert calibration.of(judge, [not one for one in people], range(20)).kappa == -1.0
    always = calibration.of([True] * 20, people, range(20))
    assert (always.kappa, always.trusted) == (0.0, False)


def test_who_always_says_right_is_not_trusted_however_often_that_is_so() -> None:
    found = calibration.of([True] * 40, [True] * 38 + [False] * 2, range(40))
    assert found.agreement == 0.95
    assert not found.trusted
    assert "not used as evidence" in found.sentence


def test_twenty_marks_and_moderate_agreement_are_needed() -> None:
    judge, people = table(9, 0, 0, 10)
    assert not calibration.of(judge, people, range(19)).trusted
    judge, people = table(10, 0, 0, 10)
    assert calibration.of(judge, people, range(20)).trusted
    judge, people = table(20, 6, 10, 14)
    assert not calibration.of(judge, people, range(50)).trusted


def test_answers_to_one_question_are_drawn_together() -> None:
    rng = np.random.default_rng(0)
    people = rng.random(60) < 0.5
    judge = np.where(rng.random(60) < 0.85, people, ~people)
    apart = calibration.of(judge.tolist(), people.tolist(), range(60))
    doubled = calibration.of(
        np.repeat(judge, 4).tolist(), np.repeat(people, 4).tolist(), np.repeat(range(60), 4).tolist()
    )
    assert doubled.kappa == pytest.approx(apart.kappa)
    assert doubled.high - doubled.low == pytest.approx(apart.high - apart.low, rel=0.1)  # no narrower for repeats


@pytest.mark.parametrize(
    ("part", "whole", "low", "high"), [(8, 10, 0.490, 0.943), (0, 10, 0.0, 0.278), (15, 15, 0.796, 1.0)]
)
def test_wilsons_interval(part: int, whole: int, low: float, high: float) -> None:
    found = wilson(part, whole)
    assert (found.mean, found.low, found.high) == pytest.approx((part / whole, low, high), abs=0.001)


def test_no_share_of_nothing() -> None:
    assert np.isnan(wilson(0, 0).mean)
