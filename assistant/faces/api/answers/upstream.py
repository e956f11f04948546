"""The server of a model, asked without a thread: the events of its stream, once its status is seen to be 200."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx

from assistant import endpoints
from assistant.endpoints import Endpoint
from assistant.faces.api.answers.targets import too_long
from assistant.models import Models
from assistant.record.types import Variant
from assistant.uploads.refusals import Refused

log = logging.getLogger(__name__)
Event = dict[str, Any]
GONE = (httpx.TransportError,)  # what a server that is not there, or ends, looks like
TIMEOUT = httpx.Timeout(None, connect=5.0)
REMOTE = httpx.Timeout(300.0, connect=10.0)
IDLE = 4.0  # seconds that a connection is kept: a second less than the servers keep it
PASSED_ON = (400, 404, 413, 422)  # a server's refusals that are the request's fault


class Engine:
    """The connections to the servers, and which models are answering now."""

    def __init__(self, models: Models, servers: int) -> None:
        self._models, self._servers = models, servers
        self._client: httpx.AsyncClient | None = None  # made in the loop that uses it
        self._answering: dict[str, int] = {}

    async def close(self) -> None:
        if self._client is not None:
            await self._client.aclose()
        self._client = None

    @asynccontextmanager
    async def open(
        self, variant: Variant, path: str, body: Mapping[str, Any], ours: Mapping[str, Any]
    ) -> AsyncIterator[AsyncIterator[Event]]:
        """The events of the server's answer. A local server that is gone is started again, once.

        `ours`: options beside the body that nobody asked for; those that a server of somebody else's refuses by name
        are left out. Leaving the block ends the answer at the server. Raises AttuneError; GONE while it is read.
        """
        self._answering[variant.model] = self._answering.get(variant.model, 0) + 1
        try:
            answer = await self._send(variant, path, body, ours)
            try:
                yield _events(answer)
            finally:
                await answer.aclose()
        finally:
            self._answering[variant.model] -= 1
            if not self._answering[variant.model]:
                del self._answering[variant.model]

    async def _send(self, variant: Variant, path: str, body: Mapping[str, Any], ours: Mapping[str, Any]) -> Any:
        endpoint = self._models.ready(variant) or await self._load(variant, False)
        try:
            return await self._ask(endpoint, path, body, ours)
        except GONE as gone:
            if not endpoint.local:
                raise _gone(endpoint) from gone
        endpoint = await self._load(variant, True)
        try:
            return await self._ask(endpoint, path, body, ours)
        except GONE as gone:
            raise _gone(endpoint) from gone

    async def _load(self, variant: Variant, doubted: bool) -> Endpoint:
        if len(self._answering) > self._servers:  # another one would end a server in the middle of its answers
            raise Refused(
                f"{self._servers} models are answering, which is what ATTUNE_MODEL_SERVERS allows.",
                "Wait for an answer to end.",
                code="rate_limit_exceeded",
                status=429,
            )
        return await asyncio.to_thread(self._models.endpoint, variant, None, doubted)

    async def _ask(
        self, endpoint: Endpoint, path: str, body: Mapping[str, Any], ours: Mapping[str, Any]
    ) -> httpx.Response:
        headers = {"Authorization": f"Bearer {endpoint.key}"} if endpoint.key else {}
        if endpoint.local:  # it may close a connection that was kept in the moment in which the next request is sent
            headers["Connection"] = "close"
        refused = set() if endpoint.local else self._models.refused(endpoint)
        while True:
            options = endpoints.taken(ours, refused)
            client, sent = self._open(), {**body, **options, "model": endpoint.model, "stream": True}
            answer = await client.send(
                client.build_request(
                    "POST",
                    f"{endpoint.url}{path}",
                    json=sent,
                    headers=headers,
                    timeout=TIMEOUT if endpoint.local else REMOTE,
                ),
                stream=True,
            )
            if answer.status_code == 200:
                return answer
            try:
                said = (await answer.aread()).decode(errors="replace")
            finally:
                await answer.aclose()
            passing = answer.status_code in PASSED_ON and not endpoint.local
            named = endpoints.blamed(said, options) if passing else ""
            if not named:
                raise _refused(endpoint, answer.status_code, said, sent)
            log.info("%s does not take %s.", endpoint.url, named)
            refused.add(named)

    def _open(self) -> httpx.AsyncClient:
        if self._client is None:
            limits = httpx.Limits(max_connections=None, max_keepalive_connections=64, keepalive_expiry=IDLE)
            self._client = httpx.AsyncClient(limits=limits, timeout=TIMEOUT)
        return self._client


async def _events(answer: httpx.Response) -> AsyncIterator[Event]:
    """The objects of a stream of server-sent events. Raises ValueError for what is none, GONE where it breaks off."""
    async for line in answer.aiter_lines():
        name, mark, data = line.partition(":")
        if mark and name in ("data", "error") and (data := data.strip()) != "[DONE]":
            event = json.loads(data)
            if isinstance(event, dict):  # llama.cpp begins several completions with null
                yield {"error": event} if name == "error" else event


def _gone(endpoint: Endpoint) -> Refused:
    told = endpoint.unreachable()
    return Refused(told.sentence, told.remedy, code="engine_unavailable", status=503)


def _refused(endpoint: Endpoint, status: int, said: str, sent: Mapping[str, Any]) -> Refused:
    """What the server says no to, as our refusal: whose fault it is decides the status."""
    error = endpoints.error_of(said)
    if isinstance(window := error.get("n_ctx"), int):
        return too_long(f"have {error.get('n_prompt_tokens')} tokens", window)
    told = endpoints.refusal(endpoint, status, endpoints.words(said, endpoint.key))
    if status in PASSED_ON or (endpoint.local and status == 500 and "not supported" in said):
        named = endpoints.blamed(said, sent) or ("response_format" if "schema" in said else None)
        return Refused(told.sentence, told.remedy, named, "invalid_value")
    if status == 429:
        return Refused(told.sentence, told.remedy, code="rate_limit_exceeded", status=429)
    return Refused(told.sentence, told.remedy, code="engine_unavailable", status=503)
