"""The server of a model, asked without a thread: its stream is passed on with as little work for a chunk as possible.

The id is ours because the server takes it from a header, and the model's name is exchanged in the bytes: within JSON no
text can hold `"model":"` unescaped. A chunk is only taken apart where it says something that has to change. The client
is aiohttp, whose parser is written in C: it takes a chunk apart in a fraction of the time that httpx needs.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import httpx

from assistant import endpoints
from assistant.chat import Chat
from assistant.endpoints import Endpoint
from assistant.record.types import Variant
from assistant.uploads.refusals import Refused

log = logging.getLogger(__name__)
Upstream = aiohttp.ClientResponse
GONE = (aiohttp.ClientError, TimeoutError, ConnectionError)  # what a server that is not there, or ends, looks like
EVENT = b"\n\n"
_REMOTE = aiohttp.ClientTimeout(total=None, sock_connect=5.0, sock_read=300.0)  # seconds: a connection, a token
_OWN = aiohttp.ClientTimeout(total=None, sock_connect=5.0)  # its end is seen; a timer would be set anew for each chunk
_IDLE = 4.0  # seconds that a connection is kept: a second less than the servers keep it
CROWD, BREATH, LONGEST = 4, 0.002, 0.05  # streams from which on chunks are gathered; seconds for each, and at most


class Engine:
    """The connections to the servers, and which models are answering now."""

    def __init__(self, chat: Chat, servers: int, writing: Callable[[], int]) -> None:
        self._chat, self._servers, self._writing = chat, servers, writing
        self._session: aiohttp.ClientSession | None = None  # made in the loop that uses it
        self._answering: dict[tuple[str, float], int] = {}

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
        self._session = None

    @asynccontextmanager
    async def open(
        self, variant: Variant, body: dict[str, Any], id: str, ours: Mapping[str, Any]
    ) -> AsyncIterator[Upstream]:
        """The server's answer, its status seen to be 200. A local server that is gone is started again, once.

        `ours`: options beside the body that nobody asked for; those that a server of somebody else's refuses by name
        are left out. Raises Refused, or AttuneError of what loads the model.
        """
        key = (variant.model, variant.temperature)
        self._answering[key] = self._answering.get(key, 0) + 1
        try:
            answer = await self._send(variant, body, id, ours)
            try:
                yield answer
            finally:
                answer.close()
        finally:
            self._answering[key] -= 1
            if not self._answering[key]:
                del self._answering[key]

    async def pause(self, gap: float) -> None:
        """Where many answers are written, wait a little: the next read then brings several chunks at once.

        `gap`: seconds between the last two. Chunks that are slower than the wait would gain nothing by it.
        """
        crowd = self._writing()
        if crowd >= CROWD and gap < (wait := min(LONGEST, crowd * BREATH)):
            await asyncio.sleep(wait)

    async def _send(self, variant: Variant, body: dict[str, Any], id: str, ours: Mapping[str, Any]) -> Upstream:
        endpoint = self._chat.ready(variant) or await self._load(variant, False)
        try:
            return await self._ask(endpoint, body, id, ours)
        except GONE:
            if not endpoint.local:
                raise _gone(endpoint) from None
        endpoint = await self._load(variant, True)
        try:
            return await self._ask(endpoint, body, id, ours)
        except GONE:
            raise _gone(endpoint) from None

    async def _load(self, variant: Variant, doubted: bool) -> Endpoint:
        if len(self._answering) > self._servers:  # another one would end a server in the middle of its answers
            raise Refused(f"{self._servers} models are answering, which is what ATTUNE_MODEL_SERVERS allows.",
                          "Wait for an answer to end.", code="rate_limit_exceeded", status=429)  # fmt: skip
        return await asyncio.to_thread(self._chat.at, variant, doubted)

    async def _ask(self, endpoint: Endpoint, body: dict[str, Any], id: str, ours: Mapping[str, Any]) -> Upstream:
        headers = {"X-Request-ID": id} | ({"Authorization": f"Bearer {endpoint.key}"} if endpoint.key else {})
        refused = set() if endpoint.local else self._chat.refused(endpoint)
        while True:
            options = endpoints.taken(ours, refused)
            answer = await self._open_session().post(
                f"{endpoint.url}/chat/completions", json=body | options | {"model": endpoint.model}, headers=headers,
                timeout=_OWN if endpoint.local else _REMOTE,
            )  # fmt: skip
            if answer.status == 200:
                return answer
            async with answer:
                said = await answer.text(errors="replace")
            named = endpoints.blamed(said, options) if answer.status in (400, 422) and not endpoint.local else ""
            if not named:
                raise _refused(endpoint, answer.status, said)
            log.info("%s does not take %s.", endpoint.url, named)
            refused.add(named)

    def _open_session(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=_IDLE, ssl=httpx.create_ssl_context()),
                cookie_jar=aiohttp.DummyCookieJar(),
            )  # fmt: skip
        return self._session


async def whole_events(answer: Upstream, engine: Engine) -> AsyncIterator[bytes]:
    """The stream cut at the ends of events: each piece holds one or more whole ones."""
    rest, begun, last, clock = b"", False, 0.0, asyncio.get_running_loop().time
    while data := await answer.content.readany():
        if rest or not data.endswith(EVENT):
            whole, mark, rest = (rest + data).rpartition(EVENT)
            data = whole + mark
        if data:
            yield data
        now = clock()
        if begun and now - last < LONGEST and b'"finish_reason"' not in data:
            await engine.pause(now - last)  # neither the first text nor the end waits
        begun, last = begun or b'"content"' in data, now
    if rest.strip():
        yield rest + EVENT


def events(piece: bytes) -> list[dict[str, Any]]:
    """The objects in a piece of whole events."""
    lines = [line[5:].strip() for line in piece.splitlines() if line.startswith(b"data:")]
    return [json.loads(line) for line in lines if line and line != b"[DONE]"]


def _gone(endpoint: Endpoint) -> Refused:
    return Refused(f"There is no connection to {endpoint.name}.", "Try again.", code="engine_unavailable", status=503)


def _refused(endpoint: Endpoint, status: int, said: str) -> Refused:
    """What the server says no to: mostly a conversation that its chat template does not take."""
    words = " ".join(said.replace(endpoint.key, "***").split())[:200] if endpoint.key else " ".join(said.split())[:200]
    if status == 503:
        return Refused("The model's server has a fault.", "Try again.", code="engine_unavailable", status=503)
    if status == 429:
        return Refused(f"{endpoint.name} is busy.", "Wait and try again.", code="rate_limit_exceeded", status=429)
    if status >= 500 and not endpoint.local:
        return Refused(f"{endpoint.name} failed ({words}).", "Try again.", code="engine_unavailable", status=503)
    return Refused(f"The model does not take this request ({words}).", "Change the messages.", code="invalid_request")
