"""Marks are appended and the latest counts; what they say of the scorer; five rows are read before a switch."""

from __future__ import annotations

import pytest

from assistant.evidence.answers import opinions
from assistant.evidence.answers.rows import AnswerTable
from assistant.record.opinions import marks
from assistant.record.store import Store
from assistant.stages import switch


def test_the_latest_mark_counts_and_all_of_them_stay(table: AnswerTable, store: Store) -> None:
    number, key, tuned = table.evaluation.id, table.keys[0], table.ids["tuned"]
    for mark in ("right", "wrong", "read"):
        store.add_mark(number, *key, mark, tuned)
    row = table.row(key, store.marks(number))
    assert (row.answers["tuned"].mark, row.answers["few-shot"].mark, row.read) == ("wrong", "", True)
    store.add_mark(number, *key, "cleared", tuned)
    assert table.row(key, store.marks(number)).answers["tuned"].mark == ""
    assert [one.mark for one in store.marks(number)] == ["right", "wrong", "read", "cleared"]
    assert marks.latest(store.marks(number)) == {}
    with pytest.raises(ValueError, match="splendid"):
        store.add_mark(number, *key, "splendid", tuned)


def test_agreement_of_the_scorer_with_people(table: AnswerTable, store: Store) -> None:
    number = table.evaluation.id
    assert opinions.agreement(table, []).sentence == ""
    for key in table.keys[:6]:
        store.add_mark(number, *key, "right", table.ids["tuned"])
    assert "6 you called right" in opinions.agreement(table, store.marks(number)).sentence
    for key in table.keys[:4]:
        store.add_mark(number, *key, "wrong", table.ids["few-shot"])
    found = opinions.agreement(table, store.marks(number))
    assert (len(found.right), len(found.wrong), found.above) == (6, 4, 1.0)
    mean = sum(table.worth("few-shot", key) or 0 for key in table.keys[:4]) / 4
    assert f"{mean:.2f} to 4 you called wrong" in found.sentence
    assert "in 100% of pairs" in found.sentence


def test_a_scorer_that_ranks_as_chance_does_is_told_so() -> None:
    level = opinions.MarkedScores([0.2, 0.8], [0.2, 0.8])
    assert level.above == 0.5
    upside_down = opinions.MarkedScores([0.1], [0.9])
    assert upside_down.above == 0.0


def test_answers_to_a_wrong_reference_say_nothing_of_the_scorer(table: AnswerTable, store: Store) -> None:
    number, key = table.evaluation.id, table.keys[0]
    store.add_mark(number, *key, "wrong", table.ids["tuned"])
    store.add_mark(number, *key, "reference")
    found = opinions.agreement(table, store.marks(number))
    assert (found.right, found.wrong, found.references) == ([], [], 1)
    assert "1 approved answer is wrong" in found.sentence


def test_a_failed_answer_that_is_called_wrong_counts_with_its_0(table: AnswerTable, store: Store) -> None:
    failed = next(key for key in table.keys if table.given["prompt", key].error)
    store.add_mark(table.evaluation.id, *failed, "wrong", table.ids["prompt"])
    assert opinions.agreement(table, store.marks(table.evaluation.id)).wrong == [0.0]


def test_five_rows_are_read_before_a_switch(table: AnswerTable, store: Store) -> None:
    case, number = table.evaluation.case, table.evaluation.id
    assert switch.blocked(store, case) is None, "the shop's model is proved better"
    assert switch.unread(store, case) == "Read five answers first: 0 of 5."
    for key in table.keys[:2]:
        store.add_mark(number, *key, "read")
    for _ in range(4):
        store.add_mark(number, *table.keys[0], "right", table.ids["tuned"])  # the same row again is one row
    assert switch.unread(store, case) == "Read five answers first: 2 of 5."
    for key in table.keys[2:5]:
        store.add_mark(number, *key, "wrong", table.ids["tuned"])
    assert switch.unread(store, case) is None


def test_a_new_evaluation_is_read_anew(table: AnswerTable, store: Store) -> None:
    old = table.evaluation
    for key in table.keys[:5]:
        store.add_mark(old.id, *key, "read")
    again = store.add_evaluation(old.case, old.dataset, old.job, old.scorer, old.variants)
    assert switch.unread(store, old.case) is None  # while it is being measured, the old one is the latest
    store.finish_evaluation(again.id, old.results, old.verdict, old.parity, old.proof)
    assert switch.unread(store, old.case) == "Read five answers first: 0 of 5."


def test_before_an_evaluation_nothing_is_asked_to_be_read(store: Store) -> None:
    from assistant.stages import interview

    assert switch.unread(store, interview.new(store, "Empty").id) is None
