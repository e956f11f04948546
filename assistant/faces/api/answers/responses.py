"""/v1/responses: the newer form of /v1/chat/completions, answered by the same road. Nothing is kept of an answer."""

from __future__ import annotations

import secrets
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from assistant.faces.api.answers import generation, streams
from assistant.faces.api.answers.streams import Chunk, Chunks
from assistant.faces.api.common import Owner
from assistant.faces.api.schemas.responses_request import STATELESS, ResponseCreate, as_chat
from assistant.uploads.refusals import Refused

router = APIRouter(prefix="/responses", tags=["responses"])
Event = dict[str, Any]
SHOWN = ("instructions", "max_output_tokens", "temperature", "top_p", "metadata")


@router.post("", response_model=None)
async def create_response(request: Request, owner: Owner, body: ResponseCreate) -> Response:
    """Answer a conversation. It is not stored (`store` is false in the answer), so send all of it each time."""
    chat = as_chat(body)
    found, _ = await generation.answer(request, owner, chat)
    writing = Writing(body)
    if body.stream:
        return streams.stream(_events(found, writing))
    for chunk in await streams.read(request, found):
        for _ in writing.read(chunk):
            pass
    for _ in writing.end():
        pass
    return JSONResponse(writing.response)


@router.get("/{response_id}", response_model=None)
@router.delete("/{response_id}", response_model=None)
async def stored_response(owner: Owner, response_id: str) -> Response:  # noqa: ARG001
    raise Refused(
        f"There is no response '{response_id[:80]}'. {STATELESS}", param="response_id", code="not_found", status=404
    )


async def _events(found: Chunks, writing: Writing) -> AsyncIterator[str]:
    """The answer as OpenAI's events, which are numbered. What breaks off ends with an error event."""
    number = 0

    def line(event: Event) -> str:
        nonlocal number
        number += 1
        return streams.event(event | {"sequence_number": number - 1}, event["type"])

    async with aclosing(found):
        try:
            yield line({"type": "response.created", "response": dict(writing.response)})
            yield line({"type": "response.in_progress", "response": dict(writing.response)})
            async for chunk in found:
                for event in writing.read(chunk):
                    yield line(event)
            for event in writing.end():
                yield line(event)
        except Exception as error:
            streams.told(error)
            broke = {"code": "server_error", "message": streams.BROKE["message"]}
            yield line({"type": "error", "param": None} | broke)
            yield line({"type": "response.failed", "response": writing.response | {"status": "failed", "error": broke}})


class Writing:
    """A response as it is written: chunks go in, events come out, and `response` is what there is so far."""

    def __init__(self, body: ResponseCreate) -> None:
        form = body.text.format if body.text and body.text.format else None
        self.response: dict[str, Any] = {
            "id": f"resp_{secrets.token_hex(24)}",
            "object": "response",
            "created_at": int(time.time()),
            "status": "in_progress",
            "error": None,
            "incomplete_details": None,
            "model": body.model,
            "output": [],
            "parallel_tool_calls": body.parallel_tool_calls is not False,
            "previous_response_id": None,
            "store": False,
            "text": {"format": form.model_dump(by_alias=True, exclude_none=True) if form else {"type": "text"}},
            "tool_choice": body.tool_choice or "auto",
            "tools": body.tools or [],
            "truncation": "disabled",
            "usage": None,
        } | {name: getattr(body, name) for name in SHOWN}
        self._finish = ""
        self._open: dict[str, Any] | None = None  # the item being written

    def read(self, chunk: Chunk) -> Iterator[Event]:
        """The events of one more chunk."""
        if used := chunk.get("usage"):
            self.response["usage"] = {
                "input_tokens": used["prompt_tokens"],
                "output_tokens": used["completion_tokens"],
                "total_tokens": used["total_tokens"],
                "output_tokens_details": {"reasoning_tokens": 0},
                "input_tokens_details": {**used["prompt_tokens_details"], "cache_write_tokens": 0},
            }
        for one in chunk["choices"]:
            self._finish = one["finish_reason"] or self._finish
            if text := one["delta"].get("content"):
                yield from self._text(text, (one.get("logprobs") or {}).get("content") or [])
            for call in one["delta"].get("tool_calls") or []:
                yield from self._call(call)

    def end(self) -> Iterator[Event]:
        """The events of the end."""
        cut = self._finish == "length"
        if not self.response["output"]:
            yield from self._begin(self._message())
        yield from self._close("incomplete" if cut else "completed")
        status = "incomplete" if cut else "completed"
        self.response["status"] = status
        self.response["incomplete_details"] = {"reason": "max_output_tokens"} if cut else None
        if not cut:
            self.response["completed_at"] = int(time.time())
        yield {"type": f"response.{status}", "response": self.response}

    def _text(self, text: str, logprobs: list[Any]) -> Iterator[Event]:
        if self._open is None or self._open["type"] != "message":
            yield from self._begin(self._message())
        assert self._open is not None
        part = self._open["content"][0]
        part["text"] += text
        part["logprobs"] += logprobs
        yield self._at("response.output_text.delta", content_index=0, delta=text, logprobs=logprobs)

    def _call(self, call: dict[str, Any]) -> Iterator[Event]:
        said = call.get("function") or {}
        if call.get("id"):
            yield from self._begin(
                {
                    "id": f"fc_{secrets.token_hex(24)}",
                    "type": "function_call",
                    "status": "in_progress",
                    "arguments": "",
                    "call_id": call["id"],
                    "name": said.get("name") or "",
                }
            )
        if self._open is not None and (text := said.get("arguments")):
            self._open["arguments"] += text
            yield self._at("response.function_call_arguments.delta", delta=text)

    def _message(self) -> dict[str, Any]:
        part = {"type": "output_text", "text": "", "annotations": [], "logprobs": []}
        return {
            "id": f"msg_{secrets.token_hex(24)}",
            "type": "message",
            "role": "assistant",
            "status": "in_progress",
            "content": [part],
        }

    def _begin(self, item: dict[str, Any]) -> Iterator[Event]:
        yield from self._close("completed")
        self._open = item
        self.response["output"].append(item)
        place = len(self.response["output"]) - 1
        shown = item | ({"content": []} if item["type"] == "message" else {})
        yield {"type": "response.output_item.added", "output_index": place, "item": shown}
        if item["type"] == "message":
            yield self._at("response.content_part.added", content_index=0, part=dict(item["content"][0]))

    def _close(self, status: str) -> Iterator[Event]:
        item = self._open
        if item is None:
            return
        item["status"] = status
        if item["type"] == "message":
            part = item["content"][0]
            yield self._at("response.output_text.done", content_index=0, text=part["text"], logprobs=part["logprobs"])
            yield self._at("response.content_part.done", content_index=0, part=part)
        else:
            yield self._at("response.function_call_arguments.done", name=item["name"], arguments=item["arguments"])
        yield {"type": "response.output_item.done", "output_index": len(self.response["output"]) - 1, "item": item}
        self._open = None

    def _at(self, type: str, **more: Any) -> Event:
        assert self._open is not None
        place = len(self.response["output"]) - 1
        return {"type": type, "item_id": self._open["id"], "output_index": place} | more
