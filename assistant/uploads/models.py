"""Deleting a tuned model: its weights go, its job and what was measured stay in the record."""

from __future__ import annotations

import shutil
from pathlib import Path

from assistant.record.rows import now
from assistant.record.store import Store
from assistant.record.types import Job
from assistant.settings import Settings
from assistant.stages import switch
from assistant.uploads import names
from assistant.uploads.refusals import Refused
from tools import checkpoint


def delete(store: Store, settings: Settings, job: Job) -> None:
    """Remove the job's model, its adapter and its checkpoints' models. Raises Refused while it answers in its case."""
    if store.switches(job.case) and switch.active(store, settings, job.case).model == job.model:
        raise Refused(f"This model answers in the case '{job.case}'.", "Switch to another variant there first.",
                      "model", "model_in_use", 409)  # fmt: skip
    store.set_job(job.id, request=job.request | {"deleted": now(), "name": names.model_id(store, job)})
    found = [Path(settings.model_path(path)) for path in (job.model, job.adapter) if path]
    if job.model:
        found += found[0].parent.glob(f"{checkpoint.MERGED}*")
    for folder in found:
        if folder.is_dir() and folder.resolve().is_relative_to(settings.jobs.resolve()):
            shutil.rmtree(folder)
