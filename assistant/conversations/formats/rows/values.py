"""What was asked and what was said, in whatever form a record has it: text, messages, an object around them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from assistant.conversations.formats import messages
from assistant.conversations.formats.found import BadRow, Tally
from assistant.record.types import Message

KINDS = {  # LangChain's names
    "human": "user",
    "ai": "assistant",
    "system": "system",
    "tool": "tool",
    "function": "tool",
    "humanmessage": "user",
    "aimessage": "assistant",
    "aimessagechunk": "assistant",
    "systemmessage": "system",
    "toolmessage": "tool",
    "functionmessage": "tool",
}
ASKED = ("messages", "question", "query", "prompt", "input", "user_input", "text", "instruction", "message", "content")
SAID = (
    "messages",
    "answer",
    "output",
    "response",
    "completion",
    "expected",
    "expected_output",
    "reference",
    "result",
    "text",
    "message",
    "content",
    "generations",
    "choices",
    "label",
)


AS_JSON = "Answers that are objects are kept as JSON: check that they read as they should."


def asked(value: Any, told: Tally) -> list[Message]:
    """The messages before an answer. Raises BadRow where none can be told."""
    found = _messages(value, "user", ASKED, told)
    if not found:
        raise BadRow("it is not clear what was asked")
    return found


def said(value: Any, told: Tally, before: Sequence[Message] = ()) -> list[Message]:
    """The answer: one message, or several where tools were called, without what was asked `before` it.

    Raises BadRow where it cannot be told.
    """
    found = _messages(value, "assistant", SAID, told)
    if before and found[: len(before)] == list(before):
        found = found[len(before) :]
    if not found or any(message["role"] not in ("assistant", "tool") for message in found):
        raise BadRow("it is not clear what was answered")
    return found


def plain(message: Any) -> Any:
    """A message in OpenAI's form, from LangChain's: {"type": "human"}, {"kwargs": ...}, {"data": ...}."""
    if not isinstance(message, Mapping):
        return message
    inner, kind = message, message.get("type")
    if isinstance(message.get("kwargs"), Mapping):
        inner, kind = message["kwargs"], (message.get("id") or [None])[-1]
    elif isinstance(message.get("data"), Mapping):
        inner = message["data"]
    role = inner.get("role") or KINDS.get(str(kind).lower())
    made: Message = {"role": role, "content": inner.get("content")}
    for name in ("tool_calls", "tool_call_id", "weight"):
        if inner.get(name):
            made[name] = inner[name]
    if made.get("tool_calls"):
        made["tool_calls"] = [_call(one) for one in made["tool_calls"]]
    return made


def decoded(value: Any) -> Any:
    """JSON that stands in a text, as tables have it; anything else as it is."""
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value


def _messages(value: Any, role: str, names: tuple[str, ...], told: Tally, depth: int = 0) -> list[Message]:
    if isinstance(value, str):
        return [{"role": role, "content": value}] if value.strip() else []
    if isinstance(value, list) and len(value) == 1 and isinstance(value[0], list):
        value = value[0]  # LangChain's messages of a batch of one
    if isinstance(value, list) and value and all(_is_message(one) for one in value):
        return messages.listed([plain(one) for one in value], "messages", told)
    if isinstance(value, list) and len(value) == 1 and depth < 6:
        return _messages(value[0], role, names, told, depth + 1)
    if not isinstance(value, Mapping) or depth >= 6:
        return []
    if _is_message(value):
        return messages.listed([plain(value)], "messages", told)
    inner = next((name for name in names if value.get(name)), None)
    if inner is None and role == "user" and len(value) == 1:
        inner = next(iter(value))
    if inner is None:
        if not value or role == "user":
            return []
        told.doubt(AS_JSON)
        return [{"role": role, "content": json.dumps(value, ensure_ascii=False, default=str)}]
    for name in value:
        if name != inner and value[name] is not None and name not in ("tools", "parallel_tool_calls"):
            told.leave(f'the field "{str(name)[:40]}" beside "{inner}"')
    found = _messages(value[inner], role, names, told, depth + 1)
    return messages.declared(found, value) if found and ("tools" in value or "functions" in value) else found


def are_messages(value: Any) -> bool:
    """A message, or a list of messages."""
    return _is_message(value) or (isinstance(value, list) and bool(value) and all(_is_message(one) for one in value))


def _is_message(value: Any) -> bool:
    if not isinstance(value, Mapping):
        return False
    if isinstance(value.get("role"), str):
        return "content" in value or "tool_calls" in value
    if isinstance(value.get("kwargs"), Mapping) and value.get("type") == "constructor":
        return True
    inner = value.get("data") if isinstance(value.get("data"), Mapping) else value
    return str(value.get("type")).lower() in KINDS and isinstance(inner, Mapping) and "content" in inner


def _call(given: Any) -> Any:
    """LangChain's {"name", "args", "id"} as OpenAI's."""
    if isinstance(given, Mapping) and "args" in given and "name" in given:
        return messages.call(str(given["name"]), given["args"], str(given.get("id") or ""))
    return given
