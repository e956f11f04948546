"""From a request in the shape of /v1/chat/completions to the chunks of its answer, whichever route asks."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping
from functools import partial
from typing import Any

from fastapi import Request

from assistant.faces.api.answers import forced_call, outcomes, streams, targets
from assistant.faces.api.answers.streams import Chunks, Head
from assistant.faces.api.answers.targets import Target
from assistant.faces.api.answers.upstream import Engine
from assistant.faces.api.limits import OwnerLimits
from assistant.faces.api.schemas.chat_request import ChatCreate
from assistant.record.types import QUOTE
from assistant.workbench import Workbench

PATH = "/chat/completions"


async def answer(request: Request, owner: str, body: ChatCreate) -> tuple[Chunks, Head]:
    """The chunks, of which the first is there already, and what they all say. Raises AttuneError."""
    bench: Workbench = request.app.state.bench
    target = await targets.find(bench, owner, body)
    targets.check(body, target)
    shown = bool(body.stream_options and body.stream_options.include_usage)
    head = Head(f"chatcmpl-{secrets.token_hex(14)}", target.name, shown)
    watched = partial(outcomes.watched, bench, target)
    if target.variant.endpoint == QUOTE:
        return await streams.begun(watched(_quoted(bench, target, body, head))), head
    async with outcomes.noticed(bench, target):
        messages, most = await targets.prompt(bench, target, body)
    count = body.n or 1
    sent, ours = targets.sent(body, target) | {"messages": messages}, targets.ours(body, target, most)
    name = ""
    if target.local and (names := forced_call.wanted(body)):
        name = await forced_call.chosen(names, lambda form: _said(request, owner, target, sent | form, ours))
        sent |= forced_call.arguments(body, name)
    found = watched(_chunks(request, owner, target, sent, ours, head, count))
    return await streams.begun(forced_call.called(found, name) if name else found), head


async def _chunks(
    request: Request,
    owner: str,
    target: Target,
    sent: Mapping[str, Any],
    ours: Mapping[str, Any],
    head: Head,
    count: int,
) -> Chunks:
    """The chunks as they are written; whoever closes this ends the answer at the server, too."""
    limits: OwnerLimits = request.app.state.limits
    engine: Engine = request.app.state.engine
    with limits.answering(owner, count):
        async with engine.open(target.variant, PATH, sent, ours) as events:
            async for chunk in streams.chunks(events, head, count, target.local):
                yield chunk


async def _quoted(bench: Workbench, target: Target, body: ChatCreate, head: Head) -> Chunks:
    """What the documents say, where no model answers: it is there all at once."""
    said = targets.plain(body)
    text = await asyncio.to_thread(lambda: "".join(bench.chat.reply(target.variant, said)))
    choice = {"index": 0, "logprobs": None, "finish_reason": None}
    yield head.chunk([choice | {"delta": {"role": "assistant", "content": text}}])
    yield head.chunk([choice | {"delta": {}, "finish_reason": "stop"}])
    yield head.chunk([], usage=streams.Usage(apart=False).total())


async def _said(request: Request, owner: str, target: Target, sent: Mapping[str, Any], ours: Mapping[str, Any]) -> str:
    """The text of one short answer."""
    one = {**sent, "n": 1, "tool_choice": "none", "logprobs": None}
    found = _chunks(request, owner, target, one, ours, Head("", ""), 1)
    got = await streams.read(request, await streams.begun(found))
    return str(streams.whole(got, Head("", ""))["choices"][0]["message"]["content"] or "")
