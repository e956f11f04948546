"""A model's name in a request -> the variant that answers, and what it is sent."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from assistant.faces.api.schemas.chat_request import ChatCreate, ChatMessage, Sampling
from assistant.jobs import lifecycle
from assistant.record.types import QUOTE, Message, Variant
from assistant.settings import EMBEDDED
from assistant.stages import switch
from assistant.traffic import history
from assistant.uploads import public_names
from assistant.uploads.refusals import Refused, missing
from assistant.workbench import Workbench
from tools.local import checkpoint
from tools.trainer import JobStatus

NO_MODEL = ("response_format", "logprobs", "n", "stop", "logit_bias")  # what only a model can do
CASE = "attune:"  # before a case's name: whatever variant answers in it now, with its instruction and passages
LONGEST_ANSWER = 1024  # tokens, where the request does not say
LONGEST_TOKEN = 128  # bytes: a text of more than so many for each token of the window is not looked at
SHORT = 20_000  # bytes that any model reads
ROLES = {"developer": "system"}  # which chat templates do not know
OURS = frozenset(  # what llama.cpp's server does by the request, some of it beyond OpenAI's
    "temperature top_p n stop seed presence_penalty frequency_penalty logit_bias logprobs top_logprobs response_format "
    "tools tool_choice parallel_tool_calls top_k min_p repeat_penalty chat_template_kwargs".split()
)
KNOWN = OURS | frozenset(  # and what is done here, or changes no answer
    "model messages prompt stream stream_options max_tokens max_completion_tokens user metadata store service_tier "
    "safety_identifier prompt_cache_key prompt_cache_retention".split()
)
SAYS_NOTHING: tuple[Any, ...] = (None, False, [], {}, "", ["text"], "auto", "default", "none")


@dataclass(frozen=True)
class Target:
    """`name` is what the request called it; `whole` says that the variant adds its own prompt (a case's); `talk` tells
    the conversation apart, so that all of it is answered by one variant."""

    name: str
    variant: Variant
    whole: bool = False
    talk: str = ""

    @property
    def local(self) -> bool:
        return self.variant.endpoint == "local"


async def find(bench: Workbench, owner: str, body: Sampling) -> Target:
    """What answers. Raises Refused (404) for a model that there is not, or that is somebody else's."""
    name, settings = body.model, bench.settings
    heat = body.temperature or 0.0
    if name == settings.chat_model and settings.chat_base_url:
        return Target(name, _variant("chat", name, heat))
    if name in (EMBEDDED, settings.chat_model):
        return Target(name, _variant("local", name, heat))
    if name.startswith(CASE):
        case = name.removeprefix(CASE)
        if bench.store.has_case(case) and bench.store.case(case).owner == owner:
            talk = history.told_apart(_begins(body), str((body.model_extra or {}).get("user") or ""))
            active = switch.answering(bench.store, settings, case, talk)
            made = active if body.temperature is None else replace(active, temperature=heat)
            return Target(name, made, whole=True, talk=talk)
    if found := public_names.model(bench.store, owner, name):
        job, step = found
        model = job.model if not step else await asyncio.to_thread(_checkpoint, bench, job.id, step, name)
        public_names.folder(settings, replace(job, model=model))
        own = replace(_variant("local", model, heat), case=job.case, job=0 if step else job.id)
        return Target(name, own)
    raise missing("model", name, "model", "model_not_found")


def _begins(body: Sampling) -> str:
    """What a conversation begins with: its user's first message, for the instruction before it is the same for all."""
    messages = body.messages if isinstance(body, ChatCreate) else []
    return next((message.text for message in messages if message.role == "user"), "")


def check(body: Sampling, target: Target) -> None:
    """Refuse by name what would change the answer and cannot be done. Somebody else's server decides for itself."""
    if target.whole and getattr(body, "tools", None):
        raise Refused(
            "A case answers with its own prompt, and takes no tools.",
            "Ask its model by its own name.",
            "tools",
            "unsupported_parameter",
        )
    if target.variant.endpoint == QUOTE:
        asked = [name for name in NO_MODEL if getattr(body, name, None) not in (*SAYS_NOTHING, 1)]
        if asked:
            raise Refused(
                f"'{asked[0]}' is not available: this case answers by quoting its documents, without a model.",
                "Leave it out, or ask a model by name.",
                asked[0],
                "unsupported_parameter",
            )
    if not target.local:
        return
    unknown = {name: value for name, value in (body.model_extra or {}).items() if name not in KNOWN}
    for name, value in unknown.items():
        if value not in SAYS_NOTHING:
            raise Refused(
                f"'{name}' is not supported by the server of this model.",
                "Leave it out.",
                name,
                "unsupported_parameter",
            )
    if isinstance(body, ChatCreate):
        _check_chat(body)


async def prompt(bench: Workbench, target: Target, body: ChatCreate) -> tuple[list[Message], int]:
    """The messages to send, and how many tokens the answer may have. Raises Refused where they cannot fit."""
    usual = target.variant.max_tokens if target.whole else LONGEST_ANSWER
    most = body.most or usual
    if not target.local and not target.whole:
        return [message.model_dump(exclude_unset=True) for message in body.messages], most
    await fits(bench, target, sum(len(message.text.encode(errors="replace")) for message in body.messages))
    if not target.whole:
        return [_plain(message) for message in body.messages], most
    variant = replace(target.variant, max_tokens=min(most, LONGEST_ANSWER))
    return (await asyncio.to_thread(bench.chat.prepare, variant, plain(body))).messages, most


def plain(body: ChatCreate) -> list[Message]:
    """The conversation as a case reads it: roles and texts."""
    return [{"role": ROLES.get(m.role, m.role), "content": m.text} for m in body.messages]


async def fits(bench: Workbench, target: Target, size: int) -> None:
    """Refuse so many bytes of text that no window holds them, before anybody counts their tokens."""
    if size <= SHORT:
        return
    window = (await asyncio.to_thread(bench.chat.counter, target.variant)).window
    if size > window * LONGEST_TOKEN:
        raise too_long(f"have {size} bytes", window)


def too_long(what: str, window: int) -> Refused:
    return Refused(
        f"The messages {what}, but the model's window is {window} tokens, answer included.",
        "Send fewer or shorter messages.",
        "messages",
        "context_length_exceeded",
    )


def sent(body: Sampling, target: Target) -> dict[str, Any]:
    """The request's options for the model's server: for ours what it knows, for another everything."""
    given = body.model_dump(exclude_unset=True, by_alias=True, exclude={"messages", "stream", "stream_options"})
    kept = {name: value for name, value in given.items() if value is not None}
    if not target.local:
        return kept
    for tool in kept.get("tools", []):
        tool["function"].pop("strict", None)  # arguments always are of the schema, and the model would read it
    return {name: value for name, value in kept.items() if name in OURS}


def ours(body: Sampling, target: Target, most: int) -> dict[str, Any]:
    """The options that the request leaves to us. A server of somebody else's may refuse them: then it goes without."""
    found = {"max_tokens": most, "temperature": target.variant.temperature, "stream_options": {"include_usage": True}}
    if not target.local:
        for name, given in (
            ("max_tokens", body.max_tokens or getattr(body, "max_completion_tokens", None)),
            ("temperature", body.temperature),
        ):
            if given is not None:
                del found[name]
    return found


def _check_chat(body: ChatCreate) -> None:
    names = [tool.function.name if tool.function else "" for tool in body.tools or []]
    for number, tool in enumerate(body.tools or []):
        if tool.type != "function" or tool.function is None:
            raise Refused(
                f"Tools of the type '{tool.type[:40]}' are not supported by the server of this model.",
                "Send functions only.",
                f"tools.{number}.type",
                "unsupported_parameter",
            )
    chosen = "" if body.tool_choice is None or isinstance(body.tool_choice, str) else body.tool_choice.function.name
    if (chosen and chosen not in names) or (body.tool_choice == "required" and not names):
        raise Refused(
            "'tool_choice' asks for a function that is not among 'tools'.",
            "Name one that is.",
            "tool_choice",
            "invalid_value",
        )
    for number, message in enumerate(body.messages):
        for part in message.content if isinstance(message.content, list) else []:
            if part.type not in ("text", "refusal"):
                raise Refused(
                    f"This model reads text only, no '{part.type[:40]}'.",
                    "Send parts of the type 'text'.",
                    f"messages.{number}.content",
                    "unsupported_parameter",
                )


def _plain(message: ChatMessage) -> Message:
    """A message as our own server takes it."""
    made: Message = {"role": ROLES.get(message.role, message.role), "content": message.text}
    if message.tool_calls:
        made["tool_calls"] = [call.model_dump() for call in message.tool_calls]
    return made | ({"tool_call_id": message.tool_call_id} if message.tool_call_id else {})


def _variant(endpoint: str, model: str, temperature: float) -> Variant:
    return Variant("", "api", endpoint, model, "", temperature=temperature)


def _checkpoint(bench: Workbench, job: int, step: int, name: str) -> str:
    """The folder of the model of that step, made when it is first asked for."""
    status: JobStatus = lifecycle.follow(bench, job, lifecycle.NO_NEWS)
    found = next((one.model for one in status.checkpoints if one.step == step), None)
    if found is None:
        raise missing("checkpoint", name, "model", "model_not_found")
    return bench.settings.portable(str(checkpoint.model(Path(found), bench.settings.train_python or None)))
