"""ChatGPT's export: conversations.json, a tree of messages for each chat, of which the shown branch is taken."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from assistant.conversations.formats.exports import branches
from assistant.conversations.formats.found import BadRow, ImportedConversation, Tally
from assistant.record.types import Message

REASONING = ("thoughts", "reasoning_recap")
HIDDEN = ("user_editable_context", "model_editable_context")
_MARKS = re.compile("\ue200[^\ue201]*\ue201|[\ue200-\ue2ff]|【\\d+†[^】]*】")  # of citations, which only its page shows
_UNSEEN = {"image": "images", "audio": "audio", "video": "videos"}


class ChatGpt:
    """{"title", "mapping": {id: {"message", "parent", "children"}}, "current_node"}."""

    name = "ChatGPT export"

    def recognises(self, record: Any) -> bool:
        return isinstance(record, Mapping) and isinstance(record.get("mapping"), Mapping)

    def read(self, record: Mapping[str, Any], told: Tally) -> Iterator[ImportedConversation]:
        nodes = {str(id): node for id, node in record["mapping"].items() if isinstance(node, Mapping)}
        shown = branches.path(nodes, _last(record, nodes), "parent")
        if nodes and not shown:
            raise BadRow("the branch that was shown cannot be followed")
        off = len([node for node in nodes.values() if node.get("message")])
        off -= len([node for node in shown if node.get("message")])
        if off:
            told.leave("messages of branches that were not shown", count=off)
        messages = [made for node in shown if (made := _message(node.get("message"), told)) is not None]
        if found := branches.said(messages, told):
            yield ImportedConversation(found)


def _last(record: Mapping[str, Any], nodes: Mapping[str, Any]) -> Any:
    """The last message of the shown branch; where that is not said, the youngest that nothing follows."""
    if branches.is_in(nodes, record.get("current_node")):
        return record["current_node"]
    followed = {str(node.get("parent")) for node in nodes.values()}
    leaves = [id for id in nodes if id not in followed]
    return max(leaves, key=lambda id: _time(nodes[id]), default=None)


def _time(node: Mapping[str, Any]) -> float:
    message = node.get("message")
    time = message.get("create_time") if isinstance(message, Mapping) else None
    return float(time) if isinstance(time, int | float) else 0.0


def _message(message: Any, told: Tally) -> Message | None:
    """A message that was shown and says something; None for all others, which are told."""
    if not isinstance(message, Mapping):
        return None
    author, content = message.get("author"), message.get("content")
    role = author.get("role") if isinstance(author, Mapping) else None
    if not isinstance(content, Mapping) or not isinstance(role, str):
        raise BadRow("a message has no author or no content")
    kind = str(content.get("content_type"))
    metadata = message.get("metadata")
    hidden = isinstance(metadata, Mapping) and metadata.get("is_visually_hidden_from_conversation")
    if role == "tool":
        told.leave("results of tools")
        return None
    if role == "system" or hidden or kind in HIDDEN:
        if _texts(content, Tally())[0].strip() or kind in HIDDEN:
            told.leave("hidden instructions")
        return None
    if kind in REASONING:
        told.leave("reasoning")
        return None
    if role == "assistant" and (str(message.get("recipient") or "all") != "all" or kind == "code"):
        told.leave("tool calls")
        return None
    if role not in ("user", "assistant"):
        told.leave(f"messages of the role {role[:40]}")
        return None
    text, unseen = _texts(content, told)
    if kind not in ("text", "multimodal_text") and not text.strip():
        told.leave(f'messages of the type "{kind[:40]}"')
        return None
    if role == "assistant" and (marks := len(_MARKS.findall(text))):
        told.leave("marks of citations", count=marks)
        text = _MARKS.sub("", text)
    return {"role": role, "content": text, "unseen": unseen or bool(_attached(metadata, content, told))}


def _texts(content: Mapping[str, Any], told: Tally) -> tuple[str, bool]:
    """The text of the parts, and whether there is one that no text can say."""
    parts = _parts(content)
    if not parts:
        text = content.get("text")
        return (text, False) if isinstance(text, str) else ("", False)
    texts, unseen = [], False
    for part in parts:
        if isinstance(part, str):
            texts.append(part)
        elif isinstance(part, Mapping):
            kind = str(part.get("content_type"))
            if isinstance(part.get("text"), str):  # what was heard, written down
                texts.append(part["text"])
                continue
            what = next((many for one, many in _UNSEEN.items() if one in kind), f'parts of the type "{kind[:40]}"')
            told.leave(what)
            unseen = unseen or what != "audio"  # audio comes with its transcript
    return "\n".join(text for text in texts if text), unseen


def _parts(content: Mapping[str, Any]) -> list[Any]:
    parts = content.get("parts")
    return parts if isinstance(parts, list) else []


def _attached(metadata: Any, content: Mapping[str, Any], told: Tally) -> int:
    """Files that a message came with, images apart: those are parts of it."""
    files = metadata.get("attachments") if isinstance(metadata, Mapping) else None
    if not isinstance(files, list):
        return 0
    images = sum(isinstance(part, Mapping) for part in _parts(content))
    others = max(0, len(files) - images)
    if others:
        told.leave("files", count=others)
    return others
