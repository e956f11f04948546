"""What each kind of check asks, of answers as models write them."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.errors import AttuneError
from assistant.evidence.checks import assertion
from assistant.evidence.checks.assertion import TAKES, BriefCheck, describe, from_json, holds, make

SCHEMA = {"type": "object", "required": ["price"], "properties": {"price": {"type": "number"}}}


@pytest.mark.parametrize(
    ("kind", "argument", "answer", "kept"),
    [
        ("contains", "kind regards", "Yes.\nKind  Regards,\nAda", True),
        ("contains", "I'm sorry", "I’m sorry to hear that.", True),
        ("contains", "RET30", "Use RET301.", False),
        ("contains", ["RET30", "SORRY"], "Use SORRY.", True),
        ("contains", "free", "Freedom of choice", False),
        ("contains", "茶", "我们有绿茶和红茶。", True),  # no spaces: any place is a word
        ("not_contains", "unfortunately", "Unfortunately, no.", False),
        ("not_contains", "unfortunate", "Unfortunately, no.", True),
        ("not_contains", "!", "Hello!", False),
        ("not_contains", ["cheap", "free"], "It is free.", False),
        ("starts_with", "Hello", "  \n**Hello**", False),
        ("starts_with", "Hello", "\n hello there", True),
        ("starts_with", ["Hi", "Hello"], "Hi Ada", True),
        ("starts_with", "Hi", "Hint: no", False),
        ("not_starts_with", "As an AI", "As an AI, I cannot.", False),
        ("ends_with", "Warmly, Ada", "Yes.\nWarmly, Ada.\n", True),
        ("ends_with", "Ada", "Bye, Canada", False),
        ("ends_with", "?", "Anything else?", True),
        ("ends_with", ".", "Yes.", True),
        ("not_ends_with", "MfG", "Danke. MfG", False),
        ("pattern", r"^Next step: \w+", "Yes.\nNext step: call us", True),
        ("not_pattern", r"\d{4,}", "Call 12345", False),
        ("max_words", 3, "Fern & Kettle is open", False),
        ("max_words", 4, "Fern & Kettle is open", True),
        ("min_words", 5, "我们有绿茶。", True),
        ("max_sentences", 1, "Dr. Smith pays £3.50 e.g. by card.", True),
        ("max_sentences", 2, "One. Two! Three?", False),
        ("min_sentences", 2, "One. Two!", True),
        ("max_characters", 5, "naïve", True),
        ("max_characters", 1, "👩‍👩‍👧", True),
        ("max_lines", 2, "One\n\nTwo\n", True),
        ("min_paragraphs", 2, "One\nstill one\n\nTwo", True),
        ("json", "", ' {"a": [1]} ', True),
        ("json", "", '```json\n{"a": 1}\n```', False),
        ("json", "", '{"a": NaN}', False),
        ("json", "", "[" * 100_000, False),
        ("json_schema", SCHEMA, '{"price": 3}', True),
        ("json_schema", SCHEMA, '{"price": "3"}', False),
        ("json_schema", SCHEMA, "three", False),
        ("one_of", ["billing", "delivery"], " Billing.", True),
        ("one_of", ["billing", "delivery"], "It is billing", False),
        ("one_of", ["1", "0"], "-1", False),
        ("one_of", ["👍", "?"], "👎", False),
        ("no_url", "", "See www.fern.shop", False),
        ("no_url", "", "See fern-kettle.co.uk/help", False),
        ("no_url", "", "Write to ada@fern.com", True),
        ("no_url", "", "It is 3.50, e.g. in the U.S. or at No.5", True),
        ("has_url", "", "[here](/help)", True),
        ("no_list", "", "- one\n- two", False),
        ("no_list", "", "1. one\n2. two", False),
        ("no_list", "", "The price - a fair one - is £3.\n- Ada", True),
        ("no_bullets", "", "1. one\n2. two", True),
        ("has_list", "", "• one\n• two", True),
        ("no_emoji", "", "Great 😊", False),
        ("no_emoji", "", "❤️", False),
        ("no_emoji", "", "1 © 2026 Fern™ → 5 * 3 # :-)", True),
        ("no_markdown", "", "**Yes**", False),
        ("no_markdown", "", "| a | b |", False),
        ("no_markdown", "", "- 5 * 3 * 2 and snake_case_name", True),
    ],
)
def test_what_an_answer_keeps(kind: str, argument: object, answer: str, kept: bool) -> None:
    assert holds(make(kind, argument), answer) is kept


def test_what_cannot_be_told_is_neither() -> None:
    assert holds(make("max_words", 3), "สวัสดีครับผมชื่ออาดา") is None  # Thai has no spaces between words
    assert holds(make("max_words", 30), "สวัสดีครับผมชื่ออาดา") is True
    assert holds(make("max_sentences", 2), "We are open. Come in.\nWarmly\nAda") is None  # are two lines sentences?
    assert holds(make("max_sentences", 1), "We are open. Come in.\nWarmly") is False
    assert holds(make("language", "de"), "Ja, gern.") is None


def test_a_pattern_that_would_run_for_ever_is_given_up() -> None:
    before = time.monotonic()
    assert holds(make("pattern", r"(a|aa|a?b?)+$"), "a" * 40 + "!") in (None, False)
    assert holds(make("pattern", r"^(\w+\s?)*$"), "word " * 30 + "!") in (None, False)
    schema = {"type": "string", "pattern": r"^(\w+\s?)*$"}
    assert holds(make("json_schema", schema), '"' + "word " * 30 + '!"') in (None, False)
    assert time.monotonic() - before < 60  # on a machine that is busy with other work; without the limit it is hours


@pytest.mark.parametrize(
    ("kind", "argument"),
    [
        ("contain", "x"),
        ("contains", ""),
        ("contains", 3),
        ("contains", []),
        ("max_words", 0),
        ("max_words", "many"),
        ("max_words", True),
        ("max_words", 10**9),
        ("json", "please"),
        ("language", "Klingon"),
        ("one_of", ["only"]),
        ("pattern", "("),
        ("pattern", "a" * 5000),
        ("json_schema", "no"),
        ("json_schema", {"type": "no such type"}),
        ("json_schema", {"$ref": "http://example.org/schema.json"}),
        ("json_schema", {"properties": {"a": {"pattern": "("}}}),
        ("json_schema", {"patternProperties": {"(a+)+$": {}}}),
    ],
)
def test_what_is_no_check_is_said(kind: str, argument: object) -> None:
    with pytest.raises(AttuneError) as refused:
        make(kind, argument)
    assert refused.value.sentence.endswith(".")
    assert refused.value.remedy


@pytest.mark.parametrize("share", [0, -0.1, 1.5, "much", True])
def test_a_share_is_above_0_and_at_most_1(share: object) -> None:
    with pytest.raises(AttuneError):
        make("json", share=share)


def test_a_check_reads_as_a_sentence() -> None:
    shown = {
        describe(make("contains", "Kind regards")): 'contains "Kind regards"',
        describe(make("not_contains", ["a", "b", "c"])): 'never says "a", "b" or "c"',
        describe(make("max_words", "80")): "has at most 80 words",
        describe(make("min_sentences", 1)): "has at least 1 sentence",
        describe(make("language", "Deutsch")): "is in German",
        describe(make("one_of", ["x", "y"])): 'is one of "x" or "y"',
    }
    assert all(found == wanted for found, wanted in shown.items())


_EXAMPLES = {"language": "en", "one_of": ["a", "b"], "json_schema": SCHEMA, "pattern": "a+", "not_pattern": "a+"}


def _any_of(kind: str) -> BriefCheck:
    numbers = kind.startswith(("max_", "min_"))
    return make(kind, _EXAMPLES.get(kind, 7 if numbers else "some words" if TAKES[kind] else ""))


@pytest.mark.parametrize("kind", TAKES)
def test_every_kind_reads_and_answers_and_comes_back(kind: str) -> None:
    check = _any_of(kind)
    assert describe(check)
    assert from_json(check.to_json()) == check
    assert holds(check, "") in (True, False, None)


@given(st.text())
def test_no_answer_breaks_a_check(answer: str) -> None:
    for kind in TAKES:
        if kind != "language":  # its model is read once, in tests of its own
            assert holds(_any_of(kind), answer) in (True, False, None)


@given(st.text(min_size=1).filter(lambda text: text.strip()), st.sampled_from(sorted(assertion.SEVERAL - {"one_of"})))
def test_a_text_keeps_what_it_consists_of(text: str, kind: str) -> None:
    """Of any text it is true that it contains, starts and ends with itself."""
    assert holds(make(kind, text[:2000]), text[:2000]) is not kind.startswith("not_")


@given(st.text(), st.integers(1, 50))
def test_at_most_and_at_least_agree(answer: str, limit: int) -> None:
    """More than the limit is at least one more; and never are both kept."""
    for unit in ("words", "sentences", "characters", "lines", "paragraphs"):
        most, more = holds(make(f"max_{unit}", limit), answer), holds(make(f"min_{unit}", limit + 1), answer)
        assert (most is None) == (more is None)
        assert most is None or most is not more
