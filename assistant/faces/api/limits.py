"""How much one owner may ask: requests a minute, answers at once, bytes a body."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any

from fastapi.requests import HTTPConnection

from assistant.faces.api import auth, error_objects
from assistant.settings import Settings
from assistant.uploads.refusals import Refused

JSON_MB = 16.0  # largest body that is not a file
FORM_MB = 1.0  # what a form adds to its file
WITH_BODY = ("POST", "PUT", "PATCH")

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]


class OwnerLimits:
    """Counts in memory: a bucket of requests that fills again with time, and the answers being written."""

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        self._most, self._streams = settings.api_requests, settings.api_streams
        self._clock, self._lock = clock, threading.Lock()
        self._buckets: dict[str, tuple[float, float]] = {}  # owner -> (requests left, when that was true)
        self._writing: dict[str, int] = {}

    def request(self, owner: str) -> None:
        """Count one request. Raises Refused (429) when the minute's are used up; one that is refused counts nothing."""
        with self._lock:
            now = self._clock()
            left, then = self._buckets.get(owner, (float(self._most), now))
            left = min(float(self._most), left + (now - then) * self._most / 60)
            self._buckets[owner] = (left - 1 if left >= 1 else left, now)
        if left < 1:
            raise Refused(
                f"More than {self._most} requests came in a minute.",
                "Wait a moment, or raise ATTUNE_API_REQUESTS.",
                code="rate_limit_exceeded",
                status=429,
            )

    def begin(self, owner: str, answers: int) -> None:
        """Count answers that begin. Raises Refused (429) when too many are being written."""
        with self._lock:
            writing = self._writing.get(owner, 0)
            if writing + answers <= self._streams:
                self._writing[owner] = writing + answers
                return
        raise Refused(
            f"{writing} answers are being written, and ATTUNE_API_STREAMS allows {self._streams} at once.",
            "Wait for one to end.",
            code="rate_limit_exceeded",
            status=429,
        )

    def end(self, owner: str, answers: int) -> None:
        with self._lock:
            self._writing[owner] -= answers

    def writing(self) -> int:
        """Answers being written now, everybody's."""
        with self._lock:
            return sum(self._writing.values())

    @contextmanager
    def answering(self, owner: str, answers: int) -> Iterator[None]:
        self.begin(owner, answers)
        try:
            yield
        finally:
            self.end(owner, answers)


class Marked:
    """ASGI middleware, the outermost: every answer has an id in its header, a fault of ours too, which ends here."""

    def __init__(self, app: App) -> None:
        self.app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        started = False

        async def marked(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                message = {**message, "headers": [*message["headers"], (b"x-request-id", id)]}
            await send(message)

        id = f"req_{secrets.token_hex(16)}".encode()
        try:
            await self.app(scope, receive, marked)
        except Exception as error:
            if started or scope["type"] != "http":
                raise
            await error_objects.bug(scope["method"], scope["path"], error)(scope, receive, marked)


class Bodies:
    """ASGI middleware: a body is read of those with a key only, and not further than it may be large.

    The key is looked at here because a route looks when the body is read already, a file's to the disk.
    """

    def __init__(self, app: App, file_mb: float) -> None:
        self.app = app
        self.file_mb = file_mb

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if scope["method"] in WITH_BODY:
            try:
                auth.known(HTTPConnection(scope))
            except Refused as refused:
                await error_objects.of(refused)(scope, receive, send)
                return
        path = str(scope["path"]).rstrip("/")
        most = (self.file_mb + FORM_MB if path.endswith(("/files", "/parts")) else JSON_MB) * 1e6
        headers = dict(scope["headers"])
        told = headers.get(b"content-length", b"0")
        if not told.isdigit() or int(told) > most:
            await _refusal(most)(scope, receive, send)
            return
        got, started = 0, False

        async def counted() -> Message:
            nonlocal got
            message = await receive()
            got += len(message.get("body", b""))
            if got > most:
                raise _TooLarge
            return message

        async def sending(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self.app(scope, counted, sending)
        except _TooLarge:
            if not started:
                await _refusal(most)(scope, receive, send)


class _TooLarge(BaseException):
    """The body grew past its limit. No Exception: whoever reads a body turns those into other answers."""


def _refusal(most: float) -> Any:
    return error_objects.response(
        413,
        f"The body is larger than {most / 1e6:g} MB. Send less, or a file in several parts.",
        None,
        "request_too_large",
    )
