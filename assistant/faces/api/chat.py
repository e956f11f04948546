"""/v1/chat/completions: local and tuned models, whatever answers in a case, and the server of the settings."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from assistant.faces.api import answers, streams
from assistant.faces.api.chat_schemas import ChatCreate
from assistant.faces.api.common import Owner

router = APIRouter(tags=["chat"])


@router.post("/chat/completions", response_model=None)
async def create_completion(request: Request, owner: Owner, body: ChatCreate) -> Response:
    """Answer a conversation; with `stream` as server-sent events.

    Models: `smollm2-135m-instruct`, tuned ones (`ft:...`), and `attune:CASE`, the variant that answers in a case now.
    """
    found, head = await answers.answer(request, owner, body)
    if body.stream:
        return streams.streamed(found, head)
    return streams.complete(await streams.read(request, found), head)
