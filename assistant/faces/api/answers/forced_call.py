"""A call that `tool_choice` forces: its arguments, written as JSON of the function's own schema from the first token.

llama.cpp alone lets a model write freely before the call that it has to end with. A small model never gets there.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Awaitable, Callable
from typing import Any

from assistant.faces.api.answers.streams import Chunk, Chunks
from assistant.faces.api.schemas.chat_request import ChatCreate, ChosenTool

ANY = {"type": "object", "properties": {}}


def wanted(body: ChatCreate) -> list[str]:
    """The functions of which one has to be called; none where the model is free."""
    if isinstance(body.tool_choice, ChosenTool):
        return [body.tool_choice.function.name]
    if body.tool_choice == "required":
        return [tool.function.name for tool in body.tools or [] if tool.function]
    return []


async def chosen(names: list[str], ask: Callable[[dict[str, Any]], Awaitable[str]]) -> str:
    """The function to call: the model itself says which, where there are several."""
    if len(names) == 1:
        return names[0]
    said = await ask(_format({"type": "object", "properties": {"function": {"enum": names}}, "required": ["function"]}))
    return str(json.loads(said)["function"])


def arguments(body: ChatCreate, name: str) -> dict[str, Any]:
    """The options with which nothing but that function's arguments can be written."""
    functions = [tool.function for tool in body.tools or [] if tool.function]
    shape = next((function.parameters for function in functions if function.name == name), None)
    return _format(shape or ANY) | {"tool_choice": "none"}


async def called(found: Chunks, name: str) -> Chunks:
    """The chunks of an answer that consists of arguments, as those of a call."""
    begun: set[int] = set()
    async for chunk in found:
        yield chunk | {"choices": [_call(one, name, begun) for one in chunk["choices"]]} if chunk["choices"] else chunk


def _call(one: Chunk, name: str, begun: set[int]) -> Chunk:
    delta = {key: value for key, value in one["delta"].items() if key != "content"}
    text, index = one["delta"].get("content"), one["index"]
    call: dict[str, Any] = {}
    if index not in begun:
        begun.add(index)
        call = {"id": f"call_{secrets.token_hex(12)}", "type": "function", "function": {"name": name, "arguments": ""}}
        delta |= {"role": "assistant", "content": None}
    if text:
        call["function"] = call.get("function", {}) | {"arguments": text}
    if call:
        delta["tool_calls"] = [{"index": 0} | call]
    finish = "tool_calls" if one["finish_reason"] == "stop" else one["finish_reason"]
    return one | {"delta": delta, "finish_reason": finish, "logprobs": None}


def _format(shape: dict[str, Any]) -> dict[str, Any]:
    return {"response_format": {"type": "json_schema", "json_schema": {"name": "arguments", "schema": shape}}}
