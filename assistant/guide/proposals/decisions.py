"""What costs or changes something waits here until a person confirms it. Then it happens exactly once."""

from __future__ import annotations

import hashlib
import json
import logging
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from assistant.errors import AttuneError
from assistant.guide.proposals.kind import Kind, Payload
from assistant.guide.proposals.registry import KINDS
from assistant.record.types import Proposal
from tools.trainer import ToolError

if TYPE_CHECKING:
    from assistant.workbench import Workbench

log = logging.getLogger(__name__)
PARTS = ("what", "why", "takes", "costs", "leaves")  # of a proposal's terms, in the order they are read
_ENDED = {"confirmed": "was confirmed already", "declined": "was declined", "expired": "is no longer true"}


def propose(
    bench: Workbench, case: str, kind: str, payload: dict[str, Any], why: str = "", instead_of: int = 0
) -> Proposal:
    """Record a proposal of a kind in KINDS; an open one of the same kind is replaced, or returned when nothing differs.

    `why` takes the place of the built-in reason; the costs are always given. With `instead_of` the proposal of that
    number must still be open. Raises AttuneError when it is not possible now; then nothing is replaced.
    """
    found = _kind(kind)
    payload = found.prepare(bench, case, payload)
    terms = asdict(found.terms(bench, case, payload))
    terms |= {"why": why.strip()} if why.strip() else {}
    text = " ".join(part for part in (terms["why"], *(terms[name] for name in PARTS if name != "why")) if part)
    basis = _basis(bench, case, found, payload)
    with bench.store.atomic():  # one that is confirmed at this moment cannot be replaced too
        if instead_of:
            _check_open(bench.store.proposal(instead_of))
        for old in bench.store.proposals(case, "open"):
            if old.kind != kind:
                continue
            if (old.payload, old.basis, old.why) == (payload, basis, text):
                return old
            bench.store.decide(old.id, "expired", "A newer proposal took its place.")
        return bench.store.add_proposal(case, kind, payload, text, basis, terms)


def change(bench: Workbench, proposal_id: int, options: dict[str, Any], by: str = "user") -> Proposal:
    """Propose the same with other options, for example trainer or epochs; the new proposal takes the old one's place.

    An option of 0 or "" goes back to the usual. Raises AttuneError when `by` does not own the case, when the proposal
    was decided before, and for an option or value that cannot be; then the old proposal stays.
    """
    old = bench.store.proposal(proposal_id)
    _check_owner(bench, old, by)
    _check_open(old)
    found = _kind(old.kind)
    unknown = sorted(set(options) - set(found.options))
    if unknown:
        possible = f"Choose from {', '.join(found.options)}." if found.options else "Confirm or decline it."
        raise AttuneError(f"A proposal to {old.kind} has no option '{unknown[0]}'.", possible)
    payload = found.given(bench, old.case, old.payload) | options
    return propose(bench, old.case, old.kind, payload, old.terms.get("why", ""), instead_of=old.id)


def confirm(bench: Workbench, proposal_id: int, by: str = "user") -> str:
    """Carry a proposal out, once, and return what happened in a sentence.

    `by` is the name of the person; "user" stands for the owner of this process (ATTUNE_OWNER). Raises AttuneError when
    it was decided before, when what it rests on has changed, when `by` does not own the case, and when it fails.
    """
    proposal = bench.store.proposal(proposal_id)
    _check_owner(bench, proposal, by)
    _check_open(proposal)
    found = _kind(proposal.kind)
    if _basis(bench, proposal.case, found, proposal.payload) != proposal.basis:
        bench.store.decide(proposal_id, "expired", f"Since it was made, {found.changed} changed.")
        raise AttuneError(
            f"Proposal {proposal_id} no longer holds: {found.changed} changed since it was made.",
            f"Ask for a new proposal ({proposal.kind}).",
        )
    found.allow(bench, proposal)  # refused by the spending cap it stays open
    if not bench.store.decide(proposal_id, "confirmed", "It was confirmed and is being carried out."):
        _check_open(bench.store.proposal(proposal_id))
    return _carry_out(bench, proposal, found, by)


def decline(bench: Workbench, proposal_id: int, by: str = "user") -> None:
    """Close an open proposal without doing anything. Raises AttuneError when it was decided before."""
    proposal = bench.store.proposal(proposal_id)
    _check_owner(bench, proposal, by)
    if not bench.store.decide(proposal_id, "declined", "Declined."):
        _check_open(bench.store.proposal(proposal_id))


def current(bench: Workbench, case: str, kind: str = "") -> Proposal | None:
    """The newest open proposal, of one kind if named, that still holds; those overtaken by events are closed as expired
    on the way."""
    for proposal in reversed(bench.store.proposals(case, "open")):
        if kind and proposal.kind != kind:
            continue
        found = _kind(proposal.kind)
        if _basis(bench, case, found, proposal.payload) == proposal.basis:
            return proposal
        bench.store.decide(proposal.id, "expired", f"Since it was made, {found.changed} changed.")
    return None


def _carry_out(bench: Workbench, proposal: Proposal, found: Kind, by: str) -> str:
    try:
        result = found.carry_out(bench, proposal, by)
    except ToolError as error:
        bench.store.set_proposal_result(proposal.id, f"It could not be carried out: {error}")
        raise AttuneError(error.sentence, error.remedy) from error
    except Exception:
        log.exception("proposal %s failed", proposal.id)
        bench.store.set_proposal_result(
            proposal.id, "It failed because of a bug in Attune; the details are in the log."
        )
        raise
    bench.store.set_proposal_result(proposal.id, result)
    return result


def _kind(kind: str) -> Kind:
    if kind not in KINDS:
        raise AttuneError(f"Nothing called '{kind}' can be proposed.", f"Choose one of {', '.join(KINDS)}.")
    return KINDS[kind]


def _basis(bench: Workbench, case: str, kind: Kind, payload: Payload) -> str:
    """A hash of what the proposal rests on."""
    content = json.dumps(kind.rests_on(bench, case, payload), sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def _check_owner(bench: Workbench, proposal: Proposal, by: str) -> None:
    person = bench.settings.owner if by == "user" else by
    owner = bench.store.case(proposal.case).owner
    if person != owner:
        raise AttuneError(
            f"The case '{proposal.case}' belongs to '{owner}', not to '{person}'.", "Ask the owner to decide."
        )


def _check_open(proposal: Proposal) -> None:
    if proposal.state != "open":
        how = _ENDED.get(proposal.state, proposal.state)
        raise AttuneError(f"Proposal {proposal.id} {how}: {proposal.result}", "Ask for a new one if you still want it.")
