"""Training files of OpenAI's two formats, read to the letter: conversations, and one answer preferred to another.

Unlike an import (`formats.py`), where people look at what came in, nothing here is tidied: a row is trained on as
it was written, in its order, with its weights.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from assistant.conversations.formats.json_lines import half
from assistant.errors import AttuneError
from assistant.record.types import Message

KEYS = ("role", "content", "name", "weight", "refusal", "tool_calls", "function_call")  # of a message
ROLES = {"system": "system", "developer": "system", "user": "user", "assistant": "assistant"}
LEAST, SHOWN = 10, 3  # rows of a training file; problems that are told
CHAT = '{"messages": [{"role": "user", "content": "..."}, {"role": "assistant", "content": "..."}]}'
PREFERENCE = (
    '{"input": {"messages": [{"role": "user", "content": "..."}]}, '
    '"preferred_output": [{"role": "assistant", "content": "..."}], '
    '"non_preferred_output": [{"role": "assistant", "content": "..."}]}'
)
T = TypeVar("T")


@dataclass(frozen=True)
class PreferenceRow:
    """A prompt with two answers: the one that is wanted and the one that is not."""

    prompt: list[Message]
    chosen: str
    rejected: str


class BadRow(Exception):
    """What is wrong with a line, in words that follow "line 3: "."""


def conversations(data: bytes, name: str, least: int = LEAST) -> list[list[Message]]:
    """The rows of a file for supervised training. Raises AttuneError that names the first bad lines."""
    return _rows(data, name, _conversation, CHAT, least)


def pairs(data: bytes, name: str, least: int = LEAST) -> list[PreferenceRow]:
    """The rows of a file for preference training. Raises AttuneError that names the first bad lines."""
    return _rows(data, name, _pair, PREFERENCE, least)


def check_lines(data: bytes, name: str) -> None:
    """Refuse a file that is not JSON lines; what the lines hold is checked when it is known what for."""
    for _ in _each(data, name, lambda _: None, CHAT, 1):
        pass


def _rows(data: bytes, name: str, read: Callable[[dict[str, Any]], T], shape: str, least: int) -> list[T]:
    return list(_each(data, name, read, shape, least))


def _each(data: bytes, name: str, read: Callable[[dict[str, Any]], T], shape: str, least: int) -> Iterator[T]:
    """The rows one after another, none of them kept: a file may have millions. What is wrong is told at its end."""
    good, bad = 0, 0
    problems: list[str] = []  # the first ones
    for number, line in enumerate(io.BytesIO(data.removeprefix(b"\xef\xbb\xbf")), start=1):
        if not line.strip():
            continue
        try:
            row = read(_object(line))
        except BadRow as problem:
            bad += 1
            if bad <= SHOWN:
                problems.append(f"line {number}: {problem}")
        else:
            good += 1
            yield row
    if problems:
        more = f" (and {bad - SHOWN} more)" if bad > SHOWN else ""
        raise AttuneError(f"{name}, {'; '.join(problems)}{more}.", f"Each line is one JSON object: {shape}.")
    if good < least:
        raise AttuneError(f"{name} has {good} rows, and training needs at least {least}.", "Add more examples.")


def _object(line: bytes) -> dict[str, Any]:
    try:
        value = json.loads(line.decode("utf-8"), parse_constant=_no_number)
    except UnicodeDecodeError:
        raise BadRow("this is not UTF-8") from None
    except (ValueError, RecursionError):
        raise BadRow("this is not valid JSON") from None
    if not isinstance(value, dict):
        raise BadRow("this is not a JSON object")
    return value


def _no_number(name: str) -> None:
    raise ValueError(name)


def _conversation(row: dict[str, Any]) -> list[Message]:
    found = _messages(row.get("messages"), "messages")
    if row.get("tools") or row.get("functions"):
        raise BadRow("tools are not trained on here")
    if found[-1]["role"] != "assistant":
        raise BadRow("the last message is not from the assistant")
    if len(found) == 1:
        raise BadRow("there is nothing before the answer")
    if not any(m["role"] == "assistant" and m.get("weight", 1) for m in found):
        raise BadRow("no assistant message has a weight of 1, so there is nothing to learn")
    return found


def _pair(row: dict[str, Any]) -> PreferenceRow:
    asked = row.get("input")
    if not isinstance(asked, dict):
        raise BadRow('there is no object called "input"')
    prompt = _messages(asked.get("messages"), "input.messages")
    if prompt[-1]["role"] != "user":
        raise BadRow("the last message of the input is not from the user")
    chosen, rejected = _answer(row, "preferred_output"), _answer(row, "non_preferred_output")
    if chosen == rejected:
        raise BadRow("both outputs are the same")
    return PreferenceRow(prompt, chosen, rejected)


def _answer(row: dict[str, Any], name: str) -> str:
    found = _messages(row.get(name), name)
    if len(found) != 1 or found[0]["role"] != "assistant":
        raise BadRow(f'"{name}" is not one assistant message')
    return str(found[0]["content"])


def _messages(value: Any, name: str) -> list[Message]:
    if not isinstance(value, list) or not value:
        raise BadRow(f'there is no list called "{name}"')
    return [_message(message) for message in value]


def _message(message: Any) -> Message:
    if not isinstance(message, dict):
        raise BadRow("a message is not an object")
    role = message.get("role")
    if not isinstance(role, str) or role not in ROLES:
        raise BadRow(f"the role {json.dumps(role)[:40]} is not one of {', '.join(ROLES)}")
    if message.get("tool_calls") or message.get("function_call"):
        raise BadRow("tool calls are not trained on here")
    if unknown := [key for key in message if key not in KEYS and message[key] is not None]:
        raise BadRow(f'the {role} message has a field "{unknown[0][:40]}", which is not trained on')
    text = _text(role, message)
    if broken := half(role, text):
        raise BadRow(broken)
    if role == "assistant" and not text:
        raise BadRow("the assistant message is empty")
    kept: Message = {"role": ROLES[role], "content": text}
    weight = message.get("weight", 1)
    if "weight" in message and (role != "assistant" or isinstance(weight, bool) or weight not in (0, 1)):
        raise BadRow('"weight" is not 0 or 1 of an assistant message')
    return kept | {"weight": 0} if weight == 0 else kept


def _text(role: str, message: dict[str, Any]) -> str:
    """What the message says. A refusal is what the assistant is to say, where it stands in place of content."""
    refusal = message.get("refusal") if role == "assistant" else None
    given = message.get("content")
    if isinstance(refusal, str) and refusal:
        if given:
            raise BadRow("the assistant message has both content and a refusal")
        return refusal
    if given is None:
        raise BadRow(f"the {role} message has no content")
    if (text := content(given)) is not None:
        return text
    kinds = [part.get("type") for part in given if isinstance(part, dict)] if isinstance(given, list) else []
    other = next((str(kind)[:40] for kind in kinds if kind != "text"), "")
    raise BadRow(
        f"the {role} message has a part of the type {other}, and text alone is trained on"
        if other
        else f"the content of the {role} message is not text"
    )


def content(value: Any) -> str | None:
    """The text of a message's content: a string, or a list of text parts. None for anything else."""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and value:
        parts = [part.get("text") if isinstance(part, dict) and part.get("type") == "text" else None for part in value]
        texts = [part for part in parts if isinstance(part, str)]
        return "".join(texts) if len(texts) == len(value) else None
    return None
