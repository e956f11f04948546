"""Chat completions of /v1 with the starter, really served."""

from __future__ import annotations

import json
from typing import Any

import openai
import pytest
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from tests.api.conftest import V1, strict
from tests.tools.conftest import wait_for

ASKED: list[Any] = [{"role": "user", "content": "Hello, who are you?"}]
LONG: dict[str, Any] = {  # a very small model that copies what repeats does not find the end
    "messages": [{"role": "user", "content": "Repeat this to the letter: " + "1234567890" * 10}],
    "stream": True, "max_tokens": 1000, "n": 16,
}  # fmt: skip


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


def test_whoever_leaves_in_the_middle_frees_the_place(v1: V1) -> None:
    with v1.http.stream("POST", "/chat/completions", json=body(**LONG)) as answer:
        assert b"data:" in next(answer.iter_raw())
        assert v1.limits.writing() == 16
    wait_for(lambda: v1.limits.writing() == 0, 20)


@pytest.mark.timeout(600)
def test_a_server_that_dies_in_the_middle_is_told_and_started_again(v1: V1) -> None:
    pool = v1.bench.chat._pool
    assert pool is not None
    (server,) = [one for (model, heat), one in pool._servers.items() if model.endswith("starter") and heat == 0]
    assert server._process is not None
    with v1.http.stream("POST", "/chat/completions", json=body(**LONG)) as answer:
        pieces = answer.iter_raw()
        first = next(pieces)
        server._process.kill()
        told = (first + b"".join(pieces)).split(b"\n\n")
    assert json.loads(told[-2].removeprefix(b"data: "))["error"]["code"] == "engine_failed"
    again = v1.ada.chat.completions.create(**body())
    assert again.choices[0].message.content
