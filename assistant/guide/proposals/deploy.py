"""The proposal to deploy a model at Azure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assistant import hosting
from assistant.errors import AttuneError
from assistant.guide.proposals.kind import Kind, Payload, Terms
from assistant.record import spending
from tools.azure.deployment import KINDS
from tools.trainer import JobState

if TYPE_CHECKING:
    from assistant.record.types import Proposal
    from assistant.workbench import Workbench


def prepare(bench: Workbench, case: str, payload: Payload) -> Payload:
    """The job whose model is meant, the kind of deployment and the hours to reserve."""
    number = int(payload.get("job") or 0)
    found = [
        job
        for job in bench.store.jobs(case)
        if job.trainer == hosting.TRAINER and job.state == JobState.SUCCEEDED and number in (0, job.id)
    ]
    if not found:
        raise AttuneError("This case has no model at Azure.", "Train one with the trainer azure.")
    kind, hours = str(payload.get("kind") or KINDS[0]), float(payload.get("hours") or hosting.HOURS)
    hosting.offer(bench.store, bench.hosting, found[-1].id, kind, hours)
    return {"job": found[-1].id, "kind": kind, "hours": hours}


def rests_on(bench: Workbench, case: str, payload: Payload) -> Any:  # noqa: ARG001
    return [[job.id, job.model, job.metrics.get("hosting", [])] for job in bench.store.jobs(case)]


def deploy_terms(bench: Workbench, case: str, payload: Payload) -> Terms:  # noqa: ARG001
    usd = hosting.offer(bench.store, bench.hosting, payload["job"], payload["kind"], payload["hours"])
    hour, date = bench.hosting.hour(payload["kind"]), bench.hosting.prices.date
    return Terms(
        f"Deploy the model of job {payload['job']} at Azure ({payload['kind']}) for {payload['hours']:g} hours.",
        "A model tuned at Azure answers only while it is deployed.",
        "It answers after some minutes.",
        f"${hour:.2f} an hour, used or not: ${usd:.2f} for those hours (price of {date}), and what answers cost. "
        f"{spending.note(bench.store, bench.settings, usd)}".rstrip(),
        "Attune takes it down when the hours have passed, but only while it runs: Azure goes on counting. "
        "Which model answers stays as it is.",
    )


def deploy(bench: Workbench, payload: Payload) -> str:
    name = hosting.deploy(bench.store, bench.settings, bench.hosting, payload["job"], payload["kind"], payload["hours"])
    return f"Azure is deploying it as {name}. It costs by the hour from now on, until it is taken down."


def _allow(bench: Workbench, proposal: Proposal) -> None:
    payload = proposal.payload
    usd = hosting.offer(bench.store, bench.hosting, payload["job"], payload["kind"], payload["hours"])
    spending.allow(bench.store, bench.settings, usd)


KIND = Kind(
    "Deploy the model",
    prepare,
    rests_on,
    "the jobs or what is deployed",
    deploy_terms,
    lambda bench, proposal, _by: deploy(bench, proposal.payload),
    ("job", "kind", "hours"),
    allow=_allow,
)
