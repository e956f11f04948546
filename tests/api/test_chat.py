"""Chat completions of /v1 with the starter, really served."""

from __future__ import annotations

import json
from typing import Any

import openai
import pytest
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from tests.api.conftest import V1, strict

ASKED: list[Any] = [{"role": "user", "content": "Hello, who are you?"}]


def body(**more: Any) -> dict[str, Any]:
    return {"model": "attune-starter", "messages": ASKED, "max_tokens": 12} | more


def streamed(v1: V1, **more: Any) -> list[ChatCompletionChunk]:
    lines = v1.http.post("/chat/completions", json=body(stream=True, **more)).text.split("\n\n")
    assert lines[-2:] == ["data: [DONE]", ""]
    return [strict(ChatCompletionChunk, json.loads(line.removeprefix("data: "))) for line in lines[:-2]]


@pytest.mark.timeout(600)
def test_an_answer_whole_and_in_pieces_is_the_same(v1: V1) -> None:
    whole = strict(ChatCompletion, v1.http.post("/chat/completions", json=body(), timeout=300).json())
    text = whole.choices[0].message.content
    assert text
    assert whole.usage.total_tokens == whole.usage.prompt_tokens + whole.usage.completion_tokens
    pieces = streamed(v1, stream_options={"include_usage": True})
    assert "".join(c.choices[0].delta.content or "" for c in pieces if c.choices) == text
    assert {c.model for c in pieces} == {"attune-starter"}
    assert len({c.id for c in pieces}) == 1
    assert pieces[-1].usage == whole.usage
    assert [c.choices[0].finish_reason for c in pieces if c.choices][-1] == whole.choices[0].finish_reason
    assert not any(c.usage for c in streamed(v1))

    first = text.split()[1]  # an answer ends before a stop text, whole and in pieces
    cut = v1.ada.chat.completions.create(**body(stop=[first]))
    assert (cut.choices[0].message.content, cut.choices[0].finish_reason) == (text.split(first)[0], "stop")
    pieces = streamed(v1, stop=[first], n=2, stream_options={"include_usage": True})
    for index in (0, 1):
        mine = [c.choices[0] for c in pieces if c.choices and c.choices[0].index == index]
        assert "".join(choice.delta.content or "" for choice in mine) == text.split(first)[0]
        assert mine[-1].finish_reason == "stop"
    several = v1.ada.chat.completions.create(**body(n=3))
    assert [choice.message.content for choice in several.choices] == [text] * 3

    with pytest.raises(openai.BadRequestError) as caught:
        v1.ada.chat.completions.create(**body(messages=[{"role": "user", "content": "tea " * 4000}]))
    assert caught.value.code == "context_length_exceeded"
    with pytest.raises(openai.NotFoundError) as missing:
        v1.ada.chat.completions.create(**body(model="gpt-4o-mini"))
    assert missing.value.code == "model_not_found"
