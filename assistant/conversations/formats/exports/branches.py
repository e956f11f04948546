"""A chat that a product gives back: the branch that was shown, and what of it can be learned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from assistant.conversations.formats.found import Tally
from assistant.conversations.formats.messages import CONTEXT, half
from assistant.record.types import Message

NO_ANSWER = "conversations without an answer"
UNANSWERED = "messages after the last answer"
BROKEN = "messages with half of a character"


def path(nodes: Mapping[str, Any], last: Any, parent: str) -> list[Mapping[str, Any]]:
    """The nodes from the first one to `last`, by the key that names each one's parent. A loop ends it."""
    found: list[Mapping[str, Any]] = []
    seen: set[str] = set()
    while isinstance(last, str) and last not in seen and isinstance(nodes.get(last), Mapping):
        seen.add(last)
        found.append(nodes[last])
        last = nodes[last].get(parent)
    return found[::-1]


def is_in(nodes: Mapping[str, Any], id: Any) -> bool:
    """Whether there is a node of that id, whatever the id is."""
    return isinstance(id, str) and id in nodes


def said(messages: Sequence[Message], told: Tally) -> list[Message]:
    """The messages as a conversation: what one side said in a row is one message, and it ends with an answer.

    A message may have "unseen": true, where a part of it was left out; its answer is then context only. Empty where
    nobody answers.
    """
    found: list[Message] = []
    for message in messages:
        text = str(message["content"])
        if half(message["role"], text):
            told.leave(BROKEN)
            continue
        if not text.strip() and not (message["role"] == "user" and message.get("unseen")):
            continue
        if found and found[-1]["role"] == message["role"] and message["role"] != "system":
            found[-1]["content"] = f"{found[-1]['content']}\n\n{text}".strip("\n") if text.strip() else text
            found[-1]["unseen"] = found[-1].get("unseen") or message.get("unseen")
            found[-1] |= {name: message[name] for name in ("weight", "label") if name in message}
        else:
            found.append(dict(message))
    answers = [place for place, message in enumerate(found) if message["role"] == "assistant"]
    if not answers or answers[-1] == 0:
        told.leave(NO_ANSWER)
        return []
    if len(found) > answers[-1] + 1:
        told.leave(UNANSWERED, count=len(found) - answers[-1] - 1)
    return _blind(found[: answers[-1] + 1], told)


def _blind(found: list[Message], told: Tally) -> list[Message]:
    """Without the marks; an answer to what was left out is context."""
    made: list[Message] = []
    for place, message in enumerate(found):
        kept = {name: value for name, value in message.items() if name != "unseen"}
        if message["role"] == "assistant" and place and found[place - 1].get("unseen") and kept.get("weight", 1):
            told.leave(CONTEXT)
            kept["weight"] = 0
        made.append(kept)
    return made
