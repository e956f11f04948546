"""instructor with its default, which forces a tool."""

from __future__ import annotations

import instructor
import openai
from pydantic import BaseModel


class Capital(BaseModel):
    country: str
    capital: str


def test_a_model_is_filled(model: str) -> None:
    client = instructor.from_openai(openai.OpenAI(max_retries=0, timeout=300))
    asked = [{"role": "user", "content": "What is the capital of France?"}]
    found = client.chat.completions.create(model=model, messages=asked, response_model=Capital, max_retries=0)
    assert found.capital == "Paris"
