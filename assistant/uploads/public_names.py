"""Names that programs see: ftjob-12 for a job, ft:BASE:OWNER:SUFFIX:12 for its model. Both lead back to one row."""

from __future__ import annotations

import re
import secrets
from pathlib import Path

from assistant.errors import AttuneError
from assistant.record.store import Store
from assistant.record.types import Job
from assistant.settings import Settings
from tools.trainer import JobState

_JOB = re.compile(r"ftjob-([1-9][0-9]{0,17})")
_MODEL = re.compile(r"ft:.+:([1-9][0-9]{0,17})(?::ckpt-step-([0-9]{1,9}))?", re.DOTALL)


def fresh(kind: str) -> str:
    """A new id that nobody guesses: file-..., upload_..., part_..."""
    return f"{kind}{secrets.token_hex(12)}"


def job_id(job: Job) -> str:
    return f"ftjob-{job.id}"


def job(store: Store, owner: str, id: str) -> Job | None:
    """The owner's job of that id; None for one of somebody else, too."""
    found = _JOB.fullmatch(id)
    return store.job_of_owner(owner, int(found[1])) if found else None


def model_id(store: Store, job: Job, step: int = 0) -> str:
    """The name of the job's model, or of its checkpoint at a step."""
    order = job.request.get("api", {})
    base = root(store, job)
    suffix = str(order.get("suffix") or ("" if order else slug(job.case)))
    name = f"ft:{base}:{store.case(job.case).owner}:{suffix}:{job.id}"
    return f"{name}:ckpt-step-{step}" if step else name


def model(store: Store, owner: str, name: str) -> tuple[Job, int] | None:
    """The job whose model has that name, and the step of its checkpoint (0 = the last); None where there is none.

    Only of jobs that succeeded and whose model has not been deleted.
    """
    found = _MODEL.fullmatch(name)
    job = store.job_of_owner(owner, int(found[1])) if found else None
    if found is None or job is None or job.state != JobState.SUCCEEDED or job.request.get("deleted"):
        return None
    if "reproduces" in job.request:
        return None
    step = int(found[2] or 0)
    return (job, step) if model_id(store, job, step) == name else None


def root(store: Store, job: Job) -> str:
    """The name of the model that nobody here made and that the job's model comes from, however often it was tuned."""
    if found := origin(store, job):
        return root(store, found[0])
    named = job.request.get("api", {}).get("base")
    return str(named or base_name(str(job.request.get("base_name", job.request.get("base", "model")))))


def base(store: Store, job: Job) -> str:
    """The name of the model that the job was begun from: one that an earlier job made, or that of `root`."""
    found = origin(store, job)
    return model_id(store, *found) if found else root(store, job)


def origin(store: Store, job: Job) -> tuple[Job, int] | None:
    """The earlier job that made the base of this one, and the step of its checkpoint (0 = its last)."""
    place = Path(str(job.request.get("base_name", "")))
    if place.is_absolute() or len(place.parts) < 3 or place.parts[0] != "jobs":
        return None
    made = next((one for one in store.jobs() if one.id < job.id and one.handle == str(Path(*place.parts[:2]))), None)
    step = re.search(r"-(\d+)$", place.name)
    return (made, int(step[1]) if step else 0) if made else None


def base_name(base: str) -> str:
    """How a base is called within a model's name: a folder by its last part, a hub id whole."""
    return Path(base).name if Path(base).is_absolute() or base.startswith(("jobs/", ".")) else base


def slug(text: str) -> str:
    """A suffix as it stands in a name: small letters, digits and hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def folder(settings: Settings, job: Job) -> Path:
    """Where the job's model lies, on this machine. Raises AttuneError when it is elsewhere or gone."""
    path = Path(settings.model_path(job.model))
    if not (path / "config.json").is_file():
        raise AttuneError(f"The model of {job_id(job)} is not on this machine.", "Train it again, or use another one.")
    return path
