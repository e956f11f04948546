"""Only pages of this machine's own name are answered while the app listens on loopback and asks for no password.

A website may point its own name at 127.0.0.1. Its visitor's browser then takes Attune for a part of that website, and
lets its scripts read and confirm everything. The header Host still says the name.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from starlette.responses import PlainTextResponse, Response

from assistant.faces.api import error_objects
from assistant.faces.api.auth import loopback

MISDIRECTED = 421  # HTTP's status for a request that was meant for another server
REFUSAL = (
    "Attune listens on loopback and does not answer to this Host. Open it as localhost, 127.0.0.1 or [::1], or "
    "set ATTUNE_PASSWORD, with which it answers to any."
)
_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[^:\[\]]+)(?::[0-9]*)?")

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]


class OwnHost:
    """ASGI middleware: a request or websocket whose Host is not a name of loopback, at any port, is refused."""

    def __init__(self, app: App) -> None:
        self.app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket") or _own(scope["headers"]):
            await self.app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008, "reason": ""})
        else:
            await _refusal(scope["path"])(scope, receive, send)


def _own(headers: list[tuple[bytes, bytes]]) -> bool:
    given = [value.decode("latin-1") for name, value in headers if name == b"host"]
    return bool(given) and all(loopback(_name(host)) for host in given)


def _name(host: str) -> str:
    """The name or address in a Host header, without its port; "" where there is none."""
    found = _HOST.fullmatch(host.strip().lower())
    return found[1].strip("[]") if found else ""


def _refusal(path: str) -> Response:
    """In /v1 an error object as for everything else there."""
    if path == "/v1" or path.startswith("/v1/"):
        return error_objects.response(MISDIRECTED, REFUSAL, None, "unknown_host")
    return PlainTextResponse(REFUSAL, MISDIRECTED)
