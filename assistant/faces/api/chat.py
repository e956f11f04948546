"""/v1/chat/completions: the starter, tuned models, and whatever answers in a case."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from functools import partial
from typing import Any

from fastapi import APIRouter, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from fastapi.routing import APIRoute
from pydantic import ValidationError
from starlette.types import Receive, Scope, Send

from assistant.faces.api import auth, chat_schemas, streams, targets
from assistant.faces.api.common import Bench, Owner
from assistant.faces.api.engine import Engine, Upstream
from assistant.faces.api.streams import Answer, Broken, Head, Write
from assistant.faces.api.targets import Target
from assistant.uploads.refusals import Refused


class Lean(APIRoute):
    """A route whose body pydantic reads alone: FastAPI's way to it takes a third of the time of a request."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        async def handle(request: Request) -> Response:
            owner = auth.owner(request)
            try:
                body = chat_schemas.ChatCreate.model_validate_json(await request.body())
            except ValidationError as error:
                raise RequestValidationError(error.errors()) from error
            made: Response = await self.endpoint(request, request.app.state.bench, owner, body)
            return made

        return handle


router = APIRouter(tags=["chat"], route_class=Lean)
HEADERS = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}


class Streamed(Response):
    """Server-sent events. It lets go of what it reads from, however it ends, also when nobody listens any more.

    `write` is given what sends bytes. Starlette's own streams put several generators between the two, which cost more
    than all that is done to a chunk.
    """

    media_type = "text/event-stream"

    def __init__(self, write: Callable[[Write], Coroutine[Any, Any, None]], held: AsyncExitStack) -> None:
        super().__init__(headers=HEADERS)
        del self.headers["content-length"]
        self._write, self._held = write, held

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        async def body(data: bytes) -> None:
            await send({"type": "http.response.body", "body": data, "more_body": True})

        async def gone() -> None:
            while (await receive())["type"] != "http.disconnect":
                pass

        async with self._held:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            tasks = [asyncio.ensure_future(self._write(body)), asyncio.ensure_future(gone())]
            try:
                await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            finally:
                done = tasks[0].done()
                for task in tasks:
                    task.cancel()
            if done:
                tasks[0].result()  # a fault of ours is not swallowed
                await send({"type": "http.response.body", "body": b"", "more_body": False})


@router.post("/chat/completions", response_model=chat_schemas.ChatCompletion)
async def create_completion(request: Request, bench: Bench, owner: Owner, body: chat_schemas.ChatCreate) -> Response:
    """Answer a conversation; with `stream` as server-sent events.

    Models: `attune-starter`, tuned ones (`ft:...`), and `attune:CASE`, the variant that answers in a case now.
    """
    target = await targets.find(bench, owner, body)
    targets.check(body, target)
    messages, most = await targets.prompt(bench, target, body)
    sent, ours = _sent(body, target, messages), _ours(body, target, most)
    head = Head(f"chatcmpl-{secrets.token_hex(14)}", target.name,
                bool(body.stream_options and body.stream_options.include_usage))  # fmt: skip
    async with AsyncExitStack() as stack:
        upstreams = await _open(request, owner, target, sent, ours, head, stack, body.n or 1)
        engine: Engine = request.app.state.engine
        if not body.stream:
            return await _whole(upstreams, engine, head, targets.stops(body))
        if len(upstreams) == 1 and target.local and not targets.stops(body):
            served = f"{bench.settings.model_path(target.variant.model)}@main"
            return Streamed(partial(streams.passed, upstreams[0], engine, head, served), stack.pop_all())
        return Streamed(partial(streams.merged, upstreams, engine, head, targets.stops(body)), stack.pop_all())


async def _open(
    request: Request, owner: str, target: Target, sent: dict[str, Any], ours: dict[str, Any], head: Head,
    stack: AsyncExitStack, count: int,
) -> list[Upstream]:  # fmt: skip
    """The server's answers as they begin, one for each choice; `stack` lets go of them."""
    stack.enter_context(request.app.state.limits.answering(owner, count))
    engine: Engine = request.app.state.engine
    first = await stack.enter_async_context(engine.open(target.variant, sent, head.id, ours))
    rest = [
        await stack.enter_async_context(engine.open(target.variant, sent, f"{head.id}-{number}", ours))
        for number in range(1, count)
    ]
    return [first, *rest]


def _sent(body: chat_schemas.ChatCreate, target: Target, messages: list[Any]) -> dict[str, Any]:
    """The request to the model's server: to ours what it knows, to another everything that was asked for."""
    asked = {} if target.local else body.model_dump(exclude_none=True, exclude={"n", "stop", "stream_options"})
    return asked | {"messages": messages, "stream": True}


def _ours(body: chat_schemas.ChatCreate, target: Target, most: int) -> dict[str, Any]:
    """The options that the request leaves to us. A server of somebody else's may refuse them: then it goes without."""
    ours: dict[str, Any] = {"max_tokens": most, "temperature": target.variant.temperature}
    if target.local:
        return ours
    if body.max_tokens is not None or body.max_completion_tokens is not None:
        del ours["max_tokens"]
    if body.temperature is not None:
        del ours["temperature"]
    return ours | {"stream_options": {"include_usage": True}}


async def _whole(upstreams: list[Upstream], engine: Engine, head: Head, stops: list[str]) -> Response:
    tasks = [
        asyncio.create_task(streams.collected(upstream, engine, index, stops))
        for index, upstream in enumerate(upstreams)
    ]
    try:
        answers = await asyncio.gather(*tasks)
    except Broken:
        raise Refused("The answer broke off: the model's server ended or failed.", "Ask again.", code="engine_failed",
                      status=503) from None  # fmt: skip
    finally:
        for task in tasks:
            task.cancel()
    made = chat_schemas.ChatCompletion(
        id=head.id, created=int(time.time()), model=head.model, choices=[_choice(answer) for answer in answers],
        usage=chat_schemas.Usage(**streams.usage(answers)),
    )  # fmt: skip
    return Response(made.model_dump_json(), media_type="application/json")


def _choice(answer: Answer) -> chat_schemas.ChatChoice:
    message = chat_schemas.ChatAnswer(content=answer.text)
    finish: Any = answer.finish
    return chat_schemas.ChatChoice(index=answer.index, message=message, finish_reason=finish)
