"""The proposal to take a deployment at Azure down."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assistant import hosting
from assistant.guide.proposals.deploy import prepare, rests_on
from assistant.guide.proposals.kind import Kind, Payload, Terms

if TYPE_CHECKING:
    from assistant.workbench import Workbench


def _terms(bench: Workbench, case: str, payload: Payload) -> Terms:  # noqa: ARG001
    return Terms(
        f"Take the deployment of job {payload['job']} at Azure down.",
        "It costs by the hour, used or not.",
        "It takes effect at once.",
        "Nothing; it ends a bill.",
        "The tuned model stays and can be deployed again. Until then it does not answer.",
    )


def remove(bench: Workbench, payload: Payload) -> str:
    usd = hosting.take_down(bench.store, bench.hosting, payload["job"])
    return f"The deployment is taken down. Hosting has cost about ${usd:.2f} (price of {bench.hosting.prices.date})."


KIND = Kind(
    "Take it down",
    prepare,
    rests_on,
    "the jobs or what is deployed",
    _terms,
    lambda bench, proposal, _by: remove(bench, proposal.payload),
    ("job",),
)
