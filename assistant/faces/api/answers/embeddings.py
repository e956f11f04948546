"""/v1/embeddings: vectors by the embedding that ATTUNE_EMBEDDING names."""

from __future__ import annotations

import asyncio
import base64
from typing import Any

from fastapi import APIRouter

from assistant.faces.api.common import Bench, Owner
from assistant.faces.api.schemas import objects
from assistant.knowledge.prompt import tokens
from assistant.uploads.refusals import Refused, missing
from tools.trainer import ToolError

router = APIRouter(tags=["embeddings"])


@router.post("/embeddings")
async def create_embedding(bench: Bench, owner: Owner, body: objects.EmbeddingCreate) -> objects.EmbeddingList:  # noqa: ARG001
    """Vectors of the embedding that ATTUNE_EMBEDDING names; without one, of spelling alone (`lexical-2`)."""
    embedding = bench.knowledge.choice.embedding
    if body.model != embedding.name:
        raise missing("embedding model", body.model, "model", "model_not_found")
    texts = [body.input] if isinstance(body.input, str) else [text for text in body.input if isinstance(text, str)]
    if not texts:
        raise Refused(
            f"'{embedding.name}' takes texts, no token numbers: they would be another tokenizer's.",
            "Send texts (in LangChain: check_embedding_ctx_length=False).",
            "input",
            "unsupported_value",
        )
    try:
        rows = await asyncio.to_thread(embedding.embed, texts)
    except ToolError as error:
        raise Refused(error.sentence, error.remedy, code="engine_unavailable", status=503) from error
    if body.dimensions not in (None, rows.shape[1]):
        raise Refused(f"{embedding.name} has {rows.shape[1]} dimensions.", "Leave out 'dimensions'.", "dimensions")
    used = sum(tokens.estimate(text) for text in texts)
    data = [
        objects.EmbeddingObject(index=number, embedding=_coded(row, body.encoding_format))
        for number, row in enumerate(rows)
    ]
    return objects.EmbeddingList(
        data=data, model=embedding.name, usage=objects.EmbeddingUsage(prompt_tokens=used, total_tokens=used)
    )


def _coded(row: Any, form: str) -> list[float] | str:
    return base64.b64encode(row.astype("<f4").tobytes()).decode() if form == "base64" else [float(x) for x in row]
