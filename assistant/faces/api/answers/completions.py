"""/v1/completions: text that goes on where a prompt ends, by the models of this machine."""

from __future__ import annotations

import secrets
from functools import partial
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from assistant.faces.api.answers import streams, targets
from assistant.faces.api.answers.streams import Chunk, Chunks, Head
from assistant.faces.api.answers.targets import Target
from assistant.faces.api.common import Bench, Owner
from assistant.faces.api.schemas.chat_request import CompletionCreate
from assistant.uploads.refusals import Refused

router = APIRouter(tags=["completions"])
USUAL = 16  # tokens of an answer where the request does not say, as at OpenAI's


@router.post("/completions", response_model=None)
async def create_text(request: Request, bench: Bench, owner: Owner, body: CompletionCreate) -> Response:
    """Go on writing a text, or each of several. `prompt` may also be token numbers of the model."""
    target = await targets.find(bench, owner, body)
    if target.whole or not target.local:
        raise Refused(
            f"'{target.name}' answers in /v1/chat/completions only.",
            "Ask there, or name a local model.",
            "model",
            "unsupported_model",
        )
    targets.check(body, target)
    prompts: list[Any] = [body.prompt] if isinstance(body.prompt, str) or _numbers(body.prompt) else list(body.prompt)
    if not prompts or not all(prompts):
        raise Refused("A prompt is empty.", "Send a text or token numbers.", "prompt", "invalid_value")
    await targets.fits(bench, target, sum(len(p.encode(errors="replace")) for p in prompts if isinstance(p, str)))
    shown = bool(body.stream_options and body.stream_options.include_usage)
    head = Head(f"cmpl-{secrets.token_hex(14)}", target.name, shown, "text_completion")
    found = await streams.begun(_chunks(request, owner, target, body, prompts, head))
    if body.stream:
        return streams.streamed(found, head)
    return JSONResponse(_whole(await streams.read(request, found), head))


async def _chunks(
    request: Request, owner: str, target: Target, body: CompletionCreate, prompts: list[Any], head: Head
) -> Chunks:
    count = len(prompts) * (body.n or 1)
    offsets = dict.fromkeys(range(count), 0)
    sent = targets.sent(body, target) | {"prompt": prompts if len(prompts) > 1 else prompts[0]}
    state, ours = request.app.state, targets.ours(body, target, body.max_tokens or USUAL)
    with state.limits.answering(owner, count):
        async with state.engine.open(target.variant, "/completions", sent, ours) as events:
            shape = partial(_choice, offsets)
            async for chunk in streams.chunks(events, head, count, prompts=len(prompts), shape=shape):
                yield chunk


def _choice(offsets: dict[int, int], one: dict[str, Any]) -> Chunk:
    """A choice with its log-probabilities in the shape of this older route. `offsets`: how far each text has come."""
    made = {
        "index": one["index"],
        "text": one.get("text") or "",
        "logprobs": None,
        "finish_reason": one.get("finish_reason"),
    }
    said = (one.get("logprobs") or {}).get("content")
    if said:
        begins = []
        for token in said:
            begins.append(offsets[one["index"]])
            offsets[one["index"]] += len(token["token"])
        made["logprobs"] = {
            "tokens": [token["token"] for token in said],
            "token_logprobs": [token["logprob"] for token in said],
            "top_logprobs": [{top["token"]: top["logprob"] for top in token["top_logprobs"]} for token in said],
            "text_offset": begins,
        }
    return made


def _whole(got: list[Chunk], head: Head) -> Chunk:
    choices: dict[int, Chunk] = {}
    for one in (one for chunk in got for one in chunk["choices"]):
        if (made := choices.get(one["index"])) is None:
            choices[one["index"]] = one
            continue
        made["text"] += one["text"]
        made["finish_reason"] = one["finish_reason"] or made["finish_reason"]
        for name, values in (one["logprobs"] or {}).items():
            made["logprobs"] = made["logprobs"] or {}
            made["logprobs"][name] = made["logprobs"].get(name, []) + values
    return head.chunk([choices[index] for index in sorted(choices)], usage=got[-1]["usage"])


def _numbers(prompt: Any) -> bool:
    return bool(prompt) and all(isinstance(one, int) for one in prompt)
