"""langchain-openai: structured output in its three ways, and tools."""

from __future__ import annotations

import pytest
from langchain_core.messages import HumanMessage, ToolMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from pydantic import BaseModel

ASKED = "What is the capital of France? Answer with a JSON object that has the keys country and capital."


class Capital(BaseModel):
    """A country and its capital."""

    country: str
    capital: str


@tool
def get_weather(city: str) -> str:
    """The weather of a city."""
    return f"Sunny, 21 degrees in {city}"


@pytest.mark.parametrize("method", ["json_schema", "json_mode", "function_calling"])
def test_structured_output(model: str, method: str) -> None:
    found = ChatOpenAI(model=model, timeout=300).with_structured_output(Capital, method=method).invoke(ASKED)
    assert isinstance(found, Capital)
    assert found.capital == "Paris"


def test_tools(model: str) -> None:
    chat, asked = ChatOpenAI(model=model, timeout=300), HumanMessage("What is the weather in Paris?")
    call = chat.bind_tools([get_weather], tool_choice="any").invoke([asked])
    assert [(one["name"], one["args"]) for one in call.tool_calls] == [("get_weather", {"city": "Paris"})]
    result = ToolMessage(get_weather.invoke(call.tool_calls[0]["args"]), tool_call_id=call.tool_calls[0]["id"])
    assert "sunny" in str(chat.bind_tools([get_weather]).invoke([asked, call, result]).content).lower()
