"""Conversations in and out of texts: read from whatever format is recognised, written as JSON lines of chat rows."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from assistant.conversations.formats.reading import ConversationReader
from assistant.errors import AttuneError
from assistant.record.types import Message
from tools import chat_rows


def decode(data: bytes, name: str) -> str:
    """Text of a file: UTF-8, with or without a byte order mark. Anything else is refused with the line it is in."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise AttuneError(
            f"{name}, line {line}: this is not UTF-8 (perhaps Latin-1).", "Save the file as UTF-8 and import it again."
        ) from error


def parse(text: str, name: str = "The file") -> list[list[Message]]:
    """Every conversation of the text, or an error that names the first bad places; nothing is taken from a bad one."""
    return [one.messages for one in ConversationReader().text(text, name)]


def read(path: Path) -> list[list[Message]]:
    """The conversations of a file in any format."""
    return [one.messages for one in ConversationReader().path(path, path.name)]


def write(path: Path, conversations: Iterable[list[Message]]) -> int:
    """Write conversations as JSON lines, whole or not at all; returns how many."""
    part = path.with_name(path.name + ".part")
    count = 0
    with part.open("w", encoding="utf-8") as file:
        for messages in conversations:
            file.write(json.dumps(chat_rows.row(messages), ensure_ascii=False) + "\n")
            count += 1
    part.replace(path)
    return count
