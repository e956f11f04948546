"""pydantic-ai with its defaults: structured output is a tool that has to be called."""

from __future__ import annotations

from pydantic import BaseModel
from pydantic_ai import Agent
from pydantic_ai.models.openai import OpenAIChatModel, OpenAIResponsesModel


class Capital(BaseModel):
    country: str
    capital: str


def test_structured_output(model: str) -> None:
    agent = Agent(OpenAIChatModel(model), output_type=Capital)
    assert agent.run_sync("What is the capital of France?").output.capital == "Paris"


def test_text_by_responses(model: str) -> None:
    assert "Paris" in Agent(OpenAIResponsesModel(model)).run_sync("What is the capital of France?").output


def test_an_agent_with_a_tool(model: str) -> None:
    agent = Agent(OpenAIChatModel(model))

    @agent.tool_plain
    def get_weather(city: str) -> str:
        """The weather of a city."""
        return f"Sunny in {city}"

    assert agent.run_sync("What is the weather in Paris?").output  # whether it calls is up to a model that is free
