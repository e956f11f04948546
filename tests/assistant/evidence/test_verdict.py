"""The verdict: what it takes to be told to switch, and everything that must not be enough."""

from __future__ import annotations

import numpy as np
import pytest

from assistant.evidence.checks.measuring import Gate
from assistant.evidence.verdict import Findings, judge
from tests.bench.verdict_errors import Cell, material, study


def rows(seed: int = 1, n: int = 40, **means: float) -> dict[str, dict[int, float]]:
    """Scores around a mean for each variant; rows that are hard are hard for all."""
    rng = np.random.default_rng(seed)
    hard = rng.normal(0, 0.05, n)
    return {
        name.replace("_", "+"): {i: float(np.clip(mean + hard[i] + rng.normal(0, 0.05), 0, 1)) for i in range(n)}
        for name, mean in means.items()
    }


def kept(n: int = 40, **shares: float) -> dict[str, dict[int, float]]:
    """1 for the first share of the rows, 0 for the others."""
    return {name: {i: float(i < share * n) for i in range(n)} for name, share in shares.items()}


def of(facts: dict, **more) -> Findings:
    return Findings(facts, facts, **more)


def test_a_better_model_is_switched_to_and_compared_with_the_best_untrained():
    found = judge(of(rows(prompt=0.1, rag=0.4, tuned=0.6)), "tuned")
    assert (found.decision, found.against) == ("switch", "rag")
    assert 0.15 < found.low < found.difference < found.high
    assert found.p_value < 0.01


def test_a_worse_model_stays_out_and_an_equal_one_is_undecided():
    assert judge(of(rows(rag=0.6, tuned=0.4)), "tuned").decision == "stay"
    assert judge(of(rows(rag=0.5, tuned=0.5)), "tuned").decision == "undecided"


def test_few_conversations_prove_nothing():
    found = judge(of(rows(n=10, rag=0.2, tuned=0.9)), "tuned")
    assert found.decision == "undecided"
    assert "10 held-out" in found.reason


def test_without_a_tuned_model_the_best_untrained_is_named():
    found = judge(of(rows(prompt=0.1, rag=0.4)), None)
    assert (found.decision, found.against) == ("baseline", "rag")


def test_only_conversations_that_all_were_asked_are_compared():
    table = rows(prompt=0.1, rag=0.4, tuned=0.6)
    del table["tuned"][0], table["prompt"][1]
    assert judge(of(table), "tuned").n == 38
    assert judge(of({"rag": {}, "tuned": {1: 1.0}}), "tuned").decision == "undecided"


def test_form_alone_is_enough_and_the_words_say_so():
    found = judge(of(rows(rag=0.3, tuned=0.3), form=kept(rag=0.1, tuned=0.95)), "tuned")
    assert found.decision == "switch"
    assert "It keeps your format in 95% of answers (without training: 10%, rag)." in found.reason
    assert "facts are no better" in found.reason
    assert "tune with retrieval" in found.reason


def test_better_form_does_not_buy_worse_facts():
    found = judge(of(rows(rag=0.5, tuned=0.3), form=kept(rag=0.1, tuned=0.95)), "tuned")
    assert found.decision == "stay"
    assert "its facts are worse: 0.30" in found.reason


def test_facts_that_may_be_much_worse_are_not_good_enough():
    rng = np.random.default_rng(3)
    facts = {name: {i: float(rng.random() < 0.5) for i in range(40)} for name in ("rag", "tuned")}
    found = judge(of(facts, form=kept(rag=0.1, tuned=0.95)), "tuned")
    assert found.decision == "undecided"
    assert "facts may be worse by up to" in found.reason


def test_a_constant_that_says_as_much_ends_it():
    facts = rows(rag=0.2, tuned=0.4)
    found = judge(of(facts, sanity={"typical answer": facts["tuned"]}), "tuned")
    assert found.decision == "stay"
    assert "one approved answer, the most typical, to every question says as much" in found.reason
    assert found.sanity["typical answer"]["beaten"] is False


def test_a_constant_that_says_less_does_not_matter():
    facts = rows(rag=0.2, tuned=0.4)
    found = judge(of(facts, sanity={"frame alone": dict.fromkeys(range(40), 0.0)}), "tuned")
    assert found.decision == "switch"
    assert found.sanity["frame alone"] == {
        "facts": 0.0,
        "difference": pytest.approx(0.4, abs=0.02),
        "proved": True,
        "beaten": True,
    }


def test_the_nearest_answer_must_not_win_and_is_told_where_it_is_close():
    """It looks at the question, so it is one more way without training; a constant has to be beaten for sure."""
    facts = rows(rag=0.2, tuned=0.4)
    close = {i: value - 0.001 * (1 + i % 2) + (0.02 if i % 2 else -0.02) for i, value in facts["tuned"].items()}
    found = judge(of(facts, sanity={"nearest answer": close}), "tuned")
    assert found.decision == "switch"
    assert "not proved that the approved answer to the most similar question says less" in found.reason
    assert judge(of(facts, sanity={"typical answer": close}), "tuned").decision == "undecided"
    better = {i: value + 0.01 for i, value in facts["tuned"].items()}
    assert judge(of(facts, sanity={"nearest answer": better}), "tuned").decision == "stay"


def test_the_briefs_own_threshold_gates():
    facts = rows(rag=0.2, tuned=0.4)
    failed = Gate("at least 95 % keep the house format", 0.88, 0.95, False)
    found = judge(of(facts, gates=[failed, Gate("is polite", None, 0.9, None)]), "tuned")
    assert found.decision == "stay"
    assert "at least 95 % keep the house format (measured: 88%)" in found.reason
    assert judge(of(facts, gates=[Gate("is polite", None, 0.9, None)]), "tuned").decision == "switch"


def test_beating_what_was_out_of_order_proves_nothing():
    facts = rows(rag=0.2, tuned=0.4)
    found = judge(of(facts, failed={"rag": 0.2}), "tuned")
    assert found.decision == "undecided"
    assert "'rag' failed to answer 20%" in found.reason


def test_a_gain_too_small_to_matter_is_no_reason():
    facts = {"rag": dict.fromkeys(range(60), 0.5), "tuned": {i: 0.505 + 0.001 * (i % 3) for i in range(60)}}
    found = judge(of(facts), "tuned")
    assert found.decision == "stay"
    assert "less than the 0.020 that matters" in found.reason


def test_each_look_at_the_same_rows_asks_for_more():
    facts = rows(rag=0.4, tuned=0.44, seed=8)
    first, tenth = (judge(of(facts, look=look), "tuned") for look in (1, 10))
    assert tenth.alpha == first.alpha / 10
    assert tenth.low < first.low


def test_rows_of_few_topics_prove_less():
    facts = rows(rag=0.4, tuned=0.5)
    assert judge(of(facts), "tuned").decision == "switch"
    found = judge(of(facts, clusters={i: i % 4 for i in range(40)}), "tuned")
    assert found.decision == "undecided"
    assert "about 4 topics" in found.reason


def test_what_is_no_number_is_an_error_and_no_verdict():
    with pytest.raises(ValueError, match="not a number"):
        judge(of(rows(rag=0.4) | {"tuned": dict.fromkeys(range(40), float("nan"))}), "tuned")


@pytest.mark.parametrize("cell", [Cell("chrf", 40, 4, False, False), Cell("0/1", 40, 1, True, False)])
def test_equal_models_are_seldom_told_apart(cell: Cell):
    """The small version of the benchmark: an error rate of 3 % shows 12 times or more of 150 in fewer than 1 of 500."""
    found = study(cell, 150, 11)
    assert found["switch"] < 12 / 150
    assert found["worse"] < 12 / 150


def test_a_model_that_is_silent_on_its_worst_rows_is_not_better():
    rng = np.random.default_rng(4)
    found = [judge(material(rng, Cell("chrf", 40, 1, False, True)), "tuned").decision for _ in range(100)]
    assert "switch" not in found
