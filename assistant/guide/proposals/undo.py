"""The proposal to take the last switch back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assistant.guide.proposals.kind import Kind, Payload, Terms, last_switch, need
from assistant.stages import switch

if TYPE_CHECKING:
    from assistant.record.types import Proposal
    from assistant.workbench import Workbench


def _prepare(bench: Workbench, case: str, payload: Payload) -> Payload:  # noqa: ARG001
    nothing = switch.previous(bench.store, case) is None
    need("There is nothing to undo: nothing has been switched." if nothing else None, "See `attune status`.")
    return {}


def _terms(bench: Workbench, case: str, payload: Payload) -> Terms:  # noqa: ARG001
    now = switch.active(bench.store, bench.settings, case).name
    return Terms(
        f"Bring back what answered before {now}.",
        "The last switch is taken back.",
        "It takes effect at once.",
        "No money.",
        f"It deletes nothing: the model of {now} stays and can be switched to again.",
    )


def _carry_out(bench: Workbench, proposal: Proposal, by: str) -> str:
    row = switch.undo(bench.store, proposal.case, by)
    return f"Undone: {bench.store.variant(row.variant).name} answers again."


KIND = Kind(
    "Undo the last switch",
    _prepare,
    lambda bench, case, _: [last_switch(bench, case)],
    "what answers",
    _terms,
    _carry_out,
)
