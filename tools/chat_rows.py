"""A conversation as a row of OpenAI's chat format: what its first message declares stands beside the messages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tools.trainer import Message

DECLARED = ("tools", "parallel_tool_calls")  # what a conversation may call; in memory on its first message


def row(messages: Sequence[Message]) -> dict[str, Any]:
    """{"messages": [...], "tools": [...]} as a vendor takes it and an import reads it."""
    first = messages[0] if messages else {}
    declared = {name: first[name] for name in DECLARED if name in first}
    return {"messages": [plain(message) for message in messages], **declared}


def plain(message: Message) -> Message:
    """A message alone: null where a tool call stands in place of text, a weight only where it says something."""
    kept = {name: value for name, value in message.items() if name not in (*DECLARED, "weight")}
    if message.get("tool_calls") and not message["content"]:
        kept["content"] = None
    if message["role"] == "assistant" and "weight" in message:
        kept["weight"] = message["weight"]
    return kept


def asked(messages: Sequence[Message]) -> list[Message]:
    """Messages as a model is asked them: without weights, and without speakers' names, which training leaves out."""
    dropped = [("weight",) if message["role"] == "tool" else ("weight", "name") for message in messages]
    return [{k: v for k, v in m.items() if k not in names} for m, names in zip(messages, dropped, strict=True)]


def calls(messages: Sequence[Message]) -> int:
    """How many messages call a tool."""
    return sum(bool(message.get("tool_calls")) for message in messages)
