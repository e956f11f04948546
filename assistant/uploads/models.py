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


def delete(store: Store, settings: Settings, job: Job) -> None:
    """Remove the job's model and adapter. Raises Refused while it is what answers in its case."""
    if store.switches(job.case) and switch.active(store, settings, job.case).model == job.model:
        raise Refused(f"This model answers in the case '{job.case}'.", "Switch to another variant there first.",
                      "model", "model_in_use", 409)  # fmt: skip
    store.set_job(job.id, request=job.request | {"deleted": now(), "name": names.model_id(store, job)})
    for path in (job.model, job.adapter):
        folder = Path(settings.model_path(path)) if path else None
        if folder and folder.is_dir() and folder.resolve().is_relative_to(settings.jobs.resolve()):
            shutil.rmtree(folder)
