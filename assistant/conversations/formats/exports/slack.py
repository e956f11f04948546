"""Slack's export: a folder a channel, a file a day. A thread is a conversation; who opened it asks."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from typing import Any

from assistant.conversations.formats.exports import branches
from assistant.conversations.formats.found import Hints, ImportedConversation, Tally
from assistant.record.types import Message

NAME = "Slack export"
_LINK = re.compile(r"<([^<>|]*)(?:\|([^<>]*))?>")


class SlackThreads:
    """Collects the messages of an export and makes conversations of its threads."""

    def __init__(self, hints: Hints) -> None:
        self._answering = {name.casefold() for name in hints.of("assistant", "answer")}
        self._names: dict[str, str] = {}
        self._bots: set[str] = set()
        self._threads: dict[tuple[str, str], list[Mapping[str, Any]]] = {}

    def takes(self, record: Any, folder: str) -> bool:
        """Take a message or a user of the export; False for anything else."""
        if not isinstance(record, Mapping):
            return False
        if (
            isinstance(record.get("ts"), str)
            and isinstance(record.get("text"), str)
            and record.get("type") == "message"
        ):
            self._threads.setdefault((folder, str(record.get("thread_ts") or record["ts"])), []).append(record)
            return True
        if isinstance(record.get("profile"), Mapping) and isinstance(record.get("id"), str):
            profile = record["profile"]
            named = (profile.get("display_name"), profile.get("real_name"), record.get("real_name"), record.get("name"))
            self._names[record["id"]] = next((str(name) for name in named if name), record["id"])
            if record.get("is_bot"):
                self._bots.add(record["id"])
            return True
        return False

    def __bool__(self) -> bool:
        return bool(self._threads)

    def conversations(self, told: Tally) -> Iterator[ImportedConversation]:
        """The threads in which somebody answers. Who opened a thread asks in it, unless it was said who answers."""
        for (folder, _), thread in self._threads.items():
            ordered = sorted(thread, key=lambda message: message["ts"])
            opener = _author(ordered[0])
            messages = [made for one in ordered if (made := self._message(one, opener, told)) is not None]
            if not any(message["role"] == "assistant" for message in messages):
                told.leave("messages of Slack that nobody answered in a thread", count=len(messages))
                continue
            if found := branches.said(messages, told):
                yield ImportedConversation(found, place=f"{folder}, {ordered[0]['ts']}", format=NAME)

    def _message(self, message: Mapping[str, Any], opener: str, told: Tally) -> Message | None:
        subtype = str(message.get("subtype") or "")
        if subtype and subtype not in ("bot_message", "thread_broadcast", "me_message", "file_share"):
            told.leave("notices of Slack")
            return None
        author = _author(message)
        files = message.get("files")
        unseen = isinstance(files, list) and bool(files)
        if unseen:
            told.leave("files", count=len(message["files"]))
        role = "assistant" if self._answers(author, message, opener) else "user"
        return {"role": role, "content": self._text(message["text"]), "unseen": unseen and role == "user"}

    def _answers(self, author: str, message: Mapping[str, Any], opener: str) -> bool:
        names = {author.casefold(), self._names.get(author, author).casefold(), str(message.get("username")).casefold()}
        if self._answering:
            return bool(names & self._answering)
        return author in self._bots or bool(message.get("bot_id")) or author != opener

    def _text(self, text: str) -> str:
        """Slack's marks as plain text: mentions by name, links by their address."""

        def plain(found: re.Match[str]) -> str:
            target, label = found[1], found[2]
            if target.startswith(("@", "#")):
                return target[0] + (label or self._names.get(target[1:], target[1:]))
            if target.startswith("!"):
                return f"@{label or target[1:]}"
            return f"{label} ({target})" if label and label != target else target

        return html.unescape(_LINK.sub(plain, text))


def _author(message: Mapping[str, Any]) -> str:
    return str(message.get("user") or message.get("bot_id") or message.get("username") or "")
