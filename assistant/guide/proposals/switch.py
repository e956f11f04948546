"""The proposal to let another variant answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assistant.errors import AttuneError
from assistant.guide.proposals.kind import Kind, Payload, Terms, last_switch, need
from assistant.stages import evaluate, switch

if TYPE_CHECKING:
    from assistant.record.types import Proposal, Variant
    from assistant.workbench import Workbench


def _prepare(bench: Workbench, case: str, payload: Payload) -> Payload:
    store, wanted, force = bench.store, str(payload.get("variant") or ""), bool(payload.get("force", False))
    chosen = switch.find(store, case, wanted) if wanted else _proved(bench, case)
    if not force:
        remedy = "Choose an untrained variant, or collect more approved answers and measure again."
        need(switch.refusal(store, case, chosen), remedy)
    if chosen.id == switch.active(store, bench.settings, case).id:
        raise AttuneError(f"The variant {chosen.name} answers already.", "There is nothing to switch.")
    return {"variant": chosen.id, "name": chosen.name, "force": force, "reason": str(payload.get("reason") or "")}


def _proved(bench: Workbench, case: str) -> Variant:
    found = switch.proved(bench.store, case)
    if found is None:
        problem = switch.blocked(bench.store, case) or "Nothing has been proved better yet."
        raise AttuneError(problem, "Name a variant to switch to it all the same.")
    return found


def _rests_on(bench: Workbench, case: str, payload: Payload) -> Any:  # noqa: ARG001
    latest = evaluate.latest(bench.store, case)
    return [latest.id if latest else 0, last_switch(bench, case)]


def _terms(bench: Workbench, case: str, payload: Payload) -> Terms:
    latest, now = evaluate.latest(bench.store, case), switch.active(bench.store, bench.settings, case).name
    proved = switch.proved(bench.store, case)
    unread = switch.unread(bench.store, case)
    reason = (
        f"Measured: {latest.verdict['reason']}{f' {unread}' if unread else ''}"
        if latest and proved and proved.id == payload["variant"]
        else "This is your choice; it has not been proved better."
    )
    return Terms(
        f"Let {payload['name']} answer from now on instead of {now}.",
        reason,
        "It takes effect at once.",
        "No money.",
        "It deletes and trains nothing. You can undo it at once.",
    )


def _carry_out(bench: Workbench, proposal: Proposal, by: str) -> str:
    payload = proposal.payload
    reason, force = str(payload.get("reason") or ""), bool(payload.get("force", False))
    switch.run(bench.store, proposal.case, str(payload["variant"]), by, reason, force)
    return f"From now on {payload.get('name') or payload['variant']} answers. Undo brings the previous one back."


KIND = Kind("Switch what answers", _prepare, _rests_on, "the results or what answers", _terms, _carry_out, ("variant",))
