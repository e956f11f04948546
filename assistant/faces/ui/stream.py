"""An answer while it is being made: statuses and text in the order in which they happened."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from assistant.chat import Chat, Reply
from assistant.record.types import Message, Variant


@dataclass(frozen=True)
class Piece:
    """`kind`: status (what is being waited for), text (a part of the answer) or end (with the finished reply)."""

    kind: str
    text: str = ""
    reply: Reply | None = None


def pieces(chat: Chat, variant: Variant, messages: Sequence[Message]) -> Iterator[Piece]:
    """Answer on a thread, so that a status shows while the model loads. Closing this iterator ends the answer.

    Raises what the chat raises.
    """
    line: queue.Queue[Piece | Exception] = queue.Queue()
    stopped = threading.Event()
    work = threading.Thread(target=_answer, args=(chat, variant, list(messages), line, stopped), daemon=True)
    work.start()
    try:
        while True:
            piece = line.get()
            if isinstance(piece, Exception):
                raise piece
            yield piece
            if piece.kind == "end":
                return
    finally:
        stopped.set()


def _answer(
    chat: Chat, variant: Variant, messages: list[Message], line: queue.Queue[Piece | Exception], stopped: threading.Event
) -> None:
    try:
        reply = chat.reply(variant, messages, on_status=lambda text: line.put(Piece("status", text)))
        for text in reply:
            if stopped.is_set():
                close: Any = getattr(reply, "close", None)
                if close:
                    close()
                return
            line.put(Piece("text", text))
        line.put(Piece("end", reply=reply))
    except Exception as error:
        line.put(error)
