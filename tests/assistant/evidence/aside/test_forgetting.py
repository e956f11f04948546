"""The probe of general abilities: its questions can be checked, and of two models is told what they answered."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from assistant.evidence.aside import forgetting
from assistant.record.types import Variant
from assistant.workbench import Workbench
from tests.assistant import material
from tests.loopback import Answer, Loopback


class Model(Loopback):
    """An OpenAI-compatible server of two models: "base" answers from a list, "tuned" says the same to everything."""

    def __init__(self, known: dict[str, str]) -> None:
        super().__init__()
        self.known = known
        self.asked: list[dict[str, Any]] = []

    def answer(self, path: str, body: Any) -> Answer | None:  # noqa: ARG002
        self.asked.append(body)
        if body["model"] == "broken":
            return Answer(400, b'{"error": {"message": "out of order"}}')
        text = self.known[body["messages"][-1]["content"]] if body["model"] == "base" else "Hello! Thank you."
        chunk = (
            '{"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [{"index": 0, '
            f'"delta": {{"content": "{text}"}}, "finish_reason": "stop"}}]}}'
        )
        return Answer(200, f"data: {chunk}\n\ndata: [DONE]\n\n".encode(), "text/event-stream")


@contextmanager
def asked(tmp_path: Path, known: dict[str, str]) -> Iterator[tuple[Model, Workbench]]:
    with Model(known) as server:
        settings, store = material.new_case(tmp_path, chat_base_url=server.url, chat_model="base")
        bench = material.opened(settings, store)
        yield server, bench
        bench.close()


def model(name: str) -> Variant:
    return Variant("plants", name, "chat", name, "Answer as a gardener.")


RIGHT = {  # of the questions with a pattern: one right answer and one that is not
    "Which letter": ("It begins with b.", "It begins with a."),
    "Answer with one word": ("Dog.", "The dog barks."),
    "Answer with a number": ("4", "A cat has four legs"),
    "is ice cold": ("Yes.", "Yes, it is."),
    "can a fish": ("no", "No, it cannot."),
    "Say the word": ("Hello!", "Hello, how are you?"),
    "Repeat this word": ("TREE", "tree"),
    "Name three": ("red, green and blue", "red green blue"),
    "Write the numbers": ("1, 2, 3, 4, 5", "5, 4, 3, 2, 1"),
}


def test_every_question_has_an_answer_that_is_not_in_the_question() -> None:
    found = forgetting.probe()
    assert len(found) == 60
    assert len({one.question for one in found}) == len(found)
    for one in found:
        assert bool(one.answers) != bool(one.pattern), one
        assert not one.right(one.question), one
        assert not one.right(""), one
        assert not one.right("I cannot help with that."), one
        assert all(one.right(f'It is "{answer}".') for answer in one.answers), one


def test_each_pattern_tells_right_from_wrong() -> None:
    patterns = [one for one in forgetting.probe() if one.pattern]
    assert len(patterns) == len(RIGHT)
    for begin, (right, wrong) in RIGHT.items():
        (one,) = [one for one in patterns if begin in one.question]
        assert one.right(right), one
        assert not one.right(wrong), one


def test_no_constant_answers_much() -> None:
    found = forgetting.probe()
    texts = {answer for one in found for answer in one.answers} | {right for right, _ in RIGHT.values()}
    assert max(sum(one.right(text) for one in found) for text in texts) <= 3


@pytest.mark.parametrize(
    ("answer", "text", "right"),
    [
        ("5", "The answer is 5.", True),
        ("5", "It is 15.", False),
        ("5", "It is 5.2.", False),
        ("5", "It is 1.5", False),
        ("five", "FIVE", True),
        ("cat", "a caterpillar", False),
        ("forty-two", "It is forty-two!", True),
        ("Roma", "è Roma.", True),
    ],
)
def test_an_answer_stands_as_words_of_its_own(answer: str, text: str, right: bool) -> None:
    assert forgetting.Ability("x", "?", (answer,)).right(text) is right


def test_what_a_model_forgot_is_told_with_its_interval(tmp_path: Path) -> None:
    known = {one.question: (one.answers or ("nothing",))[0] for one in forgetting.probe()}
    said: list[tuple[str, float]] = []
    with asked(tmp_path, known) as (server, bench):
        found = forgetting.measure(bench.chat, model("base"), model("tuned"), lambda *told: said.append(told))
    with_answers = sum(bool(one.answers) for one in forgetting.probe())
    assert (found["of"], found["before"]) == (60, with_answers)
    assert found["after"] == sum(one.right("Hello! Thank you.") for one in forgetting.probe())
    assert found["low"] <= found["difference"] <= found["high"] < 0
    assert found["sentence"].startswith(f"General abilities: {with_answers} of 60 before, {found['after']} of 60 after")
    assert "forgotten" in found["sentence"]
    assert sum(of for of, _, _ in found["abilities"].values()) == 60
    assert all([m["role"] for m in body["messages"]] == ["user"] for body in server.asked)  # no instruction
    assert {body["max_tokens"] for body in server.asked} == {forgetting.LONGEST}
    assert said[-1][1] == 1.0
    assert sorted(fraction for _, fraction in said) == [fraction for _, fraction in said]


def test_a_model_that_cannot_be_asked_is_no_forgetting(tmp_path: Path) -> None:
    known = {one.question: "?" for one in forgetting.probe()}
    with asked(tmp_path, known) as (_, bench):
        found = forgetting.measure(bench.chat, model("base"), model("broken"), lambda *_: None)
    assert found["of"] == 0
    assert "could not be measured" in found["sentence"]
    assert "out of order" in found["sentence"]


def test_the_interval_is_that_of_the_paper() -> None:
    """Bonett and Price's adjusted Wald interval: of 60 pairs 12 lost and 3 won, worked out by hand."""
    before = [True] * 12 + [False] * 3 + [True] * 20 + [False] * 25
    after = [False] * 12 + [True] * 3 + [True] * 20 + [False] * 25
    found = forgetting.compared(before, after)
    # (4 - 13) / 62 -+ 1.96 * sqrt((17 / 62 - (9 / 62) ** 2) / 62)
    assert (found["difference"], found["low"], found["high"]) == (-15.0, -27.0, -2.0)


def test_the_interval_has_a_width_where_nothing_changed() -> None:
    found = forgetting.compared([True] * 30 + [False] * 30, [True] * 30 + [False] * 30)
    assert found["difference"] == 0
    assert found["low"] < 0 < found["high"]
    assert "no loss is proved" in forgetting.sentence(found)
