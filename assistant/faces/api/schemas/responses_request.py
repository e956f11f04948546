"""What goes into /v1/responses, and the same as a request to /v1/chat/completions: each is complete in itself."""

from __future__ import annotations

from typing import Any, Literal

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field, ValidationError

from assistant.faces.api.schemas.chat_request import ChatCreate, Open
from assistant.uploads.refusals import Refused

STATELESS = "Nothing is kept of an answer here: send the whole conversation as 'input'."
KEPT = {
    "previous_response_id": STATELESS,
    "conversation": STATELESS,
    "prompt": "There are no stored prompts here.",
    "background": "Answers are not written in the background.",
    "max_tool_calls": "No tools are called here.",
    "context_management": STATELESS,
}
DEFAULTS: tuple[Any, ...] = (None, False, [], {}, "auto", "disabled", "default", "medium")
IGNORED = (
    "metadata",
    "user",
    "safety_identifier",
    "prompt_cache_key",
    "prompt_cache_retention",
    "service_tier",
    "store",
    "stream_options",
    "truncation",
)
LOGPROBS = "message.output_text.logprobs"
INCLUDED = (LOGPROBS, "reasoning.encrypted_content")  # the latter of models that think in secret: none here does


class Format(BaseModel):
    type: Literal["text", "json_object", "json_schema"] = "text"
    name: str | None = None
    shape: dict[str, Any] | None = Field(None, alias="schema")
    strict: bool | None = None
    description: str | None = None


class Text(Open):
    format: Format | None = None


class ResponseCreate(Open):
    """Fields beside these are taken where they change nothing, else refused by name."""

    model: str = Field(max_length=512)
    input: str | list[dict[str, Any]] = Field(min_length=1)
    instructions: str | None = None
    stream: bool | None = None
    max_output_tokens: int | None = Field(None, ge=1)
    temperature: float | None = Field(None, ge=0, le=2)
    top_p: float | None = Field(None, ge=0, le=1)
    top_logprobs: int | None = Field(None, ge=0, le=20)
    include: list[str] | None = None
    text: Text | None = None
    tools: list[dict[str, Any]] | None = Field(None, max_length=128)
    tool_choice: Literal["none", "auto", "required"] | dict[str, Any] | None = None
    parallel_tool_calls: bool | None = None
    truncation: Literal["auto", "disabled"] | None = None
    store: bool | None = None
    metadata: dict[str, str] | None = Field(None, max_length=16)


def as_chat(body: ResponseCreate) -> ChatCreate:
    """The request of the other route that asks the same. Raises Refused, and what that route raises."""
    _check(body)
    system = [{"role": "system", "content": body.instructions}] if body.instructions else []
    items = [{"role": "user", "content": body.input}] if isinstance(body.input, str) else body.input
    asked: dict[str, Any] = {"model": body.model, "messages": [*system, *_messages(items)]}
    asked |= {"max_completion_tokens": body.max_output_tokens} if body.max_output_tokens else {}
    asked |= {
        name: value
        for name in ("temperature", "top_p", "parallel_tool_calls")
        if (value := getattr(body, name)) is not None
    }
    if user := (body.model_extra or {}).get("user"):
        asked["user"] = str(user)  # whose conversation it is: all of it is answered by one variant
    if LOGPROBS in (body.include or []) or body.top_logprobs:
        asked |= {"logprobs": True, "top_logprobs": body.top_logprobs or 0}
    if body.tools:
        asked["tools"] = [_tool(number, tool) for number, tool in enumerate(body.tools)]
        asked["tool_choice"] = _choice(body.tool_choice)
    if body.text and (form := body.text.format) and form.type != "text":
        schema = {"name": form.name or "answer", "schema": form.shape or {}, "strict": form.strict}
        asked["response_format"] = {"type": form.type} | ({"json_schema": schema} if form.type == "json_schema" else {})
    try:
        return ChatCreate.model_validate(asked)
    except ValidationError as error:
        raise RequestValidationError(error.errors()) from error


def _check(body: ResponseCreate) -> None:
    more = body.model_extra or {}
    for name, why in KEPT.items():
        if more.get(name) not in DEFAULTS:
            raise Refused(f"'{name}' is not supported. {why}", "Leave it out.", name, "unsupported_parameter")
    thinking = more.get("reasoning") or {}
    if isinstance(thinking, dict) and not any(value not in (*DEFAULTS, "none") for value in thinking.values()):
        more = {name: value for name, value in more.items() if name != "reasoning"}
    unknown = [name for name, value in more.items() if name not in IGNORED and value not in DEFAULTS]
    unknown += [f"include.{one}" for one in body.include or [] if one not in INCLUDED]
    unknown += ["truncation"] if body.truncation == "auto" else []
    verbosity = (body.text.model_extra or {}).get("verbosity") if body.text else None
    unknown += ["text.verbosity"] if verbosity not in DEFAULTS else []
    if unknown:
        raise Refused(f"'{unknown[0]}' is not supported.", "Leave it out.", unknown[0], "unsupported_parameter")


def _messages(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = []
    for number, item in enumerate(items):
        kind = item.get("type") or "message"
        if kind == "message":
            made.append({"role": item.get("role"), "content": _content(item.get("content"), f"input.{number}.content")})
        elif kind == "function_call":
            function = {"name": item.get("name"), "arguments": item.get("arguments")}
            call = {"id": item.get("call_id"), "function": function}
            if made and made[-1].get("role") == "assistant":  # several calls, or words before them, are one turn
                made[-1].setdefault("tool_calls", []).append(call)
            else:
                made.append({"role": "assistant", "content": None, "tool_calls": [call]})
        elif kind == "function_call_output":
            said = _content(item.get("output"), f"input.{number}.output")
            made.append({"role": "tool", "tool_call_id": item.get("call_id"), "content": said})
        elif kind != "reasoning":  # what another model thought says nothing to this one
            raise Refused(
                f"Items of the type '{str(kind)[:40]}' are not supported. {STATELESS}",
                "Leave it out.",
                f"input.{number}.type",
                "unsupported_parameter",
            )
    return made


def _content(said: Any, param: str) -> Any:
    if not isinstance(said, list):
        return said
    made = []
    for part in said:
        kind = part.get("type") if isinstance(part, dict) else None
        if kind not in ("input_text", "output_text", "text", "refusal"):
            raise Refused(
                f"Parts of the type '{str(kind)[:40]}' are not supported: models here read text only.",
                "Send parts of the type 'input_text'.",
                param,
                "unsupported_parameter",
            )
        made.append({"type": "text", "text": part.get("text") or part.get("refusal") or ""})
    return made


def _tool(number: int, tool: dict[str, Any]) -> dict[str, Any]:
    if tool.get("type") != "function":
        raise Refused(
            f"Tools of the type '{str(tool.get('type'))[:40]}' are not supported: there are none here.",
            "Send functions only.",
            f"tools.{number}.type",
            "unsupported_parameter",
        )
    return {"type": "function", "function": {name: value for name, value in tool.items() if name != "type"}}


def _choice(choice: Any) -> Any:
    if not isinstance(choice, dict):
        return choice
    if choice.get("type") != "function":
        raise Refused(
            "'tool_choice' names no function.",
            'Send {"type": "function", "name": ...}.',
            "tool_choice",
            "unsupported_parameter",
        )
    return {"type": "function", "function": {"name": choice.get("name")}}
