"""Tuned models as programs use them: that of a step, and deleting one, after which its job stays in the record."""

from __future__ import annotations

import shutil
from pathlib import Path

from assistant.jobs import lifecycle
from assistant.record.connection import now
from assistant.record.store import Store
from assistant.record.types import Job
from assistant.settings import Settings
from assistant.stages import switch
from assistant.uploads import public_names
from assistant.uploads.refusals import Refused, missing
from assistant.workbench import Workbench
from tools.local import checkpoint
from tools.trainer import JobState


def at_step(bench: Workbench, job: Job, step: int) -> Path:
    """The folder of the model of that step, made when it is first asked for. Raises Refused where none was kept."""
    status = lifecycle.follow(bench, job.id, lifecycle.NO_NEWS)
    found = next((one.model for one in status.checkpoints if one.step == step), None)
    if found is None:
        raise missing("checkpoint", public_names.model_id(bench.store, job, step), "model", "model_not_found")
    return checkpoint.model(Path(found), bench.settings.train_python or None)


def delete(store: Store, settings: Settings, job: Job) -> None:
    """Remove the job's model, its adapter and its checkpoints' models.

    Raises Refused while it answers in its case, or a job that has not ended trains it further.
    """
    serving = [store.variant(id).model for id in switch.shares(store, settings, job.case)]
    if store.switches(job.case) and job.model in serving:
        raise Refused(
            f"This model answers in the case '{job.case}'.",
            "Switch to another variant there first.",
            "model",
            "model_in_use",
            409,
        )
    for other in store.jobs_of_owner(store.case(job.case).owner):
        made = public_names.origin(store, other)
        if made and made[0].id == job.id and not JobState(other.state).ended:
            raise Refused(
                f"{public_names.job_id(other)} trains this model further.",
                "Wait for it to end, or cancel it.",
                "model",
                "model_in_use",
                409,
            )
    store.set_job(job.id, request=job.request | {"deleted": now(), "name": public_names.model_id(store, job)})
    found = [Path(settings.model_path(path)) for path in (job.model, job.adapter) if path]
    if job.model:
        found += found[0].parent.glob(f"{checkpoint.MERGED}*")
    for folder in found:
        if folder.is_dir() and folder.resolve().is_relative_to(settings.jobs.resolve()):
            shutil.rmtree(folder)
