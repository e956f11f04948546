"""A message of a file as the record keeps it: role and text, with tool calls, results and names where it has any.

What a conversation may call (`tools`, `parallel_tool_calls`) stands on its first message.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from assistant.conversations.formats.found import BadRow, Tally
from assistant.record.types import Message
from tools.chat_rows import DECLARED

ROLES = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
    "tool": "tool",
    "function": "tool",
}
KEYS = ("role", "content", "name", "weight", "refusal", "tool_calls", "tool_call_id", "function_call")
TEXTS = ("text", "input_text", "output_text")
UNSEEN = {"image": "images", "video": "videos", "audio": "audio", "file": "files", "document": "files"}
REASONING = ("reasoning", "reasoning_content", "thinking", "thoughts", "redacted_thinking")
CONTEXT = "answers about images, audio or files that are not there, kept as context"


def conversation(row: Mapping[str, Any], told: Tally, name: str = "messages") -> list[Message]:
    """The messages of a row, checked, with what the row declares on the first of them. Raises BadRow."""
    found = listed(row.get(name), name, told)
    if found[-1]["role"] != "assistant":
        raise BadRow("the last message is not from the assistant")
    if len(found) == 1:
        raise BadRow("there is nothing before the answer")
    if not any(m["role"] == "assistant" and m.get("weight") != 0 for m in row[name]):
        raise BadRow("no assistant message has a weight of 1, so there is nothing to learn")
    return declared(found, row)


def listed(value: Any, name: str, told: Tally) -> list[Message]:
    """The messages of a list, in their order. Raises BadRow."""
    if not isinstance(value, list) or not value:
        raise BadRow(f'there is no list called "{name}"')
    found: list[Message] = []
    blind = False
    for each in value:
        message, unseen = read(each, told)
        if blind and message["role"] == "assistant" and message.get("weight", 1):
            told.leave(CONTEXT)
            message["weight"] = 0
        blind = unseen or (blind and message["role"] != "assistant")
        found.append(message)
    _check_results(found)
    return found


def read(message: Any, told: Tally) -> tuple[Message, bool]:
    """A message, and whether a part of it was left out that its answer needs. Raises BadRow."""
    if not isinstance(message, Mapping):
        raise BadRow("a message is not an object")
    role = message.get("role")
    if not isinstance(role, str) or role not in ROLES:
        raise BadRow(f"the role {json.dumps(role, default=str)[:40]} is not one of {', '.join(ROLES)}")
    for key in (key for key in message if key not in KEYS and message[key] not in (None, [], "")):
        what = "reasoning" if key in REASONING else f'the field "{str(key)[:40]}" of messages'
        told.leave(what, f'the {role} message has a field "{str(key)[:40]}", which is not trained on')
    calls = _calls(message) if role == "assistant" else []
    text, unseen = _text(role, message, bool(calls), told)
    if broken := half(role, text):
        raise BadRow(broken)
    if role == "assistant" and not text.strip() and not calls:
        raise BadRow("the assistant message is empty")
    kept: Message = {"role": ROLES[role], "content": text}
    if calls:
        kept["tool_calls"] = calls
    for key in ("name", "tool_call_id"):
        if isinstance(message.get(key), str) and message[key]:
            kept[key] = message[key]
    return kept | _weight(role, message), unseen


def declared(messages: list[Message], row: Mapping[str, Any]) -> list[Message]:
    """The messages with the tools that the row declares, on the first of them. Raises BadRow."""
    tools = row.get("tools")
    if not tools and row.get("functions"):
        tools = row["functions"]
    if isinstance(tools, str):
        tools = _json(tools, "the tools are not valid JSON") if tools.strip() else None
    found: Message = {}
    if tools is not None:
        if not isinstance(tools, list):
            raise BadRow('"tools" is not a list')
        found["tools"] = [_tool(tool) for tool in tools]
    if isinstance(row.get("parallel_tool_calls"), bool):
        found["parallel_tool_calls"] = row["parallel_tool_calls"]
    first = {key: value for key, value in messages[0].items() if key not in DECLARED} | found
    return [first, *messages[1:]]


def context(messages: Sequence[Message]) -> list[Message]:
    """The messages before an answer that is judged: answers among them are context."""
    return [message | {"weight": 0} if message["role"] == "assistant" else message for message in messages]


def content(value: Any) -> str | None:
    """The text of a message's content: a string, or a list of text parts. None for anything else."""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and value:
        parts = [part.get("text") if isinstance(part, dict) and part.get("type") in TEXTS else None for part in value]
        texts = [part for part in parts if isinstance(part, str)]
        return "".join(texts) if len(texts) == len(value) else None
    return None


def half(role: str, text: str) -> str:
    """What is wrong with a message that holds half of a character alone (a surrogate); "" where none does."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        broken = f"\\u{ord(text[error.start]):04x}"  # as JSON escapes it
        return f"the {role} message holds {broken}, half of a character: remove it or write the whole one"
    return ""


def call(name: str, arguments: Any, id: str = "") -> Message:
    """A tool call in OpenAI's form; arguments are JSON as text."""
    text = arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
    made: Message = {"id": id} if id else {}
    return made | {"type": "function", "function": {"name": name, "arguments": text}}


def _calls(message: Mapping[str, Any]) -> list[Message]:
    given = message.get("tool_calls") or []
    if isinstance(message.get("function_call"), Mapping):
        given = [{"function": message["function_call"]}]
    if not isinstance(given, list):
        raise BadRow('"tool_calls" is not a list')
    return [_call(each) for each in given]


def _call(given: Any) -> Message:
    function = given.get("function", given) if isinstance(given, Mapping) else None
    name = function.get("name") if isinstance(function, Mapping) else None
    if not isinstance(function, Mapping) or not isinstance(name, str) or not name:
        raise BadRow("a tool call names no function")
    arguments = function.get("arguments")
    if arguments is not None and not isinstance(arguments, str | Mapping):
        raise BadRow("the arguments of a tool call are neither text nor an object")
    made = call(name, "{}" if arguments is None else arguments, str(given.get("id") or ""))
    for text in made["function"].values():
        if broken := half("assistant", text):
            raise BadRow(broken)
    return made


def _tool(given: Any) -> Message:
    """A tool in OpenAI's form; a bare function becomes one."""
    if isinstance(given, Mapping) and isinstance(given.get("function"), Mapping):
        tool, function = dict(given), given["function"]
    elif isinstance(given, Mapping) and isinstance(given.get("name"), str):
        tool, function = {"type": "function", "function": dict(given)}, given
    else:
        raise BadRow("a tool is not a function")
    if not isinstance(function.get("name"), str) or not function["name"]:
        raise BadRow("a tool has no name")
    return tool


def _text(role: str, message: Mapping[str, Any], calls: bool, told: Tally) -> tuple[str, bool]:
    """What the message says. A refusal is what the assistant is to say, where it stands in place of content."""
    refusal = message.get("refusal") if role == "assistant" else None
    given = message.get("content")
    if isinstance(refusal, str) and refusal:
        if given:
            raise BadRow("the assistant message has both content and a refusal")
        return refusal, False
    if given is None or (calls and given == []):
        if not calls:
            raise BadRow(f"the {role} message has no content")
        return "", False
    if isinstance(given, str):
        return given, False
    if not isinstance(given, list) or not given:
        raise BadRow(f"the content of the {role} message is not text")
    return _parts(role, given, told)


def _parts(role: str, parts: Sequence[Any], told: Tally) -> tuple[str, bool]:
    """The text of parts, and whether there was one that an answer needs and no text can say."""
    texts, unseen = [], False
    for part in parts:
        kind = part.get("type") if isinstance(part, Mapping) else None
        text = part.get("refusal" if kind == "refusal" else "text") if isinstance(part, Mapping) else part
        if isinstance(text, str) and (kind in (*TEXTS, "refusal") or isinstance(part, str)):
            texts.append(text)
            continue
        if not isinstance(kind, str):
            raise BadRow(f"the content of the {role} message is not text")
        lost = next((what for word, what in UNSEEN.items() if word in kind), "")
        what = lost or ("reasoning" if kind in REASONING else f'parts of the type "{kind[:40]}"')
        told.leave(what, f"the {role} message has a part of the type {kind[:40]}, and text alone is trained on")
        unseen = unseen or bool(lost)
    return "".join(texts), unseen and role != "assistant"


def _weight(role: str, message: Mapping[str, Any]) -> Message:
    weight = message.get("weight")
    if weight is None:
        return {}
    if role != "assistant" or isinstance(weight, bool) or weight not in (0, 1):
        raise BadRow('"weight" is not 0 or 1 of an assistant message')
    return {"weight": 0} if weight == 0 else {}


def _check_results(messages: Sequence[Message]) -> None:
    """A result follows the call that it answers. Calls and results without an id get one, in their order."""
    waiting: list[str] = []  # ids of the calls without a result, in their order
    open_, number = False, 0
    for message in messages:
        if message["role"] == "tool":
            id = message.get("tool_call_id") or (waiting[0] if waiting else "")
            if not open_ or id not in waiting:
                raise BadRow("a tool message answers no tool call")
            waiting.remove(id)
            message["tool_call_id"] = id
            continue
        open_ = bool(message.get("tool_calls"))
        waiting = []
        for each in message.get("tool_calls", ()):
            number += 1
            each.setdefault("id", f"call_{number}")
            waiting.append(each["id"])


def _json(text: str, reason: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise BadRow(reason) from None
