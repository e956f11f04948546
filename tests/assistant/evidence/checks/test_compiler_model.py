"""What is taken of a model's proposals, and what is not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from assistant.evidence.checks.assertion import TAKES, make
from assistant.evidence.checks.compiled import Compiled, NotChecked
from assistant.evidence.checks.compiler_model import KINDS, prompt, propose

LINES = (
    NotChecked("format", "Each answer opens with the words Hello friend, then the fact", "-"),
    NotChecked("must", "Try to stay below eighty words", "-"),
    NotChecked("must_not", "Little pictures such as emojis look silly", "-"),
    NotChecked("must", "Be kind", "-"),
)
BRIEF = Compiled((make("json"),), (), LINES)
GOOD = ["Hello friend, it is £3.", "Hello friend, yes."]


def said(*rows: Any) -> str:
    return json.dumps({"checks": rows})


def row(line: Any, kind: Any, argument: Any = "") -> dict[str, Any]:
    return {"line": line, "kind": kind, "argument": argument}


def proposed(reply: str, approved: list[str] = GOOD) -> Compiled:
    return propose(BRIEF, approved, lambda _: reply)


def test_what_the_lines_say_is_taken_and_no_longer_left_over() -> None:
    reply = said(row(1, "starts_with", "Hello friend"), row(2, "max_words", 79), row(3, "no_emoji"))
    found = proposed(f"Here you are:\n```json\n{reply}\n```")
    assert [check.id for check in found.checks[1:]] == [
        make("starts_with", "Hello friend").id,
        "max_words-79",
        "no_emoji",
    ]
    assert [check.field for check in found.checks[1:]] == ["format", "must", "must_not"]
    assert found.not_checked == LINES[3:]


@pytest.mark.parametrize(
    "bad",
    [
        row(1, "starts_with", "Hello stranger"),
        row(2, "max_words", 60),
        row(2, "max_words", "many"),
        row(4, "language", "English"),
        row(4, "no_emoji"),
        row(4, "kindness", "very"),
        row(9, "json"),
        row(0, "json"),
        row("1", "json"),
        row(1, ["starts_with"], "Hello friend"),
        row(1, "pattern", "Hello friend"),
        row(1, "starts_with", {"text": "Hello friend"}),
        "start with Hello friend",
        None,
    ],
)
def test_what_the_line_does_not_say_is_not_taken(bad: Any) -> None:
    assert proposed(said(bad)) == BRIEF


@pytest.mark.parametrize(
    "reply", ["", "no", "{", "[]", '{"checks": 3}', '{"check": []}', "}{", '{"checks": ' + "[" * 9999]
)
def test_a_reply_that_cannot_be_read_adds_nothing(reply: str) -> None:
    assert proposed(reply) == BRIEF


def test_one_that_most_approved_answers_fail_is_doubtful_and_its_line_stays_left_over() -> None:
    found = proposed(said(row(1, "starts_with", "Hello friend")), ["Hi.", "Hi.", "Hello friend!"])
    assert found.checks == BRIEF.checks
    assert [(one.check.argument, one.kept, one.told) for one in found.doubtful] == [("Hello friend", 1, 3)]
    assert found.not_checked == LINES


def test_what_the_case_has_is_not_proposed_again() -> None:
    lines = (NotChecked("must", "JSON wherever you can", "-"),)
    brief = Compiled(BRIEF.checks, (), lines)
    assert propose(brief, [], lambda _: said(row(1, "json"))) == brief


def test_nothing_left_over_asks_nobody() -> None:
    def nobody(_: str) -> str:
        raise AssertionError("asked")

    done = Compiled(BRIEF.checks)
    assert propose(done, GOOD, nobody) == done


def test_the_prompt_has_every_line_and_kind() -> None:
    text = prompt(LINES)
    assert all(line.text in text for line in LINES)
    assert all(f"- {kind}: " in text for kind in KINDS)
    assert set(TAKES) - set(KINDS) == {"pattern", "not_pattern", "json_schema"}
    assert "{" not in text.replace('{"checks": [{"line"', "")
