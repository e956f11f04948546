"""What clients send to /v1: schemas, tools, log-probabilities, responses, completions; and what is refused."""

from __future__ import annotations

import json
import time
from typing import Any

import openai
import pytest
from openai.types import Completion
from openai.types.chat import ChatCompletion
from openai.types.responses import Response

from tests.assistant.faces.api.conftest import V1, strict
from tests.tinymodel import END

ASKED: list[Any] = [{"role": "user", "content": "Which tea?"}]
SHAPE = {
    "type": "object",
    "properties": {"tea": {"enum": ["green", "black"]}, "cups": {"enum": [1, 2, 3]}},
    "required": ["tea", "cups"],
    "additionalProperties": False,
}
BOX = {
    "type": "object",
    "properties": {"box": {"$ref": "#/$defs/box"}},
    "required": ["box"],
    "$defs": {"box": {"enum": ["small", "large"]}},
}


def tool(name: str, shape: dict[str, Any]) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name, "parameters": shape}}


TOOLS: list[Any] = [tool("order", SHAPE), tool("pack", BOX)]


def ask(v1: V1, **more: Any) -> Any:
    answer = v1.http.post("/chat/completions", json={"model": v1.model, "messages": ASKED, "max_tokens": 60} | more)
    assert answer.status_code == 200, answer.text
    return strict(ChatCompletion, answer.json())


def refused(v1: V1, path: str = "/chat/completions", **more: Any) -> dict[str, Any]:
    usual = {"messages": ASKED} if path == "/chat/completions" else {}
    answer = v1.http.post(path, json={"model": v1.model} | usual | more)
    assert answer.status_code == 400, answer.text
    error: dict[str, Any] = answer.json()["error"]
    return error


def test_an_answer_keeps_a_schema(v1: V1) -> None:
    form = {"type": "json_schema", "json_schema": {"name": "order", "strict": True, "schema": SHAPE}}
    said = json.loads(ask(v1, response_format=form).choices[0].message.content)
    assert set(said) == {"tea", "cups"}
    assert said["tea"] in ("green", "black")
    broken = {"type": "json_schema", "json_schema": {"name": "order", "schema": {"type": "objekt"}}}
    error = refused(v1, response_format=broken)
    assert error["param"] == "response_format"
    assert "objekt" in error["message"]


def test_log_probabilities_come_with_the_tokens(v1: V1) -> None:
    choice = ask(v1, logprobs=True, top_logprobs=2, max_tokens=3).choices[0]
    assert choice.logprobs is not None
    tokens = choice.logprobs.content or []
    assert "".join(token.token for token in tokens) == choice.message.content
    assert all(len(token.top_logprobs) == 2 and token.logprob <= 0 for token in tokens)


def test_a_biased_token_is_all_that_is_written(v1: V1) -> None:
    plain = ask(v1, max_tokens=4).choices[0].message.content
    biased = ask(v1, max_tokens=4, logit_bias={"40": 100}).choices[0].message.content
    assert biased != plain
    assert len(set(biased)) == 1


@pytest.mark.parametrize("choice", ["required", {"type": "function", "function": {"name": "pack"}}])
def test_a_call_that_is_asked_for_is_made(v1: V1, choice: Any) -> None:
    answer = ask(v1, tools=TOOLS, tool_choice=choice).choices[0]
    (call,) = answer.message.tool_calls
    assert answer.finish_reason == "tool_calls"
    assert call.function.name in (("order", "pack") if choice == "required" else ("pack",))
    keys = {"order": {"tea", "cups"}, "pack": {"box"}}[call.function.name]
    assert set(json.loads(call.function.arguments)) == keys
    deltas = []
    for chunk in v1.ada.chat.completions.create(
        model=v1.model, messages=ASKED, tools=TOOLS, tool_choice=choice, stream=True
    ):  # the same in pieces
        deltas += chunk.choices[0].delta.tool_calls or []
    assert (deltas[0].id, deltas[0].function.name) == (deltas[0].id, call.function.name)
    assert "".join(delta.function.arguments or "" for delta in deltas) == call.function.arguments


def test_a_history_of_calls_is_read(v1: V1) -> None:
    call = {"id": "call_1", "type": "function", "function": {"name": "order", "arguments": '{"tea": "green"}'}}
    talk = [
        *ASKED,
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_1", "content": "Ordered."},
    ]
    told = ask(v1, messages=talk, tools=TOOLS, max_tokens=4).usage.prompt_tokens
    silent = ask(
        v1,
        messages=[*ASKED, {"role": "assistant", "content": ""}, {"role": "user", "content": "Ordered."}],
        max_tokens=4,
    ).usage.prompt_tokens
    assert told > silent + 50  # the tools and the call are in the prompt, not left out


@pytest.mark.parametrize(
    ("change", "param", "words"),
    [
        ({"audio": {"voice": "a"}}, "audio", "audio"),
        ({"web_search_options": {"a": 1}}, "web_search_options", "web"),
        ({"tools": [{"type": "web_search"}]}, "tools.0.type", "web_search"),
        ({"tools": TOOLS, "tool_choice": {"type": "function", "function": {"name": "x"}}}, "tool_choice", "among"),
        ({"stop": ["a"] * 5}, "stop", "at most 4"),
        ({"temperature": 3}, "temperature", "less than or equal to 2"),
        ({"messages": [{"role": "usr", "content": "a"}]}, "messages.0.role", "usr"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, "messages.0.content", "image_url"),
        ({"messages": [{"role": "user", "content": None}]}, "messages.0", "no content"),
        ({"response_format": {"type": "grammar"}}, "response_format.type", "grammar"),
        ({"top_logprobs": 2}, "top_logprobs", "logprobs"),
        ({"n": 17}, "n", "16"),
    ],
)
def test_what_cannot_be_done_is_refused_by_name(v1: V1, change: dict[str, Any], param: str, words: str) -> None:
    error = refused(v1, **change)
    assert error["param"] == param
    assert words in error["message"]


def test_what_cannot_fit_is_refused_at_once(v1: V1) -> None:
    for content, most in (("a" * 15_000_000, 5.0), ("tea " * 20_000, 20.0)):
        began = time.monotonic()
        error = refused(v1, messages=[{"role": "user", "content": content}])
        assert (error["code"], error["param"]) == ("context_length_exceeded", "messages")
        assert time.monotonic() - began < most
    many = [{"role": ("user", "assistant")[n % 2], "content": "a"} for n in range(2047)]
    assert refused(v1, messages=[*many, ASKED[0]])["code"] == "context_length_exceeded"
    assert "2048" in refused(v1, messages=[*many, *ASKED, *ASKED])["message"]


def test_responses_whole_and_in_pieces_are_the_same(v1: V1) -> None:
    order: Any = {"model": v1.model, "input": ASKED, "instructions": "Be brief.", "max_output_tokens": 6}
    told = v1.http.post("/responses", json=order).json() | {"created_at": 0.0, "completed_at": None}
    assert told.pop("store") is False  # a field that the SDK's own model has not
    whole = strict(Response, told)
    assert whole.usage is not None
    with v1.ada.responses.stream(**order) as stream:
        events = list(stream)
    last: Any = events[-1]
    assert last.response.output_text == whole.output_text
    assert (last.type, last.response.status) == (f"response.{whole.status}", whole.status)
    assert [event.sequence_number for event in events] == list(range(len(events)))
    asked = v1.ada.chat.completions.create(
        model=v1.model, messages=[{"role": "system", "content": "Be brief."}, *ASKED], max_tokens=6
    )
    assert asked.choices[0].message.content == whole.output_text


def test_responses_keep_a_schema_and_call(v1: V1) -> None:
    form: Any = {"format": {"type": "json_schema", "name": "order", "schema": SHAPE, "strict": True}}
    said = json.loads(v1.ada.responses.create(model=v1.model, input="Tea?", text=form).output_text)
    assert set(said) == {"tea", "cups"}
    function: Any = {"type": "function", "name": "pack", "parameters": BOX, "strict": False}
    first = v1.ada.responses.create(model=v1.model, input="Tea?", tools=[function], tool_choice="required")
    (call,) = first.output
    assert call.type == "function_call"
    assert set(json.loads(call.arguments)) == {"box"}
    talk: Any = [*ASKED, call, {"type": "function_call_output", "call_id": call.call_id, "output": "Packed."}]
    again = v1.ada.responses.create(model=v1.model, input=talk, tools=[function], max_output_tokens=4)
    assert again.usage is not None
    assert first.usage is not None
    assert again.usage.input_tokens > first.usage.input_tokens


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"previous_response_id": "resp_1"}, "previous_response_id"),
        ({"background": True}, "background"),
        ({"conversation": "conv_1"}, "conversation"),
        ({"tools": [{"type": "web_search"}]}, "tools.0.type"),
        ({"reasoning": {"effort": "high"}}, "reasoning"),
        ({"include": ["file_search_call.results"]}, "include.file_search_call.results"),
        ({"input": [{"type": "item_reference", "id": "msg_1"}]}, "input.0.type"),
        ({"truncation": "auto"}, "truncation"),
    ],
)
def test_what_responses_cannot_do_is_refused_by_name(v1: V1, change: dict[str, Any], param: str) -> None:
    assert refused(v1, "/responses", **{"input": "Tea?"} | change)["param"] == param


def test_completions_go_on_where_prompts_end(v1: V1) -> None:
    order: Any = {
        "model": v1.model,
        "prompt": ["Green tea", "Black tea"],
        "max_tokens": 3,
        "n": 2,
        "logprobs": 1,
        "logit_bias": {str(END): -100},
    }
    whole = strict(Completion, v1.http.post("/completions", json=order).json())
    assert [choice.index for choice in whole.choices] == [0, 1, 2, 3]
    assert whole.choices[0].text == whole.choices[1].text != whole.choices[2].text
    assert whole.usage is not None
    assert whole.usage.completion_tokens == 12
    assert whole.choices[0].logprobs is not None
    assert "".join(whole.choices[0].logprobs.tokens or []) == whole.choices[0].text
    pieces = list(
        v1.ada.completions.create(
            model=v1.model, prompt="Green tea", max_tokens=3, stream=True, logit_bias={str(END): -100}
        )
    )
    assert "".join(piece.choices[0].text for piece in pieces) == whole.choices[0].text
    numbers = v1.ada.completions.create(model=v1.model, prompt=[5, 6, 7], max_tokens=2)
    assert numbers.usage is not None
    assert numbers.usage.prompt_tokens == 3
    for change in ({"suffix": "x"}, {"echo": True}, {"best_of": 2}):
        assert refused(v1, "/completions", prompt="a", **change)["param"] == next(iter(change))


def test_no_response_is_kept(v1: V1) -> None:
    with pytest.raises(openai.NotFoundError, match="Nothing is kept"):
        v1.ada.responses.retrieve("resp_1")
