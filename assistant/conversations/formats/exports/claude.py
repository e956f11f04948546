"""Claude's export: conversations.json, a list of chats with their messages, of which the shown branch is taken."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from assistant.conversations.formats.exports import branches
from assistant.conversations.formats.found import BadRow, ImportedConversation, Tally
from assistant.record.types import Message

ROOT = "00000000-0000-4000-8000-000000000000"  # what the first message follows
SIDES = {"human": "user", "user": "user", "assistant": "assistant"}
OTHERS = {
    "thinking": "reasoning",
    "redacted_thinking": "reasoning",
    "tool_use": "tool calls",
    "tool_result": "results of tools",
    "image": "images",
    "document": "files",
}


class Claude:
    """{"uuid", "name", "chat_messages": [{"sender", "text", "content": [...]}]}."""

    name = "Claude export"

    def recognises(self, record: Any) -> bool:
        return isinstance(record, Mapping) and isinstance(record.get("chat_messages"), list)

    def read(self, record: Mapping[str, Any], told: Tally) -> Iterator[ImportedConversation]:
        given = record["chat_messages"]
        if not all(isinstance(message, Mapping) for message in given):
            raise BadRow("a message is not an object")
        shown = _shown(given, record.get("current_leaf_message_uuid"))
        if len(shown) < len(given):
            told.leave("messages of branches that were not shown", count=len(given) - len(shown))
        if found := branches.said([_message(message, told) for message in shown], told):
            yield ImportedConversation(found)


def _shown(given: Sequence[Mapping[str, Any]], leaf: Any) -> Sequence[Mapping[str, Any]]:
    """The messages in their order; where they name what they follow, those that lead to the last one."""
    by_id = {message["uuid"]: message for message in given if isinstance(message.get("uuid"), str)}
    linked = any(branches.is_in(by_id, message.get("parent_message_uuid")) for message in given)
    if not linked or len(by_id) != len(given):
        return given
    last = leaf if branches.is_in(by_id, leaf) else given[-1]["uuid"]
    return branches.path(by_id, last, "parent_message_uuid")


def _message(message: Mapping[str, Any], told: Tally) -> Message:
    role = SIDES.get(str(message.get("sender")))
    if role is None:
        raise BadRow(f"it is not known who {str(message.get('sender'))[:40]} is")
    texts: list[str] = []
    unseen = False
    for part in _list(message.get("content")):
        kind = part.get("type") if isinstance(part, Mapping) else None
        if kind == "text" and isinstance(part.get("text"), str):
            texts.append(part["text"])
        else:
            told.leave(OTHERS.get(str(kind), f'parts of the type "{str(kind)[:40]}"'))
            unseen = unseen or kind in ("image", "document")
    if not texts and isinstance(message.get("text"), str):
        texts = [message["text"]]
    files = [*_list(message.get("attachments")), *_list(message.get("files"))]
    if files:
        told.leave("files", count=len(files))
    return {"role": role, "content": "\n\n".join(texts), "unseen": role == "user" and (unseen or bool(files))}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
