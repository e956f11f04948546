"""The proposal to approve conversations that were pasted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assistant.conversations.formats import pasted
from assistant.errors import AttuneError
from assistant.guide import paste
from assistant.guide.proposals.kind import Kind, Payload, Terms

if TYPE_CHECKING:
    from assistant.record.types import Proposal
    from assistant.workbench import Workbench

SHOWN = 3  # conversations that it quotes


def _prepare(bench: Workbench, case: str, payload: Payload) -> Payload:
    """The payload of a proposal to approve: those named that still wait, all that wait where none is named."""
    there = paste.waiting(bench.store, case)
    ids = [int(id) for id in payload.get("conversations") or there if int(id) in there]
    if not ids:
        raise AttuneError("No pasted conversation waits for approval.", pasted.REMEDY)
    return {"conversations": ids}


def _terms(bench: Workbench, case: str, payload: Payload) -> Terms:
    there = paste.waiting(bench.store, case)
    lines = [f"“{paste.shown(there[id])}”" for id in payload["conversations"] if id in there]
    more = f" and {len(lines) - SHOWN} more" if len(lines) > SHOWN else ""
    return Terms(
        f"Approve {len(lines)} pasted {'conversation' if len(lines) == 1 else 'conversations'}: "
        f"{'; '.join(lines[:SHOWN])}{more}.",
        "Approved answers are what a model learns from.",
        "It takes effect at once.",
        "No money.",
        "The frozen dataset and what answers stay as they are: these count from the next dataset on.",
    )


def _carry_out(bench: Workbench, proposal: Proposal, by: str) -> str:  # noqa: ARG001
    """Approve every answer of these conversations; says how many."""
    there = paste.waiting(bench.store, proposal.case)
    chosen = [id for id in proposal.payload["conversations"] if id in there]
    with bench.store.atomic():
        for turn in (turn for id in chosen for turn in there[id] if turn.role == "assistant"):
            bench.store.label(turn.id, "approved")
    return f"Approved: {len(chosen)}. They are in the next dataset that you build."


KIND = Kind(
    "Approve what was pasted",
    _prepare,
    lambda bench, case, _: sorted(paste.waiting(bench.store, case)),
    "what waits for approval",
    _terms,
    _carry_out,
)
