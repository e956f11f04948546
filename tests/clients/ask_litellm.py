"""litellm: chat, structured output, tools, as an OpenAI-compatible provider."""

from __future__ import annotations

import json
from typing import Any

import litellm
from pydantic import BaseModel

ASKED = [{"role": "user", "content": "What is the capital of France?"}]


class Capital(BaseModel):
    country: str
    capital: str


def ask(model: str, url: str, **more: Any) -> Any:
    return litellm.completion(model=f"openai/{model}", api_base=url, messages=ASKED, timeout=300, **more)


def test_chat(model: str, url: str) -> None:
    assert "Paris" in ask(model, url).choices[0].message.content
    assert "Paris" in "".join(chunk.choices[0].delta.content or "" for chunk in ask(model, url, stream=True))


def test_structured_output(model: str, url: str) -> None:
    answer = ask(model, url, response_format=Capital)
    assert Capital.model_validate_json(answer.choices[0].message.content).capital == "Paris"


def test_a_tool(model: str, url: str) -> None:
    shape = {"type": "object", "properties": {"country": {"type": "string"}}, "required": ["country"]}
    tool = {"type": "function", "function": {"name": "capital_of", "parameters": shape}}
    (call,) = ask(model, url, tools=[tool], tool_choice="required").choices[0].message.tool_calls
    assert json.loads(call.function.arguments)["country"].title() == "France"
