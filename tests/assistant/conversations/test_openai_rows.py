"""Rows of training files: what OpenAI's format has is read, and anything else is refused by its own reason and line."""

from __future__ import annotations

import json
from typing import Any

import pytest

from assistant.conversations.formats import openai_rows
from assistant.errors import AttuneError

ASKED = {"role": "user", "content": "q"}
SAID = {"role": "assistant", "content": "a"}


def read(*messages: Any, **more: Any) -> list[dict[str, Any]]:
    """The row with these messages, as it is trained on; it stands in line 2."""
    good = json.dumps({"messages": [ASKED, SAID]})
    row = json.dumps({"messages": messages, **more})
    return openai_rows.conversations(f"{good}\n{row}\n".encode(), "f.jsonl", 2)[1]


@pytest.mark.parametrize(
    ("messages", "kept"),
    [
        (
            [ASKED, {"role": "assistant", "content": None, "refusal": "I cannot."}],
            [ASKED, {"role": "assistant", "content": "I cannot."}],
        ),
        ([ASKED, SAID | {"refusal": None, "tool_calls": None, "function_call": None, "weight": None}], [ASKED, SAID]),
        ([ASKED | {"name": "ann"}, SAID], [ASKED | {"name": "ann"}, SAID]),
        ([{"role": "developer", "content": "s"}, ASKED, SAID], [{"role": "system", "content": "s"}, ASKED, SAID]),
        ([SAID, ASKED, SAID], [SAID, ASKED, SAID]),
        ([ASKED, SAID | {"weight": 0}, ASKED, SAID | {"weight": 1.0}], [ASKED, SAID | {"weight": 0}, ASKED, SAID]),
        ([{"role": "user", "content": [{"type": "text", "text": "q"}]}, SAID], [ASKED, SAID]),
    ],
)
def test_what_the_format_has_is_read(messages: list[Any], kept: list[Any]) -> None:
    assert read(*messages) == kept


@pytest.mark.parametrize(
    ("messages", "reason"),
    [
        ([ASKED, {"role": "assistant", "content": None}, ASKED, SAID], "the assistant message has no content"),
        ([ASKED, SAID | {"refusal": "I cannot."}], "both content and a refusal"),
        ([ASKED, SAID | {"reasoning_content": "hm"}], '"reasoning_content", which is not trained on'),
        (
            [
                {"role": "user", "content": [{"type": "text", "text": "q"}, {"type": "image_url", "image_url": {}}]},
                SAID,
            ],
            "a part of the type image_url, and text alone is trained on",
        ),
        ([{"role": "user", "content": 7}, SAID], "the content of the user message is not text"),
        ([{"role": "User", "content": "q"}, SAID], 'the role "User" is not one of'),
        ([ASKED | {"weight": 0}, SAID], '"weight" is not 0 or 1 of an assistant message'),
        ([ASKED, SAID | {"weight": 0.5}], '"weight" is not 0 or 1 of an assistant message'),
        ([ASKED, SAID | {"weight": 0}], "there is nothing to learn"),
        ([ASKED, SAID, ASKED], "the last message is not from the assistant"),
        ([SAID], "there is nothing before the answer"),
    ],
)
def test_what_it_has_not_is_refused_by_its_reason_and_line(messages: list[Any], reason: str) -> None:
    with pytest.raises(AttuneError, match=r"f\.jsonl, line 2: ") as caught:
        read(*messages)
    assert reason in caught.value.sentence
