"""openai-agents with its defaults: the Responses API, an output type, a tool."""

from __future__ import annotations

import asyncio

import openai
import pytest
from agents import Agent, ModelSettings, Runner, function_tool, set_default_openai_client
from pydantic import BaseModel


class Capital(BaseModel):
    country: str
    capital: str


called: list[str] = []


@pytest.fixture(autouse=True)
def _client() -> None:
    set_default_openai_client(openai.AsyncOpenAI(timeout=300), use_for_tracing=False)  # each test has a loop of its own


@function_tool
def get_weather(city: str) -> str:
    """The weather of a city."""
    called.append(city)
    return f"Sunny, 21 degrees in {city}"


def test_structured_output(model: str) -> None:
    agent = Agent(name="Geographer", instructions="Name capitals.", model=model, output_type=Capital)
    assert Runner.run_sync(agent, "What is the capital of France?").final_output.capital == "Paris"


def test_a_tool(model: str) -> None:
    forced = ModelSettings(tool_choice="required")
    agent = Agent(name="Weather", model=model, tools=[get_weather], model_settings=forced)
    result = Runner.run_sync(agent, "What is the weather in Paris?")
    assert called == ["Paris"]
    assert "sunny" in result.final_output.lower()


def test_in_pieces(model: str) -> None:
    async def ask() -> str:
        result = Runner.run_streamed(Agent(name="Geographer", model=model), "What is the capital of France?")
        async for _ in result.stream_events():
            pass
        return str(result.final_output)

    assert "Paris" in asyncio.run(ask())
