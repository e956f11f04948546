"""openai-python: chat, parse, tools, responses, completions, in pieces and whole."""

from __future__ import annotations

import json
from typing import Any

import openai
import pytest
from pydantic import BaseModel

ASKED: list[Any] = [{"role": "user", "content": "What is the capital of France?"}]
WEATHER: list[Any] = [{"role": "user", "content": "What is the weather in Paris?"}]
SHAPE = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOL: Any = {
    "type": "function",
    "function": {"name": "get_weather", "description": "The weather of a city", "parameters": SHAPE},
}


class Capital(BaseModel):
    country: str
    capital: str


@pytest.fixture
def client() -> openai.OpenAI:
    return openai.OpenAI(max_retries=0, timeout=300)


def test_chat(client: openai.OpenAI, model: str) -> None:
    answer = client.chat.completions.create(model=model, messages=ASKED)
    assert "Paris" in (answer.choices[0].message.content or "")
    with client.chat.completions.stream(model=model, messages=ASKED) as stream:
        assert stream.get_final_completion().choices[0].message.content == answer.choices[0].message.content


def test_parse(client: openai.OpenAI, model: str) -> None:
    answer = client.chat.completions.parse(model=model, messages=ASKED, response_format=Capital)
    found = answer.choices[0].message.parsed
    assert found is not None
    assert "Paris" in found.capital


def test_a_tool_is_called_and_its_result_read(client: openai.OpenAI, model: str) -> None:
    first = client.chat.completions.create(model=model, messages=WEATHER, tools=[TOOL], tool_choice="required")
    (call,) = first.choices[0].message.tool_calls or []
    assert (call.function.name, json.loads(call.function.arguments)) == ("get_weather", {"city": "Paris"})
    result = {"role": "tool", "tool_call_id": call.id, "content": "Sunny, 21 degrees"}
    said = [*WEATHER, first.choices[0].message.model_dump(exclude_none=True), result]
    second = client.chat.completions.create(model=model, messages=said, tools=[TOOL])
    assert "sunny" in (second.choices[0].message.content or "").lower()


def test_responses(client: openai.OpenAI, model: str) -> None:
    asked = "What is the capital of France?"
    assert "Paris" in client.responses.create(model=model, input=asked).output_text
    with client.responses.stream(model=model, input=asked) as stream:
        assert "Paris" in stream.get_final_response().output_text
    parsed = client.responses.parse(model=model, input=asked, text_format=Capital).output_parsed
    assert parsed is not None
    assert "Paris" in parsed.capital


def test_a_tool_of_responses(client: openai.OpenAI, model: str) -> None:
    tool: Any = {"type": "function", "name": "get_weather", "parameters": SHAPE, "strict": False}
    first = client.responses.create(model=model, input=WEATHER, tools=[tool], tool_choice="required")
    (call,) = first.output
    assert call.type == "function_call"
    assert json.loads(call.arguments) == {"city": "Paris"}
    result: Any = {"type": "function_call_output", "call_id": call.call_id, "output": "Sunny, 21 degrees"}
    second = client.responses.create(model=model, input=[*WEATHER, call, result], tools=[tool])
    assert "sunny" in second.output_text.lower()


def test_what_is_kept_elsewhere_is_refused_by_name(client: openai.OpenAI, model: str) -> None:
    with pytest.raises(openai.BadRequestError, match="previous_response_id"):
        client.responses.create(model=model, input="And Spain?", previous_response_id="resp_1")


def test_completions(client: openai.OpenAI, model: str) -> None:
    answer = client.completions.create(model=model, prompt="The capital of France is", max_tokens=4)
    assert "Paris" in answer.choices[0].text
