"""Chat completions of /v1 with a local model, really served, and with a server of somebody else's on loopback."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from assistant.record.types import Case, Variant
from assistant.stages import switch
from tests.assistant.faces.api.conftest import V1, opened, strict
from tests.loopback import Answer, Loopback
from tests.tools.conftest import wait_for

ASKED: list[Any] = [{"role": "user", "content": "Hello, who are you?"}]


def body(**more: Any) -> dict[str, Any]:
    return {"model": os.environ["ATTUNE_CHAT_MODEL"], "messages": ASKED, "max_tokens": 12} | more


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory, endless: Path) -> Iterator[V1]:
    """A server whose model goes on to its limit: nobody comes too late for the middle of an answer."""
    with opened(tmp_path_factory.mktemp("lasting"), chat_model=str(endless)) as found:
        yield found


def long(v1: V1) -> dict[str, Any]:
    return body(model=v1.model, stream=True, max_tokens=1800, n=16)


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
    assert {c.model for c in pieces} == {v1.model}
    assert len({c.id for c in pieces}) == 1
    assert pieces[-1].usage is not None
    assert pieces[-1].usage.completion_tokens == whole.usage.completion_tokens
    assert pieces[-1].usage.total_tokens == whole.usage.total_tokens
    assert [c.choices[0].finish_reason for c in pieces if c.choices][-1] == whole.choices[0].finish_reason
    assert not any(c.usage for c in streamed(v1))

    first = text.split()[1]  # an answer ends before a stop text, whole and in pieces
    cut = v1.ada.chat.completions.create(**body(stop=[first]))
    assert (cut.choices[0].message.content, cut.choices[0].finish_reason) == (text.split(first)[0], "stop")
    assert cut.usage is not None
    assert cut.usage.completion_tokens < whole.usage.completion_tokens
    pieces = streamed(v1, stop=[first], n=2, stream_options={"include_usage": True})
    for index in (0, 1):
        mine = [c.choices[0] for c in pieces if c.choices and c.choices[0].index == index]
        assert "".join(choice.delta.content or "" for choice in mine) == text.split(first)[0]
        assert mine[-1].finish_reason == "stop"
    several = v1.ada.chat.completions.create(**body(n=3))
    assert [choice.message.content for choice in several.choices] == [text] * 3
    assert several.usage is not None
    assert several.usage.completion_tokens == 3 * whole.usage.completion_tokens
    assert several.usage.prompt_tokens == whole.usage.prompt_tokens

    with pytest.raises(openai.BadRequestError) as caught:
        v1.ada.chat.completions.create(**body(messages=[{"role": "user", "content": "tea " * 4000}]))
    assert caught.value.code == "context_length_exceeded"
    with pytest.raises(openai.NotFoundError) as missing:
        v1.ada.chat.completions.create(**body(model="gpt-4o-mini"))
    assert missing.value.code == "model_not_found"


def test_whoever_leaves_in_the_middle_frees_the_place(lasting: V1) -> None:
    v1 = lasting
    with v1.http.stream("POST", "/chat/completions", json=long(v1)) as answer:
        pieces = answer.iter_raw()  # held: one that is dropped closes the connection
        assert b"data:" in next(pieces)
        assert v1.limits.writing() == 16
        assert writes(v1)
    wait_for(lambda: v1.limits.writing() == 0, 20)
    wait_for(lambda: not writes(v1), 20)  # nor does the engine go on


@pytest.mark.timeout(600)
def test_a_server_that_dies_in_the_middle_is_told_and_started_again(lasting: V1) -> None:
    v1 = lasting
    with v1.http.stream("POST", "/chat/completions", json=long(v1)) as answer:
        pieces = answer.iter_raw()
        first = next(pieces)
        pool = v1.bench.chat.models.pool
        assert pool is not None
        server = pool.running(f"{v1.model}/model.gguf")
        assert server is not None
        assert server.process is not None
        server.process.kill()
        told = (first + b"".join(pieces)).split(b"\n\n")
    assert json.loads(told[-2].removeprefix(b"data: "))["error"]["code"] == "engine_failed"
    again = v1.ada.chat.completions.create(**body(model=v1.model))
    assert again.choices[0].message.content


def writes(v1: V1) -> bool:
    """Whether the engine is writing any answer."""
    pool = v1.bench.chat.models.pool
    assert pool is not None
    server = pool.running(f"{v1.model}/model.gguf")
    assert server is not None
    slots = httpx.get(f"{server.base_url.removesuffix('/v1')}/slots", headers={"Authorization": f"Bearer {server.key}"})
    return any(slot["is_processing"] for slot in slots.json())


class Far(Loopback):
    """A server of somebody else's. `asked`: the bodies that came; `events`: what it sends before its end."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[dict[str, Any]] = []
        self.refuses: dict[str, str] = {}  # option -> what it says of it
        self.events: list[Any] = []

    def answer(self, path: str, body: Any) -> Answer | None:  # noqa: ARG002
        self.asked.append(body)
        if said := next((text for name, text in self.refuses.items() if name in body), ""):
            return Answer(400, json.dumps({"error": {"message": said}}).encode())
        end = [
            {"choices": [{"index": 0, "delta": {"content": "Far."}}]},
            {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
        ]
        lines = [f"data: {json.dumps(event)}\n\n" for event in (*self.events, *end)]
        return Answer(200, "".join([*lines, "data: [DONE]\n\n"]).encode(), "text/event-stream")


@pytest.fixture
def far(tmp_path: Path) -> Iterator[tuple[V1, Far]]:
    with Far() as server, opened(tmp_path, chat_base_url=server.url, chat_model="far-1") as v1:
        yield v1, server


ODD = {
    "no count": {"choices": [], "usage": {"prompt_tokens": 3}},
    "no choices": {"choices": None, "usage": None},
    "no delta": {"choices": [{"index": 0, "delta": None}, None]},
    "null": None,
    "no object": {"choices": ["x"], "usage": [1]},
}


@pytest.mark.parametrize("odd", ODD)
def test_an_unexpected_event_of_another_server_changes_nothing(far: tuple[V1, Far], odd: str) -> None:
    v1, server = far
    server.events = [ODD[odd]]
    answer = v1.http.post("/chat/completions", json=body(model="far-1", stream=True), timeout=20)
    assert answer.text.endswith("data: [DONE]\n\n")
    whole = v1.ada.chat.completions.create(**body(model="far-1"), timeout=20)
    assert (whole.choices[0].message.content, whole.choices[0].finish_reason) == ("Far.", "stop")
    wait_for(lambda: v1.limits.writing() == 0, 20)


def test_an_event_that_cannot_be_passed_on_breaks_the_answer_off(
    far: tuple[V1, Far], caplog: pytest.LogCaptureFixture
) -> None:
    v1, server = far
    server.events = [{"choices": [{"index": 0, "delta": {"content": "\ud800"}}]}]  # no bytes stand for half a character
    told = v1.http.post("/chat/completions", json=body(model="far-1", stream=True), timeout=20).text.split("\n\n")
    assert json.loads(told[-2].removeprefix("data: "))["error"]["code"] == "engine_failed"
    assert "an answer broke off" in caplog.text
    wait_for(lambda: v1.limits.writing() == 0, 20)


def test_another_server_gets_the_limit_and_the_temperature_that_the_request_leaves_out(far: tuple[V1, Far]) -> None:
    v1, server = far
    store = v1.bench.store
    store.add_case(Case("shop", "Shop", owner="ada"))
    store.add_variant(Variant("shop", "warm", "chat", "far-1", "", temperature=0.7, max_tokens=90, id="v-warm"))
    switch.run(store, "shop", "warm", force=True)
    ask = v1.ada.chat.completions.create
    ask(model="far-1", messages=ASKED)
    ask(model="attune:shop", messages=ASKED)
    ask(model="far-1", messages=ASKED, max_completion_tokens=5, temperature=0.25)
    names = ("max_tokens", "max_completion_tokens", "temperature")
    assert [tuple(sent.get(name) for name in names) for sent in server.asked] == [
        (1024, None, 0.0),
        (90, None, 0.7),
        (None, 5, 0.25),
    ]


def test_an_option_that_nobody_asked_for_is_left_out_where_it_is_refused(far: tuple[V1, Far]) -> None:
    v1, server = far
    server.refuses = {
        "max_tokens": "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.",
        "temperature": "Unsupported value: 'temperature' does not support 0.0 with this model.",
        "stream_options": "Unknown field stream_options.",
    }
    ask = v1.ada.chat.completions.create
    for requests in (4, 1):  # it is asked once, and known from then on
        server.asked.clear()
        assert ask(model="far-1", messages=ASKED).choices[0].message.content == "Far."
        assert len(server.asked) == requests
    assert set(server.asked[-1]) == {"model", "messages", "stream", "max_completion_tokens"}
    with pytest.raises(openai.BadRequestError, match="temperature"):
        ask(model="far-1", messages=ASKED, temperature=0.5)
    assert httpx.get(f"{v1.url}/models", headers={"Authorization": f"Bearer {v1.ada.api_key}"}).is_success
