"""A model's name in a request -> the variant that answers, and what it is sent."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from assistant.conversations.chatfile import ROLES
from assistant.faces.api import chat_schemas
from assistant.record.types import Message, Variant
from assistant.settings import STARTER
from assistant.stages import finetune, switch
from assistant.uploads import names
from assistant.uploads.refusals import Refused, missing
from assistant.workbench import Workbench
from tools import checkpoint
from tools.trainer import JobStatus

CASE = "attune:"  # before a case's name: whatever variant answers in it now, with its instruction and passages
LONGEST_ANSWER = 1024  # tokens, where the request does not say
LARGEST_WINDOW = 16_384  # tokens that a model server on a CPU keeps for all answers
AROUND = 16  # tokens that a chat template adds to a message, at most
COUNTED_HERE = 20_000  # characters: longer prompts are counted on a thread


@dataclass(frozen=True)
class Target:
    """`name` is what the request called it; `whole` says that the variant adds its own prompt (a case's)."""

    name: str
    variant: Variant
    whole: bool = False

    @property
    def local(self) -> bool:
        return self.variant.endpoint == "local"


async def find(bench: Workbench, owner: str, body: chat_schemas.ChatCreate) -> Target:
    """What answers. Raises Refused (404) for a model that there is not, or that is somebody else's."""
    name, settings = body.model, bench.settings
    if name == settings.chat_model and settings.chat_base_url:
        return Target(name, _variant("chat", name, body.temperature or 0.0))
    if name in (STARTER, settings.chat_model):
        return Target(name, _variant("local", name, _step(body.temperature)))
    if name.startswith(CASE):
        case = name.removeprefix(CASE)
        if bench.store.has_case(case) and bench.store.case(case).owner == owner:
            active = switch.active(bench.store, settings, case)
            heat = active.temperature if body.temperature is None else _step(body.temperature)
            return Target(name, replace(active, temperature=heat), whole=True)
    if found := names.model(bench.store, owner, name):
        job, step = found
        model = job.model if not step else await asyncio.to_thread(_checkpoint, bench, job.id, step, name)
        names.folder(settings, replace(job, model=model))
        return Target(name, _variant("local", model, _step(body.temperature)))
    raise missing("model", name, "model", "model_not_found")


async def prompt(bench: Workbench, target: Target, body: chat_schemas.ChatCreate) -> tuple[list[Message], int]:
    """The messages to send, and how many tokens the answer may have. Raises Refused where they do not fit."""
    messages = [{"role": ROLES[m.role], "content": _text(m.content)} for m in body.messages]
    usual = target.variant.max_tokens if target.whole else LONGEST_ANSWER
    asked = body.max_completion_tokens or body.max_tokens or usual
    if target.whole:
        variant = replace(target.variant, max_tokens=min(asked, LONGEST_ANSWER))
        built = await asyncio.to_thread(bench.chat.prepare, variant, messages)
        return built.messages, min(asked, LARGEST_WINDOW)
    if not target.local:
        return messages, asked
    counter = bench.chat.counter(target.variant)
    window = min(counter.window, LARGEST_WINDOW)
    size = sum(len(m["content"].encode()) + AROUND for m in messages) + AROUND  # a token is at least a byte
    if size + min(asked, LONGEST_ANSWER) > window:
        size = counter.count(messages) if size < COUNTED_HERE else await asyncio.to_thread(counter.count, messages)
    if size >= window:
        raise Refused(f"The messages have {size} tokens, and the model reads {window} at once, its answer included.",
                      "Send fewer or shorter messages.", "messages", "context_length_exceeded")  # fmt: skip
    return messages, min(asked, window - size)


def check(body: chat_schemas.ChatCreate, target: Target) -> None:
    """Refuse what would change the answer and cannot be done. A server of somebody else's decides for itself."""
    if not target.local:
        return
    narrowed = target.variant.temperature > 0 and body.top_p not in (None, 1)  # a greedy answer has no use for it
    extra: dict[str, Any] = body.model_extra or {}
    wanted = {
        "logprobs": body.logprobs, "top_logprobs": body.top_logprobs, "top_p": narrowed,
        "presence_penalty": body.presence_penalty, "frequency_penalty": body.frequency_penalty,
        "logit_bias": extra.get("logit_bias"), "tools": extra.get("tools"), "functions": extra.get("functions"),
        "audio": extra.get("audio"), "web_search_options": extra.get("web_search_options"),
        "response_format": extra.get("response_format") not in (None, {"type": "text"}),
    }  # fmt: skip
    for name, given in wanted.items():
        if given:
            raise Refused(f"'{name}' is not supported by the server of this model.", "Leave it out.", name,
                          "unsupported_parameter")  # fmt: skip


def stops(body: chat_schemas.ChatCreate) -> list[str]:
    given = [body.stop] if isinstance(body.stop, str) else body.stop or []
    return [stop for stop in given if stop]


def _variant(endpoint: str, model: str, temperature: float) -> Variant:
    return Variant("", "api", endpoint, model, "", temperature=temperature)


def _step(temperature: float | None) -> float:
    """In tenths: a model has a server for each temperature."""
    return round(temperature or 0.0, 1)


def _checkpoint(bench: Workbench, job: int, step: int, name: str) -> str:
    """The folder of the model of that step, made when it is first asked for."""
    status: JobStatus = finetune.follow(bench.store, bench.settings, bench.trainers, job, 10**9)
    found = next((one.model for one in status.checkpoints if one.step == step), None)
    if found is None:
        raise missing("checkpoint", name, "model", "model_not_found")
    return bench.settings.portable(str(checkpoint.model(Path(found), bench.settings.train_python or None)))


def _text(content: str | Sequence[chat_schemas.TextPart]) -> str:
    return content if isinstance(content, str) else "".join(part.text for part in content)
