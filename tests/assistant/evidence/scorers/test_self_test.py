"""Whether a scorer is found out that cannot tell the approved answers apart."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.evidence import scorers

FRAME = (
    "Thank you for writing to the harbour office. {}. If you have another question, call us. Kind regards, the harbour"
)


def test_labels_fall_to_the_agreement_that_their_frequencies_make():
    found = scorers.self_test(scorers.scorer("exact"), ["-1"] * 30 + ["1"] * 10)
    assert found.own == 1
    assert found.chance == pytest.approx((30 * 29 + 10 * 9) / (40 * 39), abs=1e-4)
    assert found.shuffled == pytest.approx(found.chance, abs=0.1)
    assert found.ok
    assert "so the score tells the answers apart" in found.sentence


def test_a_frame_that_all_answers_share_is_found_and_its_share_told():
    answers = [
        FRAME.format(f"Berth {n} is {word}") for n, word in enumerate("free taken closed shallow deep wet".split())
    ]
    for name in ("chrf", "token_f1", "rouge_l"):
        found = scorers.self_test(scorers.scorer(name), answers)
        assert found.frame_share > 0.6, name
        assert not found.ok
        assert f"{found.frame_share:.0%} of the score is what all answers share" in found.sentence


def test_a_scorer_that_scores_everything_well_is_found_out():
    found = scorers.self_test(lambda *_: 1.0, ["a", "b", "c"])
    assert (found.frame_share, found.ok) == (1, False)
    found = scorers.self_test(lambda *_: 0.0, ["a", "b", "c"])
    assert (found.own, found.ok) == (0, False)
    assert "does not suit" in found.sentence


def test_answers_that_are_all_the_same_prove_nothing():
    found = scorers.self_test(scorers.scorer("exact"), ["yes", "Yes", "yes"])
    assert (found.chance, found.ok) == (1, False)
    assert "All approved answers are the same" in found.sentence


@pytest.mark.parametrize("references", [[], ["a"], ["no json", "nor this"]])
def test_too_few_answers_to_test_with(references):
    found = scorers.self_test(scorers.scorer("json_records"), references)
    assert (found.own, found.ok) == (None, False)


@settings(deadline=None)  # the machine may be busy
@given(st.lists(st.sampled_from("abcdef"), min_size=2, max_size=300), st.integers(0, 9))
def test_the_same_seed_draws_the_same_and_all_is_between_0_and_1(references, seed):
    found = scorers.self_test(scorers.scorer("exact"), references, seed)
    assert found == scorers.self_test(scorers.scorer("exact"), references, seed)
    assert all(0 <= value <= 1 for value in (found.own, found.shuffled, found.chance, found.frame_share))
