"""Open WebUI's exports: chats, of which the shown branch is taken, and feedback, whose thumbs become labels."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from assistant.conversations.formats.exports import branches
from assistant.conversations.formats.found import BadRow, ImportedConversation, Tally
from assistant.record.types import Message

_DETAILS = re.compile(r'<details type="([\w-]+)"[^>]*>.*?</details>\s*', re.S)
_THOUGHT = re.compile(r"<(think|thinking)>.*?</\1>\s*", re.S)
KINDS = {"reasoning": "reasoning", "tool_calls": "tool calls", "code_interpreter": "tool calls"}


class OpenWebUiChats:
    """{"title", "chat": {"history": {"messages": {id: ...}, "currentId"}, "messages": [...]}}."""

    name = "Open WebUI chats"

    def recognises(self, record: Any) -> bool:
        return _chat(record) is not None

    def read(self, record: Mapping[str, Any], told: Tally) -> Iterator[ImportedConversation]:
        chat = _chat(record)
        if chat is None:
            raise BadRow("there is no chat in it")
        shown = _branch(chat, None)
        history = chat.get("history")
        every = history.get("messages") if isinstance(history, Mapping) else None
        if isinstance(every, Mapping) and len(every) > len(shown):
            told.leave("messages of branches that were not shown", count=len(every) - len(shown))
        messages = [*_system(chat), *(_message(message, told) for message in shown)]
        if found := branches.said(messages, told):
            yield _labelled(found)


class OpenWebUiFeedback:
    """{"type": "rating", "data": {"rating": 1}, "meta": {"message_id"}, "snapshot": {"chat": {...}}}."""

    name = "Open WebUI feedback"

    def recognises(self, record: Any) -> bool:
        return isinstance(record, Mapping) and "snapshot" in record and isinstance(record.get("data"), Mapping)

    def read(self, record: Mapping[str, Any], told: Tally) -> Iterator[ImportedConversation]:
        chat, rating = _chat(record["snapshot"]), _rating(record["data"])
        if chat is None:
            told.leave("feedback without the chat that it is about")
            return
        if rating is None:
            told.leave("feedback without a rating")
            return
        meta = record.get("meta")
        shown = _branch(chat, meta.get("message_id") if isinstance(meta, Mapping) else None)
        messages = [_message(message, told) | {"label": ""} for message in shown]
        found = branches.said([*_system(chat), *messages], told)
        if found:
            for message in found[:-1]:
                message["label"] = ""
            found[-1]["label"] = "up" if rating else "down"
            yield _labelled(found)


def _labelled(found: list[Message]) -> ImportedConversation:
    """Answers with a thumb up, or without any where none was asked for, are approved; one with a thumb down is not."""
    made: list[Message] = []
    for message in found:
        kept = {name: value for name, value in message.items() if name != "label"}
        if message["role"] == "assistant" and message.get("label", "up") != "up":
            kept["weight"] = 0
        made.append(kept)
    down = tuple(place for place, message in enumerate(found) if message.get("label") == "down")
    return ImportedConversation(made, rejected=down)


def _chat(record: Any) -> Mapping[str, Any] | None:
    """The chat of a record, in however many objects called "chat" it lies."""
    for _ in range(4):
        if not isinstance(record, Mapping):
            return None
        history = record.get("history")
        if isinstance(history, Mapping) and isinstance(history.get("messages"), Mapping):
            return record
        record = record.get("chat")
        if isinstance(record, Mapping) and isinstance(record.get("messages"), list) and "history" not in record:
            return record
    return None


def _branch(chat: Mapping[str, Any], last: Any) -> list[Mapping[str, Any]]:
    """The messages to `last`, or to where the chat stands; by what each follows, else in their order."""
    history = chat.get("history")
    nodes = history.get("messages") if isinstance(history, Mapping) else None
    if isinstance(history, Mapping) and isinstance(nodes, Mapping) and nodes:
        known = {str(id): node for id, node in nodes.items()}
        if found := branches.path(known, last if branches.is_in(known, last) else history.get("currentId"), "parentId"):
            return found
    listed = [message for message in _list(chat.get("messages")) if isinstance(message, Mapping)]
    place = next((n for n, message in enumerate(listed) if last and message.get("id") == last), len(listed) - 1)
    return listed[: place + 1]


def _message(message: Mapping[str, Any], told: Tally) -> Message:
    role, text = message.get("role"), message.get("content")
    if role not in ("user", "assistant", "system"):
        raise BadRow(f"it is not known who {str(role)[:40]} is")
    if not isinstance(text, str):
        text = ""
    files = [file for file in _list(message.get("files")) if isinstance(file, Mapping)]
    for file in files:
        told.leave("images" if file.get("type") == "image" else "files")
    if role == "assistant":
        for kind in _DETAILS.findall(text):
            told.leave(KINDS.get(kind, f'parts of the type "{kind[:40]}"'))
        thoughts = len(_THOUGHT.findall(text))
        if thoughts:
            told.leave("reasoning", count=thoughts)
        text = _THOUGHT.sub("", _DETAILS.sub("", text))
    made: Message = {"role": role, "content": text, "unseen": role == "user" and bool(files)}
    rating = _rating(message.get("annotation"))
    return made if rating is None or role != "assistant" else made | {"label": "up" if rating else "down"}


def _rating(value: Any) -> bool | None:
    """Thumbs up, thumbs down, or neither."""
    rating = value.get("rating") if isinstance(value, Mapping) else None
    try:
        number = float(rating) if rating is not None and not isinstance(rating, bool) else 0.0
    except (TypeError, ValueError):
        return None
    return None if not number else number > 0


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _system(chat: Mapping[str, Any]) -> list[Message]:
    params = chat.get("params")
    given = [chat.get("system"), params.get("system") if isinstance(params, Mapping) else None]
    text = next((text for text in given if isinstance(text, str) and text.strip()), "")
    return [{"role": "system", "content": text}] if text else []
