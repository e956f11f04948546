"""Scorers, statistics and the verdict."""

from __future__ import annotations

import math

import numpy as np
import pytest

from assistant.errors import AttuneError
from assistant.evidence import runner, scorers, statistics
from assistant.evidence.runner import by_conversation, questions, shared
from assistant.evidence.verdict import judge
from assistant.knowledge.prompt import tokens
from assistant.record.types import Item, Score
from assistant.stages import dataset, evaluate
from tests.assistant.conversations.test_conversations import questions as unlike
from tests.assistant.evidence.reading_server import YesServer
from tests.assistant.material import add_documents, new_case, opened, talk


# scorers --------------------------------------------------------------------------------------------------------------
def test_scorers_know_the_ends_of_their_scale():
    for name, score in scorers.SCORERS.items():
        text = '{"a": 1}' if name == "json_f1" else "Refunds take 14 days."
        assert score(text, text) == pytest.approx(1.0), name
        assert score("zzz qqq", text) == pytest.approx(0.0, abs=0.02), name


def test_exact_ignores_case_and_punctuation_around():
    assert scorers.exact(" Refund. ", "refund") == 1
    assert scorers.exact("refund request", "refund") == 0


def test_json_f1_counts_leaves_and_an_unreadable_reference_is_unscored():
    assert scorers.json_f1('["a", "b"]', '["b", "c"]') == pytest.approx(0.5)
    assert scorers.json_f1('```json\n{"x": {"y": 1}}\n```', '{"x": {"y": 1}}') == 1
    assert scorers.json_f1("no json", "[1]") == 0
    assert scorers.json_f1("9" * 5000, "[1]") == 0
    assert [scorers.json_f1("[" * deep + "]" * deep, "[1]") for deep in (600, 900, 100_000)] == [0, 0, 0]
    assert scorers.json_f1("[1]", "no json") is None


def test_the_scorer_suggested_fits_the_answers():
    assert scorers.suggest(['["a"]', "[]", '{"k": 2}']) == "json_f1"
    assert scorers.suggest(["billing", "delivery", "billing", "billing", "delivery", "billing"]) == "exact"
    assert scorers.suggest(["A whole sentence.", "Another one.", "And a third."]) == "chrf"
    with pytest.raises(AttuneError, match="no scorer"):
        scorers.scorer("bleurt")


# statistics -----------------------------------------------------------------------------------------------------------
def test_the_interval_covers_the_true_mean_about_as_often_as_it_says():
    rng = np.random.default_rng(0)
    hits = 0
    for _ in range(60):
        found = statistics.interval(rng.normal(0.5, 0.2, 40).clip(0, 1).tolist())
        hits += found.low <= 0.5 <= found.high
    assert hits >= 52  # 57 expected; fewer than 52 has a probability below 1 %


def test_constant_and_tiny_samples_have_an_interval_of_no_width():
    assert statistics.interval([0.3, 0.3, 0.3]) == statistics.Interval(*[pytest.approx(0.3)] * 3)
    assert math.isnan(statistics.interval([]).mean)


def test_a_pairing_that_does_not_fit_is_an_error():
    with pytest.raises(ValueError, match="differ in length"):
        statistics.difference([1.0], [1.0, 2.0])


def test_identical_scores_are_no_difference():
    found = statistics.difference([0.2, 0.4, 0.9], [0.2, 0.4, 0.9])
    assert (found.mean, found.low, found.high, found.p_value) == (0, 0, 0, 1)


# verdict --------------------------------------------------------------------------------------------------------------
def scores(untrained, tuned, n=40, seed=1):
    rng = np.random.default_rng(seed)
    noise = rng.normal(0, 0.05, n)
    return {
        "prompt": {i: 0.1 + noise[i] for i in range(n)},
        "rag": {i: untrained + noise[i] for i in range(n)},
        "tuned": {i: tuned + noise[i] + e for i, e in enumerate(rng.normal(0, 0.05, n))},
    }


def test_a_better_model_is_switched_to_and_compared_with_the_best_untrained():
    found = judge(scores(0.4, 0.6), "tuned")
    assert (found.decision, found.against) == ("switch", "rag")
    assert found.low > 0
    assert found.p_value < 0.05


def test_a_worse_model_stays_out_and_an_equal_one_is_undecided():
    assert judge(scores(0.6, 0.4), "tuned").decision == "stay"
    assert judge(scores(0.5, 0.5), "tuned").decision == "undecided"


def test_few_conversations_prove_nothing():
    found = judge(scores(0.2, 0.9, n=10), "tuned")
    assert found.decision == "undecided"
    assert "10 held-out" in found.reason


def test_without_a_tuned_model_the_best_untrained_is_named():
    found = judge({k: v for k, v in scores(0.4, 0.6).items() if k != "tuned"}, None)
    assert (found.decision, found.against) == ("baseline", "rag")


def test_only_conversations_that_all_answered_are_compared():
    table = scores(0.4, 0.6)
    del table["tuned"][0], table["prompt"][1]
    assert judge(table, "tuned").n == 38
    assert judge({"rag": {}, "tuned": {1: 1.0}}, "tuned").decision == "undecided"


def test_the_false_alarm_rate_of_the_verdict_is_small():
    """Equal models, 100 times: a switch needs both the interval and the test, so at most about 1 in 20 at one side."""
    wrong = sum(judge(scores(0.5, 0.5, seed=s), "tuned").decision == "switch" for s in range(100))
    assert wrong <= 8


# runner ---------------------------------------------------------------------------------------------------------------
def test_questions_are_the_approved_turns_with_what_came_before():
    messages = [
        {"role": "user", "content": "a"},
        {"role": "assistant", "content": "b", "weight": 0},
        {"role": "user", "content": "c"},
        {"role": "assistant", "content": "d"},
    ]
    (only,) = questions([Item(7, "test", messages)])
    assert (only.item, only.turn, only.reference, len(only.messages)) == (7, 1, "d", 3)


def approved(store, case="plants"):
    """Conversations to train on, and two to test on: one of two turns, one that is too long for the model."""
    for text in unlike(12):
        store.import_conversation(case, "import", talk(text, "Yes."))
    held = talk("Does a cactus want water?", "Yes.", "Which secret has the cactus?", "Nobody knows it.")
    store.import_conversation(case, "heldout", held)
    store.import_conversation(case, "heldout", talk("cactus " * tokens.REMOTE_WINDOW, "Yes."))
    store.set_options(case, {"scorer": "exact"})


@pytest.fixture
def evaluation(tmp_path):
    """The untrained variants measured at a server that says yes, and refuses one turn where there are passages."""
    with YesServer() as server:
        made, store = new_case(tmp_path, chat_base_url=server.url, chat_model="says yes")
        add_documents(made, store)
        approved(store)
        dataset.run(store, "plants")
        bench = opened(made, store)
        yield evaluate.run(bench, "plants")
        bench.close()


def test_a_question_that_cannot_be_answered_is_an_error_and_is_not_timed(evaluation):
    assert evaluation.finished
    found = evaluation.results
    assert {name: found[name]["errors"] for name in found} == {
        "prompt": 1,
        "few-shot": 1,
        "rag": 2,
        "rag+few-shot": 2,
        "quote": 0,
    }
    assert all(one["latency_s"] > 0 for one in found.values())


def test_the_verdict_compares_the_turns_that_every_variant_answered(evaluation):
    found = evaluation.results
    assert (found["rag"]["score"], found["prompt"]["score"]) == (1, 0.5)  # of one turn, and of two
    assert (evaluation.verdict["against"], evaluation.verdict["n"]) == ("prompt", 1)
    assert "prompt is best (1.000)" in evaluation.verdict["reason"]


def test_only_turns_that_all_have_scored_are_shared():
    def scored(name, *values):
        return [Score(1, name, 0, turn, "", value, 1, 1, 0.1, 0.2) for turn, value in enumerate(values)]

    every = {"rag": scored("rag", 1.0, None, 0.6), "prompt": scored("prompt", 0.2, 0.9, 0.4)}
    kept = shared(every, runner.turn)
    assert {name: by_conversation(mine) for name, mine in kept.items()} == {
        "rag": {0: pytest.approx(0.8)},
        "prompt": {0: pytest.approx(0.3)},
    }
    assert shared({}, runner.turn) == {}
