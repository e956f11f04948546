"""Figures of a set of answers that a mean score hides."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.errors import AttuneError
from assistant.evidence import scorers
from tests.assistant.evidence.scorers.texts import any_text


def test_labels_have_macro_f1_and_a_confusion_matrix():
    pairs = [("1", "1")] * 8 + [("1", "-1")] * 2
    assert scorers.details("exact", pairs) == {
        "answers": 10,
        "empty": 0,
        "scored": 10,
        "perfect": 0.8,
        "accuracy": 0.8,
        "macro_f1": pytest.approx((2 * 8 / 18 + 0) / 2, abs=1e-4),
        "labels": 2,
        "confusion": {"labels": ["1", "-1", "(other)"], "counts": [[8, 0, 0], [2, 0, 0], [0, 0, 0]]},
    }


def test_an_answer_that_is_no_label_is_counted_as_another():
    found = scorers.details("exact", [("Well, I would say yes here and not no at all", "yes"), ("no", "no")])
    assert found["confusion"] == {"labels": ["no", "yes", "(other)"], "counts": [[1, 0, 0], [0, 0, 1], [0, 0, 0]]}


def test_several_labels_have_no_confusion_matrix():
    found = scorers.details("exact", [("a, b", "b, a"), ("a", "a, b")])
    assert (found["accuracy"], found["confusion"]) == (0.5, None)
    assert found["macro_f1"] == pytest.approx((1 + 2 / 3) / 2, abs=1e-4)


def test_valid_json_is_told_apart_from_right_json():
    pairs = [
        ('{"a": 1}', '{"a": 1}'),
        ('{"a": 2}', '{"a": 1}'),
        ("no", '{"a": 1}'),
        ('{"a": "x"}', '{"a": 1}'),
        ("", "no"),
    ]
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}}
    found = scorers.details("json_f1", pairs, schema)
    assert (found["scored"], found["perfect"], found["valid_json"], found["too_long"]) == (4, 0.25, 0.75, 0)
    assert found["keeps_schema"] == 0.4
    assert scorers.details("json_records", pairs)["keeps_schema"] is None


def test_numbers_have_recall_and_precision():
    found = scorers.details("numbers", [("3 and 4", "4 and 3"), ("5", "5 and 6"), ("7 or 8", "7"), ("1", "none")])
    assert (found["all_right"], found["recall"], found["precision"]) == (0.3333, 0.8, 0.8)


def test_a_model_that_says_one_thing_to_everybody_shows():
    found = scorers.details("chrf", [("Hello there.", f"Answer {n}.") for n in range(10)])
    assert (found["different"], found["length_ratio"], found["perfect"]) == (0.1, 1.0, 0)
    assert scorers.details("similarity", [("a", "b"), ("a", "c")])["different"] == 0.5


def test_programs_that_parse_are_counted():
    found = scorers.details("code", [("```\nx = 1\n```", "x = 1"), ("x = = 1", "x = 1"), ("ls | wc", "ls && wc")])
    assert (found["python"], found["perfect"]) == (0.5, 0.3333)


@pytest.mark.parametrize("name", sorted(scorers.KINDS))
@settings(deadline=None)  # the machine may be busy
@given(pairs=st.lists(st.tuples(any_text, any_text), max_size=6))
def test_any_answers_have_details_that_json_can_hold(name, pairs):
    found = scorers.details(name, pairs)
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_details_do_not_grow_with_the_set():
    many = scorers.details("exact", [(f"wrong {n}", f"label {n} " + "x" * 500) for n in range(500)])
    assert len(json.dumps(many)) < 4000
    with pytest.raises(AttuneError, match="no scorer"):
        scorers.details("bleu", [])
