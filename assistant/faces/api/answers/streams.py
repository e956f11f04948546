"""A model's answer in chunks as OpenAI's clients know them: from its server, as events, or put together."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

from fastapi import Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from assistant.faces.api.answers.upstream import GONE
from assistant.uploads.refusals import Refused

log = logging.getLogger(__name__)
Chunk = dict[str, Any]
Chunks = AsyncGenerator[Chunk, None]
DONE = "data: [DONE]\n\n"
BROKE = {
    "message": "The answer broke off: the model's server ended or failed. Ask again.",
    "type": "server_error",
    "param": None,
    "code": "engine_failed",
}
FINISHES = ("stop", "length", "tool_calls", "content_filter")  # those that OpenAI's clients know
DELTA = ("role", "content", "refusal", "tool_calls", "reasoning_content")  # the last one is what thinking models add
HEADERS = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
LOOK = 16  # chunks after which it is looked whether anybody still waits for an answer that comes whole


class Broken(Exception):
    """The server said in the middle of an answer that it failed, or just ended."""


BREAKS = (Broken, ValueError, *GONE)  # ValueError: what it sent cannot be read, or not be passed on


@dataclass
class Head:
    """What every chunk of an answer says: its id, the model's name as the request called it, the time."""

    id: str
    model: str
    usage: bool = False
    kind: str = "chat.completion.chunk"
    created: int = field(default_factory=lambda: int(time.time()))

    def chunk(self, choices: list[dict[str, Any]], **more: Any) -> Chunk:
        return {
            "id": self.id,
            "object": self.kind,
            "created": self.created,
            "model": self.model,
            "choices": choices,
        } | more


class Usage:
    """What a request took. `apart`: our server counts each choice alone, its prompt each time; others all together."""

    def __init__(self, apart: bool) -> None:
        self._apart = apart
        self._told: list[tuple[int, int, int]] = []

    def add(self, used: Any) -> None:
        if not isinstance(used, dict):
            return
        details = used.get("prompt_tokens_details")
        cached = details.get("cached_tokens") if isinstance(details, dict) else 0
        found = (used.get("prompt_tokens"), used.get("completion_tokens"), cached)
        read, wrote, cached = (number if isinstance(number, int) else 0 for number in found)
        self._told = [*(self._told if self._apart else []), (read, wrote, cached)]

    def total(self, prompts: int = 1) -> dict[str, Any]:
        """The sum, of so many prompts that were each read for all their choices."""
        read, wrote, cached = (sum(one[place] for one in self._told) for place in range(3))
        each = max(1, len(self._told) // prompts)
        return {
            "prompt_tokens": read // each,
            "completion_tokens": wrote,
            "total_tokens": read // each + wrote,
            "prompt_tokens_details": {"cached_tokens": cached // each},
        }


async def chunks(
    events: AsyncIterator[dict[str, Any]],
    head: Head,
    count: int,
    apart: bool = True,
    prompts: int = 1,
    shape: Callable[[dict[str, Any]], dict[str, Any]] | None = None,
) -> Chunks:
    """Our chunks of a server's events: our name and id, and only what OpenAI's clients know. The last has the usage.

    Servers leave fields out, or send null for them: what cannot be read says nothing. Raises BREAKS.
    """
    used, ended = Usage(apart), set()
    async for event in events:
        if event.get("error"):
            raise Broken
        used.add(event.get("usage"))
        listed = event.get("choices")
        choices = [(shape or _choice)(one) for one in listed or [] if isinstance(one, dict)]
        ended |= {one["index"] for one in choices if one["finish_reason"]}
        if choices := [one for one in choices if one.get("delta") or one.get("text") or one["finish_reason"]]:
            yield head.chunk(choices)
    if len(ended) < count:
        raise Broken
    yield head.chunk([], usage=used.total(prompts))


async def begun(found: Chunks) -> Chunks:
    """The same once its first chunk is there: what fails before is told by the status of the answer."""
    try:
        first = await anext(found)
    except BREAKS as error:
        raise _broken() from error

    async def rest() -> Chunks:
        async with aclosing(found):
            yield first
            async for chunk in found:
                yield chunk

    return rest()


def streamed(found: Chunks, head: Head) -> StreamingResponse:
    """The chunks as server-sent events. What breaks off ends with an error object."""

    async def events() -> AsyncIterator[str]:
        async with aclosing(found):
            try:
                async for chunk in found:
                    if chunk["choices"] or head.usage:
                        yield event({"usage": None} | chunk if head.usage else chunk)
                yield DONE
            except Exception as error:
                told(error)
                yield event({"error": BROKE})

    return stream(events())


def stream(events: AsyncIterator[str]) -> StreamingResponse:
    return StreamingResponse(events, media_type="text/event-stream", headers=HEADERS)


def event(value: Any, name: str = "") -> str:
    line = f"data: {json.dumps(value, ensure_ascii=False, separators=(',', ':'))}\n\n"
    line.encode()  # half a character cannot be sent: here it is still this answer's own fault
    return f"event: {name}\n{line}" if name else line


def told(error: Exception) -> None:
    if isinstance(error, BREAKS):
        log.warning("an answer broke off: %s", type(error).__name__)
    else:
        log.error("an answer broke off by a fault of ours", exc_info=error)


async def read(request: Request, found: Chunks) -> list[Chunk]:
    """All chunks. Raises Refused where the answer breaks off, and ends it where nobody waits any more."""
    got: list[Chunk] = []
    async with aclosing(found):
        try:
            async for chunk in found:
                got.append(chunk)
                if len(got) % LOOK == 0 and await request.is_disconnected():
                    raise Refused("Nobody is waiting for this answer any more.", status=499)
        except BREAKS as error:
            told(error)
            raise _broken() from error
    return got


def whole(got: Iterable[Chunk], head: Head) -> dict[str, Any]:
    """One completion of all its chunks."""
    choices: dict[int, dict[str, Any]] = {}
    used: dict[str, Any] = {}
    for chunk in got:
        used = chunk.get("usage") or used
        for one in chunk["choices"]:
            made = choices.setdefault(
                one["index"],
                {
                    "index": one["index"],
                    "message": {"role": "assistant", "content": None, "refusal": None},
                    "logprobs": None,
                    "finish_reason": None,
                },
            )
            made["finish_reason"] = one["finish_reason"] or made["finish_reason"]
            _add(made["message"], one["delta"])
            if one.get("logprobs"):
                made["logprobs"] = made["logprobs"] or {"content": [], "refusal": None}
                made["logprobs"]["content"] += one["logprobs"].get("content") or []
    listed = [choices[index] for index in sorted(choices)]
    return head.chunk(listed, usage=used, system_fingerprint=None) | {"object": "chat.completion"}


def complete(got: Iterable[Chunk], head: Head) -> Response:
    try:
        return JSONResponse(whole(got, head))
    except UnicodeEncodeError as error:  # half a character cannot be sent
        raise _broken() from error


def _add(message: dict[str, Any], delta: dict[str, Any]) -> None:
    """A delta into the message that it belongs to."""
    for name in ("content", "refusal", "reasoning_content"):
        if delta.get(name) is not None:
            message[name] = (message.get(name) or "") + delta[name]
    for call in delta.get("tool_calls") or []:
        calls = message.setdefault("tool_calls", [])
        while len(calls) <= call["index"]:
            calls.append({"id": "", "type": "function", "function": {"name": "", "arguments": ""}})
        made, said = calls[call["index"]], call.get("function") or {}
        made["id"] = call.get("id") or made["id"]
        made["function"]["name"] = said.get("name") or made["function"]["name"]
        made["function"]["arguments"] += said.get("arguments") or ""


def _choice(one: dict[str, Any]) -> dict[str, Any]:
    delta = one.get("delta")
    kept = {name: delta[name] for name in DELTA if name in delta} if isinstance(delta, dict) else {}
    finish = one.get("finish_reason")
    made = {
        "index": one.get("index") or 0,
        "delta": kept,
        "logprobs": None,
        "finish_reason": finish if finish in FINISHES or not finish else "stop",
    }
    if isinstance(said := one.get("logprobs"), dict) and isinstance(said.get("content"), list):
        made["logprobs"] = {"content": [_without_id(token) for token in said["content"]], "refusal": None}
    return made


def _without_id(token: dict[str, Any]) -> dict[str, Any]:
    """A token's log-probability without llama.cpp's number of the token, which OpenAI's has not."""
    made = {name: value for name, value in token.items() if name != "id"}
    return (
        made | {"top_logprobs": [_without_id(one) for one in token["top_logprobs"]]}
        if token.get("top_logprobs") is not None
        else made
    )


def _broken() -> Refused:
    return Refused(
        "The answer broke off: the model's server ended or failed.", "Ask again.", code="engine_failed", status=503
    )
