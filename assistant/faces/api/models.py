"""/v1/models and /v1/embeddings."""

from __future__ import annotations

import asyncio
import base64
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fastapi import APIRouter

from assistant.errors import AttuneError
from assistant.faces.api import schemas
from assistant.faces.api.common import Bench, Owner, seconds
from assistant.faces.api.targets import CASE
from assistant.knowledge import tokens
from assistant.record.types import Job
from assistant.settings import STARTER
from assistant.uploads import models, names
from assistant.uploads.refusals import Refused, missing
from tools.trainer import JobState, ToolError

router = APIRouter(tags=["models"])
FIRST = int(datetime(2026, 11, 1, tzinfo=UTC).timestamp())  # when the starter was made


@router.get("/models")
def list_models(bench: Bench, owner: Owner) -> schemas.ModelList:
    """What the owner may chat with, tune, or embed with. `shutdown_date` is null: nobody switches these off but you."""
    return schemas.ModelList(data=_models(bench, owner))


@router.get("/models/{model:path}")
def retrieve_model(bench: Bench, owner: Owner, model: str) -> schemas.Model:
    return next((one for one in _models(bench, owner) if one.id == model), None) or _none(model)


@router.delete("/models/{model:path}")
def delete_model(bench: Bench, owner: Owner, model: str) -> schemas.Deleted:
    """Delete a tuned model from the disk. The one that answers in a case is refused: switch there first."""
    found = names.model(bench.store, owner, model)
    if found is None or found[1]:
        if any(one.id == model for one in _models(bench, owner)):
            raise Refused(f"{model} is not a tuned model.", "Only models that begin with ft: can be deleted.", "model",
                          status=403)  # fmt: skip
        _none(model)
    assert found is not None
    models.delete(bench.store, bench.settings, found[0])
    return schemas.Deleted(id=model, object="model")


@router.post("/embeddings", tags=["embeddings"])
async def create_embedding(bench: Bench, owner: Owner, body: schemas.EmbeddingCreate) -> schemas.EmbeddingList:  # noqa: ARG001
    """Vectors of the embedding that ATTUNE_EMBEDDING names; without one, of spelling alone (`lexical-1`)."""
    embedding = bench.knowledge.choice.embedding
    if body.model != embedding.name:
        raise missing("embedding model", body.model, "model", "model_not_found")
    texts = [body.input] if isinstance(body.input, str) else body.input
    try:
        rows = await asyncio.to_thread(embedding.embed, texts)
    except ToolError as error:
        raise Refused(error.sentence, error.remedy, code="engine_unavailable", status=503) from error
    if body.dimensions not in (None, rows.shape[1]):
        raise Refused(f"{embedding.name} has {rows.shape[1]} dimensions.", "Leave out 'dimensions'.", "dimensions")
    used = sum(tokens.estimate(text) for text in texts)
    data = [schemas.Embedding(index=number, embedding=_coded(row, body.encoding_format))
            for number, row in enumerate(rows)]  # fmt: skip
    return schemas.EmbeddingList(
        data=data, model=embedding.name, usage=schemas.EmbeddingUsage(prompt_tokens=used, total_tokens=used)
    )


def _models(bench: Bench, owner: str) -> list[schemas.Model]:
    settings, store = bench.settings, bench.store
    base = [STARTER, *([settings.chat_model] if settings.chat_model != STARTER else [])]
    found = [schemas.Model(id=name, created=FIRST, owned_by="attune") for name in base]
    found.append(schemas.Model(id=bench.knowledge.choice.embedding.name, created=FIRST, owned_by="attune"))
    found += [schemas.Model(id=f"{CASE}{case.id}", created=seconds(case.created), owned_by=owner)
              for case in store.cases(owner)]  # fmt: skip
    tuned = [job for job in store.jobs_of_owner(owner) if _there(bench, job)]
    return found + [
        schemas.Model(id=names.model_id(store, job), created=seconds(job.ended or job.created), owned_by=owner)
        for job in tuned
    ]


def _there(bench: Bench, job: Job) -> bool:
    if job.state != JobState.SUCCEEDED or job.request.get("deleted"):
        return False
    try:
        return bool(Path(names.folder(bench.settings, job)))
    except AttuneError:
        return False


def _coded(row: Any, form: str) -> list[float] | str:
    return base64.b64encode(row.astype("<f4").tobytes()).decode() if form == "base64" else [float(x) for x in row]


def _none(model: str) -> Any:
    raise missing("model", model, "model", "model_not_found")
