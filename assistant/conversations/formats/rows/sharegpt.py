"""ShareGPT rows: {"conversations": [{"from": "human", "value": "..."}, {"from": "gpt", "value": "..."}]}."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from assistant.conversations.formats import messages
from assistant.conversations.formats.exports import branches
from assistant.conversations.formats.found import BadRow, ImportedConversation, Tally
from assistant.record.types import Message

LISTS = ("conversations", "conversation", "messages", "dialog", "dialogue", "turns", "items", "history", "contents")
WHO, WHAT = ("from", "role", "speaker", "user"), ("value", "content", "text", "markdown", "message", "parts")
SIDES = {
    **dict.fromkeys(("human", "user", "prompter", "customer", "client", "question"), "user"),
    **dict.fromkeys(("gpt", "assistant", "chatgpt", "bing", "bard", "claude", "model", "bot", "ai"), "assistant"),
    **dict.fromkeys(("system", "developer"), "system"),
    **dict.fromkeys(("function_call", "tool_call", "function-call"), "call"),
    **dict.fromkeys(("observation", "tool", "function", "function_response", "tool_response", "ipython"), "tool"),
}
USED = ("system", "systemInstruction", "id", "tools", "parallel_tool_calls")


class ShareGpt:
    """One conversation a row, its sides named in one of many ways."""

    name = "ShareGPT"

    def recognises(self, record: Any) -> bool:
        return _key(record) is not None

    def read(self, record: Mapping[str, Any], told: Tally) -> Iterator[ImportedConversation]:
        key = _key(record)
        if key is None:
            raise BadRow('there is no list called "conversations"')
        for name in record:
            if name not in (key, *USED) and record[name] not in (None, "", []):
                told.leave(f'the field "{str(name)[:40]}" of rows')
        found = [_message(turn) for turn in record[key]]
        system = record.get("system") or record.get("systemInstruction")
        if isinstance(system, Mapping):
            system = _message({"role": "system", **system})["content"]
        if isinstance(system, str) and system.strip() and found[0]["role"] != "system":
            found.insert(0, {"role": "system", "content": system})
        found = _answered(found, told)
        if not found:
            return
        row = {"messages": found, **{name: record[name] for name in USED[3:] if record.get(name) is not None}}
        yield ImportedConversation(messages.conversation(row, told))


def _answered(found: list[Message], told: Tally) -> list[Message]:
    """The turns up to the last answer: dumps of chats often end with a question."""
    last = max((n for n, message in enumerate(found) if message["role"] == "assistant"), default=0)
    if not last:
        told.leave(branches.NO_ANSWER)
        return []
    told.leave(branches.UNANSWERED, count=len(found) - last - 1)
    return found[: last + 1]


def _key(record: Any) -> str | None:
    """Where the turns stand; None where there are none that say who speaks."""
    if not isinstance(record, Mapping):
        return None
    for key in LISTS:
        turns = record.get(key)
        if isinstance(turns, list) and turns and isinstance(turns[0], Mapping) and _one(turns[0], WHO) is not None:
            return key
    return None


def _one(turn: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    return next((turn[name] for name in names if turn.get(name) is not None), None)


def _message(turn: Any) -> Message:
    if not isinstance(turn, Mapping):
        raise BadRow("a turn is not an object")
    who, text = _one(turn, WHO), _one(turn, WHAT)
    if isinstance(text, list) and text and all(isinstance(p, Mapping) and set(p) == {"text"} for p in text):
        text = "".join(str(part["text"]) for part in text)  # Gemini's parts
    side = SIDES.get(str(who).strip().lower())
    if side is None:
        raise BadRow(f"it is not known who {json.dumps(who, default=str)[:40]} is")
    if side == "call":
        return {"role": "assistant", "content": None, "tool_calls": _calls(text)}
    made: Message = {"role": side, "content": "" if text is None and turn.get("tool_calls") else text}
    kept = ("tool_calls", "tool_call_id", "weight") if side != "user" else ()
    return made | {name: turn[name] for name in kept if turn.get(name) is not None}


def _calls(text: Any) -> list[Message]:
    """The calls of a turn: an object with name and arguments, or a list of them, as JSON."""
    try:
        value = json.loads(text) if isinstance(text, str) else text
    except (ValueError, RecursionError):
        raise BadRow("a function call is not valid JSON") from None
    given = value if isinstance(value, list) else [value]
    if not all(isinstance(one, Mapping) and isinstance(one.get("name"), str) for one in given):
        raise BadRow("a function call has no name")
    return [messages.call(one["name"], one.get("arguments", one.get("parameters", {}))) for one in given]
