"""The guide's LLM: how it is asked, how patiently, and what is said when it fails."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import openai
from langchain.agents.middleware import AgentMiddleware, ModelRequest, ModelResponse
from langchain_core.messages import AIMessage
from langchain_openai import ChatOpenAI
from langgraph.errors import GraphRecursionError
from pydantic import SecretStr

if TYPE_CHECKING:
    from langchain_core.language_models.chat_models import BaseChatModel

    from assistant.settings import Settings

PATIENCE_S = 8.0  # the longest wait that a server may ask for; beyond it the person would sit and wait
MOST_CALLS = 16  # tool calls in one message
MOST_WORDS = 8000  # characters of an answer that are shown


class Unusable(Exception):
    """An answer that came and cannot be used; the text says why, in words for the person."""


def model(settings: Settings, timeout: float) -> BaseChatModel:
    """The LLM of the settings, on any OpenAI-compatible server that calls tools. `timeout`: seconds of a request."""
    return ChatOpenAI(
        model=settings.guide_model,
        base_url=settings.guide_base_url or None,
        timeout=timeout,
        max_retries=0,
        api_key=settings.guide_api_key if settings.guide_api_key.get_secret_value() else SecretStr("none"),
    )


class Patience(AgentMiddleware[Any, Any, Any]):
    """One more try where that may help, and an end to a turn that takes too long. Made anew for every turn."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._until = time.monotonic() + seconds

    def wrap_model_call(
        self, request: ModelRequest[Any], handler: Callable[[ModelRequest[Any]], ModelResponse[Any]]
    ) -> ModelResponse[Any]:
        try:
            return self._asked(request, handler)
        except (openai.APIError, Unusable) as error:
            wait = _wait(error)
            if wait is None:
                raise
        time.sleep(wait)
        return self._asked(request, handler)

    def _asked(
        self, request: ModelRequest[Any], handler: Callable[[ModelRequest[Any]], ModelResponse[Any]]
    ) -> ModelResponse[Any]:
        if time.monotonic() > self._until:
            raise Unusable("it took too long")
        try:
            response = handler(request)
        except openai.APIError:
            raise
        except Exception as error:  # the client's own words about an answer in no known shape help nobody
            raise Unusable("its answer cannot be read") from error
        for message in response.result:
            if isinstance(message, AIMessage) and message.invalid_tool_calls:
                raise Unusable("it called a tool in a way that cannot be read")
            if isinstance(message, AIMessage) and len(message.tool_calls) > MOST_CALLS:
                raise Unusable(f"it called {len(message.tool_calls)} tools at once")
        return response


def words(message: AIMessage) -> str:
    """The text of the last message. Raises Unusable where it says nothing."""
    if message.additional_kwargs.get("refusal") or message.response_metadata.get("finish_reason") == "content_filter":
        raise Unusable("it refused")
    text = message.text.strip()
    if not text:
        raise Unusable("its answer was empty")
    return text if len(text) <= MOST_WORDS else f"{text[:MOST_WORDS]} …"


def reason(error: Exception, settings: Settings) -> str | None:
    """Why the LLM did not answer, in a few plain words; None for an error that is not its own but ours."""
    if isinstance(error, Unusable):
        return str(error)
    if isinstance(error, GraphRecursionError):
        return "it kept calling tools without an answer"
    if isinstance(error, openai.APITimeoutError):
        return "the request timed out"
    if isinstance(error, openai.APIConnectionError):
        return "the connection failed or was cut"
    if isinstance(error, openai.APIStatusError):
        return _status(error, settings)
    return "its answer cannot be read" if isinstance(error, openai.APIError) else None


def masked(text: str, settings: Settings) -> str:
    """The text without our keys and passwords, which a server may repeat."""
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        if isinstance(value, SecretStr) and len(value.get_secret_value()) >= 6:
            text = text.replace(value.get_secret_value(), "***")
    return text


def _wait(error: Exception) -> float | None:
    """Seconds until another try; None where none would help, or the wait would be too long."""
    if isinstance(error, Unusable):
        return 0.0
    if isinstance(error, openai.APIStatusError):
        if error.status_code != 429 and error.status_code < 500:
            return None
        asked = _retry_after(error)
        return 0.5 if asked is None else asked if asked <= PATIENCE_S else None
    return (
        0.5 if isinstance(error, openai.APIConnectionError) and not isinstance(error, openai.APITimeoutError) else None
    )


def _retry_after(error: openai.APIStatusError) -> float | None:
    """Seconds that the server asks to wait; None where it names none, or a date."""
    try:
        return max(0.0, float(error.response.headers.get("retry-after", "")))
    except ValueError:
        return None


_MEANING = {
    400: "it did not accept the request",
    401: "it did not accept the key",
    403: "the key may not use it",
    404: "there is no such model or address",
    429: "it is asked too often or its quota is used up",
}


def _status(error: openai.APIStatusError, settings: Settings) -> str:
    """A status in words, with what the server says where that is JSON: an HTML page would only be noise."""
    asked = _retry_after(error)
    parts = [f"{_MEANING.get(error.status_code, 'the server failed')}, status {error.status_code}"]
    if asked is not None and asked > PATIENCE_S:
        parts.append(f"it asks to wait {asked:.0f} s")
    body = error.body if isinstance(error.body, dict) else {}
    said = body.get("message") or (body.get("error") if isinstance(body.get("error"), str) else "")
    plain = " ".join(re.sub(r"[^\w\s.,:;()'*%-]", " ", masked(str(said or ""), settings)).split())
    return "; ".join([*parts, *([plain[:120].rstrip(" .")] if plain else [])])
