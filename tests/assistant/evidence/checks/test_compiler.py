"""What the rules read out of briefs: never a wrong check, on two collections of lines as people write them."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.evidence.checks import compiler, thresholds
from assistant.evidence.checks.compiler import compile_brief
from assistant.evidence.checks.thresholds import Threshold
from assistant.record.types import LIST_FIELDS, Brief
from tests.conftest import ROOT

HERE = Path(__file__).parent
LEAST_RECALL = {"brief_sentences": 0.95, "fresh_sentences": 0.8}  # the second was written after the rules


def lines(name: str) -> list[dict[str, Any]]:
    found = tomllib.loads((HERE / f"{name}.toml").read_text(encoding="utf-8"))["line"]
    assert len(found) >= 40
    return list(found)


def brief(field: str, text: str) -> Brief:
    return Brief.from_json({field: [text] if field in LIST_FIELDS else text})


def read(line: dict[str, Any]) -> list[tuple[str, Any]]:
    """Kind and argument of each check of a line, subject and share of each threshold of no check."""
    found = compile_brief(brief(line["field"], line["text"]))
    own = [(one.subject, one.share) for one in found.thresholds if one.subject in thresholds.SUBJECTS]
    return [*((check.kind, check.argument) for check in found.checks), *own]


def wanted(line: dict[str, Any]) -> list[tuple[str, Any]]:
    return [(kind, tuple(value) if isinstance(value, list) else value) for kind, value in line["wants"]]


@pytest.mark.parametrize("name", LEAST_RECALL)
def test_no_check_is_wrong_and_most_are_found(name: str) -> None:
    wrong = [(line["text"], one) for line in lines(name) for one in read(line) if one not in wanted(line)]
    assert not wrong
    every = [(line["text"], one, one in read(line)) for line in lines(name) for one in wanted(line)]
    missed = [(text, one) for text, one, found in every if not found]
    assert len(every) - len(missed) >= LEAST_RECALL[name] * len(every), missed


@pytest.mark.parametrize("name", LEAST_RECALL)
def test_what_gives_no_check_is_listed_with_a_reason(name: str) -> None:
    for line in lines(name):
        found = compile_brief(brief(line["field"], line["text"]))
        if not found.checks and not found.thresholds and line["field"] != "tone":
            assert found.not_checked, line["text"]
        assert all(one.reason.endswith(".") and one.text and one.field == line["field"] for one in found.not_checked)


@given(st.sampled_from(["must", "must_not", "format", "language", "success", "tone"]), st.text(max_size=200))
def test_no_text_breaks_the_rules(field: str, text: str) -> None:
    compile_brief(brief(field, text))


@given(st.sampled_from([line for line in lines("brief_sentences") if not line["wants"]]), st.booleans())
def test_a_trap_stays_one_in_capitals_and_with_blanks(line: dict[str, Any], capitals: bool) -> None:
    text = line["text"].upper() if capitals else f"  {line['text'].replace(' ', '  ')} "
    assert not read({**line, "text": text}) or "OLISH" in text  # the language, if it begins with a capital


@pytest.mark.parametrize(
    "limit",
    [
        "if the customer asks",
        "unless it is urgent",
        "for complaints",
        "when possible",
        "in the first line",
        "wenn möglich",
        "dacă se poate",
        "si es posible",
        "si possible",
    ],
)
@pytest.mark.parametrize(
    "rule", ["Start with 'Hello'", "At most 80 words", "No emoji", "Answer in English", "JSON only", "Say 'thanks'"]
)
def test_a_rule_with_a_limit_is_not_taken_without_it(rule: str, limit: str) -> None:
    assert read({"field": "must", "text": rule})
    for text in (f"{rule} {limit}", f"{rule}, {limit}", f"{limit}, {rule}", f"{rule}. {limit}."):
        assert not read({"field": "must", "text": text}), text


def test_a_language_named_elsewhere_takes_the_certainty() -> None:
    found = compile_brief(Brief(language="English", must=("Repeat the question in German below the answer",)))
    assert not found.checks
    assert [one.reason for one in found.not_checked if one.field == "language"] == [compiler.CONTRADICTS]
    assert compile_brief(Brief(language="English", must=("Say 'German tea'",))).checks[0].argument == "en"


def test_checks_that_cannot_all_be_kept_are_both_left_out() -> None:
    found = compile_brief(Brief(must=("At most 20 words", "At least 50 words", "No emoji"), format="JSON"))
    assert [check.id for check in found.checks] == ["json", "no_emoji"]
    assert {one.text for one in found.not_checked} == {"At most 20 words", "At least 50 words"}


def test_a_share_of_the_answers_is_a_threshold_on_the_check() -> None:
    found = compile_brief(Brief(success="At least 9 in 10 answers are under 80 words"))
    (check,) = found.checks
    assert (check.kind, check.argument, check.share) == ("max_words", 79, 0.9)
    assert found.thresholds == (Threshold("At least 9 in 10 answers are under 80 words", check.id, "at_least", 0.9),)


def test_a_check_named_twice_is_one_and_keeps_its_share() -> None:
    found = compile_brief(Brief(must=("No emoji",), must_not=("emojis",), success="95 % of answers have no emoji"))
    assert [(check.id, check.share) for check in found.checks] == [("no_emoji", 0.95)]


def test_what_most_approved_answers_fail_is_doubtful() -> None:
    compiled = compile_brief(
        Brief(must=("Start with 'Hello'", "No emoji"), success="95 % of answers start with 'Hello'")
    )
    found = compiler.settled(compiled, ["Hi.", "Hi.", "Hello."])
    assert [check.id for check in found.checks] == ["no_emoji"]
    assert [(one.kept, one.told) for one in found.doubtful] == [(1, 3)]
    assert not found.thresholds
    assert compiler.settled(compiled, ["Hi.", "Hello."]) == compiled  # half is not more than half
    assert compiler.settled(compiled, []) == compiled


def test_the_example_that_ships() -> None:
    table = tomllib.loads((ROOT / "data" / "examples" / "teashop" / "case.toml").read_text(encoding="utf-8"))
    found = compile_brief(Brief.from_json(table["brief"]))
    assert [(check.field, check.id) for check in found.checks] == [
        ("language", "language-en"),
        ("must_not", "no_list"),
        ("must_not", "no_emoji"),
        ("must_not", "no_url"),
    ]
    assert [(one.subject, one.bound, one.share) for one in found.thresholds] == [("format", "at_least", 0.95)]
    assert [one.field for one in found.not_checked] == ["format", *["must"] * 3, *["must_not"] * 2, "success"]
    assert found.not_checked[-1].reason == compiler.RIVAL
