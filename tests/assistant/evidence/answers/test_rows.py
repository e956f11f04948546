"""The rows of an evaluation beside each other, in the order and the choice that was asked for."""

from __future__ import annotations

import pytest

from assistant.errors import AttuneError
from assistant.evidence.answers import order
from assistant.evidence.answers.order import RowChoice
from assistant.evidence.answers.rows import AnswerTable, GivenAnswer
from assistant.record.store import Store
from tests.assistant.evidence.answers import measured_shop

PARCELS = measured_shop.TEST // len(measured_shop.TOPICS)  # which the tuned model gets wrong


def test_a_row_has_every_variants_answer_with_what_was_measured_of_it(table: AnswerTable) -> None:
    assert (table.candidate, table.rival) == ("tuned", "few-shot")
    assert len(table.keys) == measured_shop.TEST
    row = order.page(table, [], RowChoice("best")).rows[0]
    assert list(row.answers) == ["tuned", "few-shot", "prompt"]
    tuned, few = row.answers["tuned"], row.answers["few-shot"]
    assert (tuned.text, tuned.score, tuned.facts) == (row.approved, pytest.approx(1), pytest.approx(1))
    assert tuned.form
    assert all(tuned.form.values())
    assert tuned.flags == []
    assert few.form
    assert not any(few.form.values())
    assert few.score is not None
    assert few.score < 0.5
    assert (tuned.tokens, tuned.seconds, tuned.cut, tuned.repeats) == (100, 0.3, False, False)


def test_the_figures_of_rows_are_those_of_the_verdict(table: AnswerTable) -> None:
    """The mean over rows is what the evaluation told: nothing is measured twice in two ways."""
    rows = [table.row(key) for key in table.keys]
    for name in table.names:
        given = [row.answers[name] for row in rows]
        told = table.evaluation.results[name]
        assert sum(one.facts or 0.0 for one in given) / len(given) == pytest.approx(told["facts"], abs=1e-3)
        kept = [all(one.form.values()) and not one.error for one in given]
        assert sum(kept) / len(kept) == pytest.approx(told["form"], abs=1e-3)
        assert sum(bool(one.unsupported) for one in given) == told["unsupported"]


def test_flags_tell_what_is_wrong_with_an_answer(table: AnswerTable) -> None:
    rows = [table.row(key) for key in table.keys]
    failed = [row for row in rows if row.answers["prompt"].error]
    assert len(failed) == 1
    assert failed[0].answers["prompt"].flags == ["failed: The server closed the connection."]
    invented = [row for row in rows if row.answers["tuned"].unsupported]
    assert len(invented) == PARCELS
    assert all("99" in row.answers["tuned"].unsupported for row in invented)


def test_a_flag_stays_short_whatever_a_model_writes() -> None:
    flags = GivenAnswer("tuned", "", 0.0, unsupported=("1" * 500, *map(str, range(10, 30)))).flags
    assert flags == [f"numbers from nowhere: {'1' * 23}…, 10, 11, 12, 13, 14 and 15 more"]


def test_worst_and_best_are_each_others_opposite(table: AnswerTable) -> None:
    worst = order.keys_of(table, [], RowChoice("worst"))
    best = order.keys_of(table, [], RowChoice("best"))
    values = [table.worth("tuned", key) for key in worst]
    assert values == sorted(values)
    assert sorted(values, reverse=True) == [table.worth("tuned", key) for key in best]
    assert set(worst) == set(best) == set(table.keys)
    assert {table.asked[key].messages[0]["content"].split()[0] for key in worst[:PARCELS]} == {"My"}


def test_most_different_begins_where_the_scores_are_the_furthest_apart(table: AnswerTable) -> None:
    keys = order.keys_of(table, [], RowChoice("different"))
    apart = [abs((table.worth("tuned", key) or 0) - (table.worth("few-shot", key) or 0)) for key in keys]
    assert apart == sorted(apart, reverse=True)


def test_random_is_another_order_that_a_seed_repeats(table: AnswerTable) -> None:
    once, again = (order.keys_of(table, [], RowChoice("random", seed=7)) for _ in range(2))
    other = order.keys_of(table, [], RowChoice("random", seed=8))
    assert once == again != other
    assert sorted(once) == sorted(other) == sorted(table.keys)


def test_a_failed_answer_is_among_the_worst(table: AnswerTable) -> None:
    keys = order.keys_of(table, [], RowChoice("worst", "prompt"))
    assert [bool(table.given["prompt", key].error) for key in keys] == [True] + [False] * (measured_shop.TEST - 1)


def test_rows_are_picked_by_topic_and_by_what_is_missing(table: AnswerTable) -> None:
    named = {name for name in table.topics.values() if "parcel" in name or "courier" in name or "delivery" in name}
    assert len(named) == 1, table.topics
    (parcels,) = named
    keys = order.keys_of(table, [], RowChoice(topic=parcels))
    assert len(keys) == PARCELS
    assert all("parcel" in table.asked[key].messages[0]["content"] for key in keys)
    assert order.faults(table, "tuned") == {}
    lacking = order.faults(table, "few-shot")
    assert set(lacking.values()) == {measured_shop.TEST}
    part = next(iter(lacking))
    assert len(order.keys_of(table, [], RowChoice(variant="few-shot", lacks=part))) == measured_shop.TEST
    assert order.keys_of(table, [], RowChoice(variant="tuned", lacks=part)) == []


def test_rows_are_picked_by_marks(table: AnswerTable, store: Store) -> None:
    first, second, third = table.keys[:3]
    number, tuned = table.evaluation.id, table.ids["tuned"]
    store.add_mark(number, *first, "right", tuned)
    store.add_mark(number, *second, "wrong", tuned)
    store.add_mark(number, *second, "reference")
    store.add_mark(number, *third, "read")
    said = store.marks(number)
    picked = {mark: order.keys_of(table, said, RowChoice(mark=mark)) for mark in order.SHOWN}
    assert (picked["right"], picked["wrong"], picked["reference"]) == ([first], [second], [second])
    assert set(picked["unread"]) == set(table.keys[3:])


def test_pages_follow_each_other_and_a_place_behind_the_end_is_the_last_page(table: AnswerTable) -> None:
    seen = [
        (row.item, row.turn)
        for start in range(0, measured_shop.TEST, 5)
        for row in order.page(table, [], RowChoice(), start).rows
    ]
    assert seen == order.keys_of(table, [], RowChoice())
    last = order.page(table, [], RowChoice(), 10_000)
    assert (last.start, len(last.rows), last.total) == (20, 4, measured_shop.TEST)
    none = order.page(table, [], RowChoice(mark="right"))
    assert (none.rows, none.start, none.total) == ([], 0, 0)


@pytest.mark.parametrize("wanted", [RowChoice("loudest"), RowChoice(variant="gpt"), RowChoice(mark="maybe")])
def test_what_there_is_not_is_a_sentence(table: AnswerTable, wanted: RowChoice) -> None:
    with pytest.raises(AttuneError) as caught:
        order.keys_of(table, [], wanted)
    assert "Choose one of" in caught.value.remedy


def test_an_evaluation_that_kept_no_proof_is_shown_all_the_same(table: AnswerTable, store: Store) -> None:
    """One from before frames were kept."""
    store._update("evaluations", table.evaluation.id, proof={})
    old = AnswerTable(store, store.evaluation(table.evaluation.id))
    assert old.row(old.keys[0]) == table.row(table.keys[0])
