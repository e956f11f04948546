"""What a tuned model costs while it answers at Azure: deploy it, see its bill run, take it down."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from assistant.errors import AttuneError
from assistant.record import spending
from assistant.record.connection import now
from assistant.record.store import Store
from assistant.record.types import Job
from assistant.settings import Settings
from tools.azure.deployment import KINDS, AzureHosting, Deployment, name_of
from tools.trainer import JobState

HOURS = 8  # reserved when nothing is said
TRAINER = "azure"


@dataclass(frozen=True)
class HostedModel:
    """A deployment with the job whose model it serves (0: none of this record) and what it has cost so far."""

    deployment: Deployment
    job: int
    hours: float
    usd: float
    usd_per_hour: float
    reserved: float  # hours

    @property
    def over(self) -> bool:
        """Whether the hours that were paid for by the cap have passed."""
        return 0 < self.reserved <= self.hours


def offer(store: Store, hosting: AzureHosting, job_id: int, kind: str, hours: float) -> float:
    """US dollars that the deployment would cost in its hours. Raises AttuneError for what cannot be deployed."""
    job = store.job(job_id)
    if job.trainer != TRAINER or job.state != JobState.SUCCEEDED:
        raise AttuneError(f"Job {job_id} left no model at Azure.", "Only a model tuned there is deployed there.")
    if problem := hosting.unavailable():
        raise AttuneError(problem)
    if not 0 < hours <= 24 * 31:
        raise AttuneError(f"{hours:g} hours cannot be reserved.", "Give a number from 1 to 744.")
    return round(hosting.hour(kind) * hours, 2)


def deploy(
    store: Store, settings: Settings, hosting: AzureHosting, job_id: int, kind: str = KINDS[0], hours: float = HOURS
) -> str:
    """Deploy the model of a job and reserve hours of it under the spending cap; the deployment's name.

    The reservation is recorded first: a lost answer then costs no more than was allowed, and asking again makes one.
    """
    usd = offer(store, hosting, job_id, kind, hours)
    with store.atomic():
        job = store.job(job_id)
        rows = _rows(job)
        if not rows or rows[-1]["until"]:
            spending.allow(store, settings, usd)
            row = {"kind": kind, "usd_per_hour": hosting.hour(kind), "hours": hours, "since": now(), "until": ""}
            store.set_job(job_id, metrics=job.metrics | {"hosting": [*rows, row]})
    return hosting.deploy(job.model, kind)


def take_down(store: Store, hosting: AzureHosting, job_id: int) -> float:
    """Take the model's deployment down, which ends its bill; US dollars that it has cost. The model itself stays."""
    job = store.job(job_id)
    hosting.remove(job.model)
    with store.atomic():
        job = store.job(job_id)
        rows = _rows(job)
        if rows and not rows[-1]["until"]:
            rows = [*rows[:-1], rows[-1] | {"until": now()}]
            store.set_job(job_id, metrics=job.metrics | {"hosting": rows})
    return round(sum(spending.hosted(row) for row in rows), 2)


def running(store: Store, hosting: AzureHosting) -> list[HostedModel]:
    """Every deployment of Attune's in the resource, as Azure tells it, with its cost by the dated table."""
    jobs = {name_of(job.model): job for job in store.jobs() if job.trainer == TRAINER and job.model}
    return [_hosted(found, jobs.get(found.name), hosting) for found in hosting.deployments()]


def sweep(store: Store, hosting: AzureHosting) -> list[int]:
    """Take down what has used up its reserved hours; the jobs concerned. It happens only while Attune looks."""
    if hosting.unavailable() or not any(row and not row[-1]["until"] for row in map(_rows, store.jobs())):
        return []
    over = [found.job for found in running(store, hosting) if found.job and found.over]
    for job in over:
        take_down(store, hosting, job)
    return over


def said(found: HostedModel, date: str) -> str:
    """One deployment in a sentence, with its price and the price's date."""
    whose = f"the model of job {found.job}" if found.job else found.deployment.model
    return (
        f"{whose} is deployed at Azure ({found.deployment.kind}, {found.deployment.state}): {found.hours:.1f} of "
        f"{found.reserved:g} reserved hours, ${found.usd:.2f} so far at ${found.usd_per_hour:.2f} an hour "
        f"(price of {date})."
    )


def _hosted(found: Deployment, job: Job | None, hosting: AzureHosting) -> HostedModel:
    row = (_rows(job) or [{}])[-1] if job else {}
    rate = float(row.get("usd_per_hour", hosting.hour(found.kind)))
    since = row.get("since") or found.created
    hours = _hours(str(since)) if since else 0.0
    return HostedModel(found, job.id if job else 0, hours, round(hours * rate, 2), rate, float(row.get("hours", 0)))


def _rows(job: Job) -> list[dict[str, Any]]:
    return list(job.metrics.get("hosting", []))


def _hours(since: str) -> float:
    return max(0.0, (datetime.now(UTC) - datetime.fromisoformat(since)).total_seconds() / 3600)
