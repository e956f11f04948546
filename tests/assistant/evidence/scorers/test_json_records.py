"""JSON answers: how they are found in a text, and how far they agree with the approved one."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.errors import AttuneError
from assistant.evidence.scorers.json_reading import DEEPEST, json_of
from assistant.evidence.scorers.json_records import MOST, agreement, compare, json_records
from assistant.evidence.scorers.json_schema import breach
from tests.assistant.evidence.scorers import texts

ORDER = '{"item": "nails", "amount": 3, "total": 12}'
BILL = '[{"item": "apple", "price": 2}, {"item": "figs", "price": 21}, {"item": "juice", "price": 45}]'


@pytest.mark.parametrize(
    "answer",
    [
        '{"item": "nails", "amount": 3.0, "total": 12.00}',
        '{"total": 1.2e1, "amount": 3, "item": "Nails"}',
        f"```json\n{ORDER}\n```",
        f"```\n{ORDER}\n```\nThat is all.",
        f"~~~\n{ORDER}\n~~~",
        f"Here you are:\n\n  ```JSON\n  {ORDER}\n  ```",
        f"````\n{ORDER}\n````",
        f"```json\n{ORDER}",
        f"Sure! The order is {ORDER}. Anything else?",
        f"As {{you}} said [1]: {ORDER}",
        f"```python\nprint(1)\n```\n{ORDER}",
        "\ufeff" + ORDER,
    ],
)
def test_the_same_record_however_it_is_served(answer):
    assert json_records(answer, ORDER) == 1


@pytest.mark.parametrize(
    ("answer", "reference", "score"),
    [
        ('{"item": "nails", "amount": 3, "total": 13}', ORDER, 2 / 3),
        ('{"item": "nails", "amount": "3", "total": 12}', ORDER, 2 / 3),  # text is no number
        ('{"ok": true}', '{"ok": 1}', 0),
        ('{"a": null}', "{}", 0),
        ('{"a": ""}', '{"a": null}', 0),
        ('{"a": []}', '{"a": []}', 1),
        ('{"a": 1, "b": []}', '{"a": 1}', 2 / 3),
        ('{"a": 1, "a": 2}', '{"a": 2}', 2 / 3),  # a key given twice is a field too many
        ('[{"a": 1}]', '{"a": 1}', 0),
        ('{"a": NaN}', '{"a": 1}', 0),
        ('{"b": NaN, "a": {"a": 1}}', '{"a": 1}', 0),  # a piece of broken JSON is no answer
        ('{"x": [{"a": 1}, {"a": 2}', '{"a": 1}', 0),
        ("no json", "[1]", 0),
        ('["a", "b"]', '["b", "c"]', 0.5),
        ('["b", "a"]', '["a", "b"]', 1),
        ("[3, 1, 2]", "[1, 2, 3]", 2 / 3),  # numbers keep their order
        ('[["apple", 2], ["figs", 21]]', '[["figs", 21], ["apple", 2]]', 1),
        ('[["apple", 21], ["figs", 2]]', '[["apple", 2], ["figs", 21]]', 0.5),
        ('[["a", "b"]]', '[["b", "a"]]', 0.5),
        ("12", "12.0", 1),
        ('"12"', "12", 0),
        ("null", "null", 1),
        ("The answer is 12", "12", 0),
        ("[1]", "no json", None),
        ("[1]", '{"a": NaN}', None),
    ],
)
def test_fields_are_compared(answer, reference, score):
    assert json_records(answer, reference) == (None if score is None else pytest.approx(score))


def test_prices_at_the_wrong_items_are_far_from_right():
    wrong = '[{"item": "apple", "price": 21}, {"item": "figs", "price": 45}, {"item": "juice", "price": 2}]'
    assert json_records(wrong, BILL) == 0.5
    assert json_records(json.dumps(json.loads(BILL)[::-1]), BILL) == 1


def test_records_are_paired_off_for_the_best_and_those_too_many_or_missing_count():
    records = json.loads(BILL)
    assert json_records(json.dumps(records[1:]), BILL) == pytest.approx(2 * 4 / 10)
    assert json_records(json.dumps([*records, {"item": "kale", "price": 1}]), BILL) == pytest.approx(2 * 6 / 14)
    greedy = '[{"a": 1, "b": 2}, {"a": 1, "b": 3}]', '[{"a": 1, "b": 3, "c": 0}, {"a": 1, "b": 9}]'
    assert json_records(*greedy) == pytest.approx(2 * 3 / 9)


def test_a_citation_is_no_list_of_records():
    assert json_records(f"According to [1] it is {BILL}", BILL) == 1


@pytest.mark.parametrize("deep", [DEEPEST + 2, 600, 900, 100_000])
def test_what_is_nested_too_deep_is_no_answer_and_no_reference(deep):
    assert json_records("[" * deep + "]" * deep, "[1]") == 0
    assert json_records("[1]", "[" * deep + "]" * deep) is None
    assert json_records("9" * 5000, "[1]") == 0


def test_long_lists_are_compared_place_by_place_and_that_is_told():
    wanted = [{"id": n, "name": f"n{n}"} for n in range(2000)]
    assert agreement(wanted[::-1], wanted).f1 == 1  # equal records find each other in any number
    other = [{"id": n, "name": "?"} for n in range(2000)]
    assert MOST < 2000 * 2000
    found = agreement(other, wanted)
    assert (found.f1, found.capped) == (0.5, True)
    assert not agreement(other[:50], wanted[:50]).capped


@pytest.mark.parametrize(
    "text", ["[" * 50_000, '{"a":' * 50_000, "{ " * 50_000, "```\n" * 20_000, "[1," * 30_000, "~~~" * 30_000]
)
def test_noise_is_read_in_a_moment(text):
    started = time.process_time()
    assert json_records(text, '{"a": 1}') == 0
    assert time.process_time() - started < 5


@settings(deadline=None)  # the machine may be busy
@given(texts.json_containers, texts.json_containers)
def test_agreement_is_symmetric_and_whole_only_for_what_is_equal(one, other):
    assert json_records(one, one) == 1
    assert json_records(one, other) == pytest.approx(json_records(other, one))


@settings(deadline=None)  # the machine may be busy
@given(st.lists(st.dictionaries(st.sampled_from("abc"), st.integers(0, 3), min_size=1), max_size=5), st.randoms())
def test_the_order_of_records_does_not_matter(records, shuffle):
    moved = list(records)
    shuffle.shuffle(moved)
    assert agreement(moved, records).f1 == 1


@settings(deadline=None)  # the machine may be busy
@given(texts.json_containers, texts.any_text)
def test_json_is_read_out_of_any_prose_without_brackets(value, prose):
    prose = "".join(c for c in prose if c not in "[]{}`~")
    assert json_records(f"{prose}\n{value}\n{prose}", value) == 1


def test_json_of_tells_that_there_is_none():
    with pytest.raises(ValueError, match="no such JSON"):
        json_of("[1]", {})
    assert json_of('x {"question": "?"} y', {}) == {"question": "?"}
    assert compare("x", "y") is None


def test_a_schema_is_kept_or_how_it_is_broken_is_told():
    schema = {"type": "object", "required": ["item"], "properties": {"amount": {"type": "integer"}}}
    assert breach(f"Here: {ORDER}", schema) is None
    assert breach('{"item": "x", "amount": "3"}', schema) == "$.amount: '3' is not of type 'integer'."
    assert breach("{}", schema) == "$: 'item' is a required property."
    assert breach("none", schema) == "The answer holds no such JSON."
    with pytest.raises(AttuneError, match="no JSON schema"):
        breach("{}", {"type": "thing"})
    inside = {"$defs": {"name": {"type": "string"}}, "properties": {"item": {"$ref": "#/$defs/name"}}}
    assert breach('{"item": 1}', inside) == "$.item: 1 is not of type 'string'."


@pytest.mark.parametrize("place", ["http://127.0.0.1:9/schema.json", "#/$defs/none"])
def test_a_schema_that_refers_elsewhere_is_refused_and_nothing_is_fetched(place):
    with pytest.raises(AttuneError, match="which is not in it"):
        breach('{"item": 1}', {"properties": {"item": {"$ref": place}}})
