"""What others wrote, made harmless before a browser sees it: nothing in it loads, runs or leads elsewhere.

Two walls. `markdown` turns a message into one that can hold no image, link or HTML. `Policy` forbids the page itself to
load anything from another place, whatever a panel shows.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

_HEADERS = (
    (
        b"content-security-policy",
        b"default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; object-src 'none'; base-uri 'self'; "
        b"form-action 'self'",
    ),
    (b"referrer-policy", b"no-referrer"),
)
# As entities they are shown as they are and read by no Markdown parser: a backslash could itself be escaped.
_ENTITIES = {"<": "&lt;", "[": "&#91;", "://": ":&#47;&#47;", "www.": "www&#46;"}
_ACTIVE = re.compile("|".join(map(re.escape, _ENTITIES)), re.I)
# Controls, characters that turn the reading direction around, and tags that nobody sees.
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\U000e0000-\U000e007f]")

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]


def markdown(text: str) -> str:
    """The text as Markdown with its bold, lists and code, and without images, links, HTML and unseen characters."""
    return _ACTIVE.sub(lambda found: _ENTITIES[found[0].lower()], _UNSEEN.sub("", text))


class Policy:
    """ASGI middleware: the browser loads from this server alone, and tells no other where a click came from."""

    def __init__(self, app: App) -> None:
        self.app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *_HEADERS]
            await send(message)

        await self.app(scope, receive, sending if scope["type"] == "http" else send)
