"""The proposal to let another variant answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assistant.errors import AttuneError
from assistant.guide.proposals.kind import Kind, Payload, Terms, last_switch, need
from assistant.record.traffic.switches import WHOLE
from assistant.stages import evaluate, switch
from assistant.traffic import reasons

if TYPE_CHECKING:
    from assistant.record.types import Proposal, Variant
    from assistant.workbench import Workbench


def _prepare(bench: Workbench, case: str, payload: Payload) -> Payload:
    store, wanted, force = bench.store, str(payload.get("variant") or ""), bool(payload.get("force", False))
    chosen = switch.find(store, case, wanted) if wanted else _proved(bench, case)
    problem, reason = switch.refusal(store, case, chosen), str(payload.get("reason") or "")
    if not force:
        need(problem, "Choose an untrained variant, or collect more approved answers and measure again.")
    elif problem:
        reason = reasons.checked(reason)
    share = switch.checked_share(payload.get("share") or WHOLE)
    if switch.shares(store, bench.settings, case).get(chosen.id) == share:
        raise AttuneError(f"The variant {chosen.name} answers already.", "There is nothing to switch.")
    return {"variant": chosen.id, "name": chosen.name, "force": force, "share": share, "reason": reason}


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
    latest, shares = evaluate.latest(bench.store, case), switch.shares(bench.store, bench.settings, case)
    now = " and ".join(bench.store.variant(id).name for id in shares if id != payload["variant"])
    proved = switch.proved(bench.store, case)
    unread = switch.unread(bench.store, case)
    reason = (
        f"Measured: {latest.verdict['reason']}{f' {unread}' if unread else ''}"
        if latest and proved and proved.id == payload["variant"]
        else "This is your choice; it has not been proved better."
    )
    given, share = payload.get("reason"), int(payload.get("share", WHOLE))
    part = "" if share == WHOLE else f" {share} of 100 conversations"
    return Terms(
        f"Let {payload['name']} answer{part} from now on instead of {now}.",
        f"{reason} Your reason: {given}." if given else reason,
        "It takes effect at once.",
        "No money.",
        "It deletes and trains nothing. You can undo it at once.",
    )


def _carry_out(bench: Workbench, proposal: Proposal, by: str) -> str:
    payload = proposal.payload
    force, share = bool(payload.get("force", False)), int(payload.get("share", WHOLE))
    reason = str(payload.get("reason", ""))
    switch.run(bench.store, proposal.case, str(payload["variant"]), by, reason, force, share)
    part = "" if share == WHOLE else f" {share} of 100 conversations"
    return f"From now on {payload.get('name') or payload['variant']} answers{part}. Undo brings the previous one back."


KIND = Kind(
    "Switch what answers", _prepare, _rests_on, "the results or what answers", _terms, _carry_out, ("variant", "share")
)
