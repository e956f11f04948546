"""/v1/models."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fastapi import APIRouter

from assistant.errors import AttuneError
from assistant.faces.api.answers.targets import CASE
from assistant.faces.api.common import Bench, Owner, seconds
from assistant.faces.api.schemas import objects
from assistant.record.types import Job
from assistant.settings import EMBEDDED
from assistant.uploads import public_names, tuned_models
from assistant.uploads.refusals import Refused, missing
from tools.trainer import JobState

router = APIRouter(tags=["models"])
FIRST = int(datetime(2026, 11, 1, tzinfo=UTC).timestamp())  # when the first version was made


@router.get("/models")
def list_models(bench: Bench, owner: Owner) -> objects.ModelList:
    """What the owner may chat with, tune, or embed with. `shutdown_date` is null: nobody switches these off but you."""
    return objects.ModelList(data=_models(bench, owner))


@router.get("/models/{model:path}")
def retrieve_model(bench: Bench, owner: Owner, model: str) -> objects.ModelObject:
    return next((one for one in _models(bench, owner) if one.id == model), None) or _none(model)


@router.delete("/models/{model:path}")
def delete_model(bench: Bench, owner: Owner, model: str) -> objects.Deleted:
    """Delete a tuned model from the disk. The one that answers in a case is refused: switch there first."""
    found = public_names.model(bench.store, owner, model)
    if found is None or found[1]:
        if any(one.id == model for one in _models(bench, owner)):
            raise Refused(
                f"{model} is not a tuned model.", "Only models that begin with ft: can be deleted.", "model", status=403
            )
        _none(model)
    assert found is not None
    tuned_models.delete(bench.store, bench.settings, found[0])
    return objects.Deleted(id=model, object="model")


def _models(bench: Bench, owner: str) -> list[objects.ModelObject]:
    settings, store = bench.settings, bench.store
    base = [EMBEDDED, *([settings.chat_model] if settings.chat_model != EMBEDDED else [])]
    found = [objects.ModelObject(id=name, created=FIRST, owned_by="attune") for name in base]
    found.append(objects.ModelObject(id=bench.knowledge.choice.embedding.name, created=FIRST, owned_by="attune"))
    found += [
        objects.ModelObject(id=f"{CASE}{case.id}", created=seconds(case.created), owned_by=owner)
        for case in store.cases(owner)
    ]
    tuned = [job for job in store.jobs_of_owner(owner) if _there(bench, job)]
    return found + [
        objects.ModelObject(
            id=public_names.model_id(store, job), created=seconds(job.ended or job.created), owned_by=owner
        )
        for job in tuned
    ]


def _there(bench: Bench, job: Job) -> bool:
    if job.state != JobState.SUCCEEDED or job.request.get("deleted") or "reproduces" in job.request:
        return False
    try:
        return bool(Path(public_names.folder(bench.settings, job)))
    except AttuneError:
        return False


def _none(model: str) -> Any:
    raise missing("model", model, "model", "model_not_found")
