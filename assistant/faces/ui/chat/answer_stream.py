"""An answer while it is being made: statuses and text in the order in which they happened."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from assistant.chat import Chat, Reply
from assistant.record.types import Message, Variant


@dataclass(frozen=True)
class StreamPiece:
    """`kind`: status (what is being waited for), wait (the same with the seconds so far), text (a part of the answer)
    or end (with the finished reply)."""

    kind: str
    text: str = ""
    reply: Reply | None = None


Line = queue.Queue[StreamPiece | Exception]


def pieces(chat: Chat, variant: Variant, messages: Sequence[Message]) -> Iterator[StreamPiece]:
    """Answer on a thread, so that a status shows while the model loads. Closing this iterator ends the answer.

    Raises what the chat raises.
    """
    line: Line = queue.Queue()
    stopped = threading.Event()
    work = threading.Thread(target=_answer, args=(chat, variant, list(messages), line, stopped), daemon=True)
    work.start()
    try:
        began, status = time.monotonic(), "Thinking"
        while True:
            try:
                piece = line.get(timeout=1.0)
            except queue.Empty:  # nothing new: say for how long, so that waiting does not look like hanging
                yield StreamPiece("wait", f"{status} · {time.monotonic() - began:.0f} s")
                continue
            if isinstance(piece, Exception):
                raise piece
            status = piece.text if piece.kind == "status" else status
            yield piece
            if piece.kind == "end":
                return
    finally:
        stopped.set()


def _answer(chat: Chat, variant: Variant, messages: list[Message], line: Line, stopped: threading.Event) -> None:
    try:
        reply = chat.reply(variant, messages, on_status=lambda text: line.put(StreamPiece("status", text)))
        for text in reply:
            if stopped.is_set():
                close: Any = getattr(reply, "close", None)
                if close:
                    close()
                return
            line.put(StreamPiece("text", text))
        line.put(StreamPiece("end", reply=reply))
    except Exception as error:
        line.put(error)
