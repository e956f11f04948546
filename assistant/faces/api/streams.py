"""An answer as server-sent events: passed on as it comes, or cut at the request's stop texts, or several at once."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from assistant.faces.api import engine as engines
from assistant.faces.api.engine import Engine, Upstream

log = logging.getLogger(__name__)
DONE = b"data: [DONE]\n\n"
BROKE = {"error": {"message": "The answer broke off: the model's server ended or failed. Ask again.",
                   "type": "server_error", "param": None, "code": "engine_failed"}}  # fmt: skip
FINISHES = ("stop", "length", "tool_calls", "content_filter")  # those that OpenAI's clients know
Write = Callable[[bytes], Awaitable[None]]


class Broken(Exception):
    """The server said in the middle of an answer that it failed, or just ended."""


@dataclass
class Head:
    """What every chunk of an answer says: its id, the model's name as the request called it, the time."""

    id: str
    model: str
    usage: bool = False
    created: int = field(default_factory=lambda: int(time.time()))

    def chunk(self, choices: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
        return {"id": self.id, "object": "chat.completion.chunk", "created": self.created, "model": self.model,
                "choices": choices} | more  # fmt: skip


@dataclass
class Answer:
    """One choice as it is written. `text` grows; what it took is true at its end."""

    index: int = 0
    text: str = ""
    finish: str = ""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    logprobs: list[dict[str, Any]] = field(default_factory=list)


class Cutter:
    """Text until the first of the stop texts. What may be the beginning of one is held back."""

    def __init__(self, stops: Sequence[str]) -> None:
        self._stops, self._held = stops, ""
        self.hit = False

    def feed(self, text: str) -> str:
        """What may be shown now."""
        self._held += text
        places = [at for stop in self._stops if (at := self._held.find(stop)) >= 0]
        if places:
            self.hit = True
            shown, self._held = self._held[: min(places)], ""
            return shown
        keep = max((self._begun(stop) for stop in self._stops), default=0)
        cut = len(self._held) - keep
        shown, self._held = self._held[:cut], self._held[cut:]
        return shown

    def rest(self) -> str:
        """What was held back, at the end of the answer."""
        rest, self._held = self._held, ""
        return rest

    def _begun(self, stop: str) -> int:
        """How many of the last characters are the first ones of a stop text."""
        longest = min(len(stop) - 1, len(self._held))
        return next((n for n in range(longest, 0, -1) if self._held.endswith(stop[:n])), 0)


async def passed(upstream: Upstream, engine: Engine, head: Head, served: str, write: Write) -> None:
    """The server's own events, with the model's name exchanged. `served`: what the server calls the model."""
    old = json.dumps({"model": served}, ensure_ascii=False, separators=(",", ":"))[1:-1].encode()
    new = json.dumps({"model": head.model}, ensure_ascii=False, separators=(",", ":"))[1:-1].encode()
    answer = Answer()
    try:
        async for piece in engines.whole_events(upstream, engine):
            if not (b'"finish_reason"' in piece or b'"usage"' in piece or b'"error"' in piece):
                await write(piece.replace(old, new))
                continue
            out = []
            for event in engines.events(piece):
                if delta := _read(event, answer):
                    out.append(head.chunk([_choice(0, delta)]))
            if out:
                await write(_sse(*out))
        if not answer.finish:
            raise Broken
        await write(_sse(head.chunk([_choice(0, {}, answer.finish)]), *_usage(head, [answer])) + DONE)
    except (Broken, *engines.GONE, ValueError) as error:
        log.warning("an answer broke off: %s", type(error).__name__)
        await write(_sse(BROKE))
    except Exception:
        log.exception("an answer broke off by a fault of ours")
        await write(_sse(BROKE))


async def read(
    upstream: Upstream, engine: Engine, answer: Answer, stops: Sequence[str]
) -> AsyncIterator[dict[str, Any]]:
    """The deltas of one answer, cut at a stop text; `answer` is complete when they end. Raises Broken."""
    cutter = Cutter(stops)
    try:
        async for piece in engines.whole_events(upstream, engine):
            for event in engines.events(piece):
                delta = _read(event, answer)
                if not delta:
                    continue
                shown = cutter.feed(str(delta.get("content") or "")) if stops else str(delta.get("content") or "")
                answer.text += shown
                answer.completion_tokens += bool(delta.get("content"))  # until the server says how many there were
                if shown or "content" not in delta:
                    yield delta | ({"content": shown} if "content" in delta else {})
                if cutter.hit:
                    answer.finish = "stop"
                    return
    except Broken:
        raise
    except (*engines.GONE, ValueError) as error:
        raise Broken from error
    except Exception as error:
        log.exception("an answer broke off by a fault of ours")
        raise Broken from error
    if not answer.finish:
        raise Broken
    if rest := cutter.rest():
        answer.text += rest
        yield {"content": rest}


async def merged(upstreams: Sequence[Upstream], engine: Engine, head: Head, stops: Sequence[str], write: Write) -> None:
    """Several answers to one request, their chunks as they come."""
    answers = [Answer(index) for index in range(len(upstreams))]
    waiting: asyncio.Queue[bytes | Broken | None] = asyncio.Queue()

    async def follow(upstream: Upstream, answer: Answer) -> None:
        try:
            async for delta in read(upstream, engine, answer, stops):
                waiting.put_nowait(_sse(head.chunk([_choice(answer.index, delta)])))
            waiting.put_nowait(_sse(head.chunk([_choice(answer.index, {}, answer.finish)])))
            waiting.put_nowait(None)
        except Broken as broken:
            waiting.put_nowait(broken)
        except Exception:  # whoever waits for this answer would wait for ever
            log.exception("an answer broke off by a fault of ours")
            waiting.put_nowait(Broken())

    tasks = [asyncio.create_task(follow(*pair)) for pair in zip(upstreams, answers, strict=True)]
    try:
        left = len(tasks)
        while left:
            got = await waiting.get()
            if isinstance(got, Broken):
                await write(_sse(BROKE))
                return
            left -= got is None
            if got is not None:
                await write(got)
        await write(_sse(*_usage(head, answers)) + DONE)
    finally:
        for task in tasks:
            task.cancel()


async def collected(upstream: Upstream, engine: Engine, index: int, stops: Sequence[str]) -> Answer:
    """The whole answer. Raises Broken."""
    answer = Answer(index)
    async for _ in read(upstream, engine, answer, stops):
        pass
    return answer


def usage(answers: Sequence[Answer]) -> dict[str, int]:
    """What the request took: its prompt is read once, however many answers there are."""
    asked = max(answer.prompt_tokens for answer in answers)
    wrote = sum(answer.completion_tokens for answer in answers)
    return {"prompt_tokens": asked, "completion_tokens": wrote, "total_tokens": asked + wrote}


def _read(event: Any, answer: Answer) -> dict[str, Any]:
    """Note what an event says of the answer; returns its delta, empty where it shows nothing.

    Servers leave fields out, or send null for them: what cannot be read says nothing.
    """
    said = _object(event)
    if said.get("error"):
        raise Broken
    used = _object(said.get("usage"))
    answer.prompt_tokens = _number(used.get("prompt_tokens"), answer.prompt_tokens)
    answer.completion_tokens = _number(used.get("completion_tokens"), answer.completion_tokens)
    choices = said.get("choices")
    choice = _object(choices[0] if isinstance(choices, list) and choices else None)
    if finish := choice.get("finish_reason"):
        answer.finish = finish if finish in FINISHES else "stop"
    delta = _object(choice.get("delta"))
    return {name: delta[name] for name in ("role", "content") if isinstance(delta.get(name), str)}


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _number(value: Any, else_: int) -> int:
    return value if isinstance(value, int) else else_


def _choice(index: int, delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
    return {"index": index, "delta": delta, "logprobs": None, "finish_reason": finish}


def _usage(head: Head, answers: Sequence[Answer]) -> list[dict[str, Any]]:
    return [head.chunk([], usage=usage(answers))] if head.usage else []


def _sse(*chunks: dict[str, Any]) -> bytes:
    return b"".join(f"data: {json.dumps(chunk, ensure_ascii=False)}\n\n".encode() for chunk in chunks)
