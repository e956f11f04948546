"""/v1/chat/completions: local and tuned models, whatever answers in a case, and the server of the settings."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from assistant.faces.api.answers import generation, streams
from assistant.faces.api.common import Owner
from assistant.faces.api.schemas.chat_request import ChatCreate

router = APIRouter(tags=["chat"])


@router.post("/chat/completions", response_model=None)
async def create_completion(request: Request, owner: Owner, body: ChatCreate) -> Response:
    """Answer a conversation; with `stream` as server-sent events.

    Models: `smollm2-135m-instruct`, tuned ones (`ft:...`), and `attune:CASE`, the variant that answers in a case now.
    """
    found, head = await generation.answer(request, owner, body)
    if body.stream:
        return streams.streamed(found, head)
    return streams.complete(await streams.read(request, found), head)
