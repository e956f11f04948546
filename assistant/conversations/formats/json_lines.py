"""Conversations in and out of files: JSON lines of {"messages": [{"role", "content"}]}, UTF-8."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from assistant.errors import AttuneError
from assistant.record.types import Message

ROLES = ("system", "user", "assistant")
REMEDY = (
    'Each line is one JSON object: {"messages": [{"role": "user", "content": "..."}, '
    '{"role": "assistant", "content": "..."}]}.'
)


@dataclass(frozen=True)
class Problem:
    """What is wrong with one line of a file, in one sentence."""

    line: int
    sentence: str


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
    """Every conversation of the file, or an error that names the first bad lines; nothing is taken from a bad file."""
    found: list[list[Message]] = []
    problems: list[Problem] = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        messages = _line(line)
        if isinstance(messages, str):
            problems.append(Problem(number, messages))
        else:
            found.append(messages)
    if problems:
        first = "; ".join(f"line {p.line}: {p.sentence}" for p in problems[:3])
        more = f" (and {len(problems) - 3} more)" if len(problems) > 3 else ""
        raise AttuneError(f"{name}, {first}{more}.", f"{REMEDY} Nothing was imported.")
    if not found:
        raise AttuneError(f"{name} holds no conversation.", REMEDY)
    return found


def read(path: Path) -> list[list[Message]]:
    """The conversations of a .jsonl file."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise AttuneError(f"{path} cannot be read: {error.strerror}.", "Check the path.") from error
    return parse(decode(data, path.name), path.name)


def half(role: str, text: str) -> str:
    """What is wrong with a message that holds half of a character alone (a surrogate); "" where none does."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        broken = f"\\u{ord(text[error.start]):04x}"  # as JSON escapes it
        return f"the {role} message holds {broken}, half of a character: remove it or write the whole one"
    return ""


def write(path: Path, conversations: Iterable[list[Message]]) -> int:
    """Write conversations as JSON lines, whole or not at all; returns how many."""
    part = path.with_name(path.name + ".part")
    count = 0
    with part.open("w", encoding="utf-8") as file:
        for messages in conversations:
            file.write(json.dumps({"messages": messages}, ensure_ascii=False) + "\n")
            count += 1
    part.replace(path)
    return count


def _line(line: str) -> list[Message] | str:
    """The messages of one line, or what is wrong with it."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):  # a number of thousands of digits is no JSONDecodeError
        return "this is not valid JSON"
    messages = value.get("messages") if isinstance(value, dict) else None
    if not isinstance(messages, list) or not messages:
        return 'there is no list called "messages"'
    problem = next((p for m in messages if (p := _message_problem(m))), None) or _order_problem(messages)
    return problem or [_clean(message) for message in messages]


def _message_problem(message: Any) -> str | None:
    if not isinstance(message, dict):
        return "a message is not an object"
    role, content = message.get("role"), message.get("content")
    if role not in ROLES:
        return f"the role {json.dumps(role)} is not one of system, user, assistant"
    if not isinstance(content, str):
        return f"the content of the {role} message is not text"
    if not content.strip():
        return f"the {role} message is empty"
    if broken := half(role, content):
        return broken
    if message.get("weight", 1) not in (0, 1):
        return '"weight" is neither 0 nor 1'
    return None


def _order_problem(messages: list[Message]) -> str | None:
    roles = [message["role"] for message in messages if message["role"] != "system"]
    if "system" in [message["role"] for message in messages[1:]]:
        return "a system message stands after the first message"
    if not roles or roles[0] != "user":
        return "the conversation does not begin with the user"
    if roles[-1] != "assistant":
        return "the conversation does not end with an answer"
    if any(a == b for a, b in pairwise(roles)):
        return "two messages in a row are from the same side"
    return None


def _clean(message: Message) -> Message:
    kept: Message = {"role": message["role"], "content": message["content"].strip()}
    if message.get("weight", 1) == 0:
        kept["weight"] = 0
    return kept
