"""What every kind of proposal has, and what its files share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from assistant.errors import AttuneError

if TYPE_CHECKING:
    from assistant.record.types import Proposal
    from assistant.workbench import Workbench

Payload = dict[str, Any]


@dataclass(frozen=True)
class Terms:
    """What a person agrees to: what would be done and why, how long it takes, what it costs, what it leaves alone."""

    what: str
    why: str
    takes: str
    costs: str
    leaves: str


@dataclass(frozen=True)
class Kind:
    """How one kind works. `title` heads its card.

    `prepare` checks and completes a payload or raises AttuneError; `rests_on` gives what must still be so when it is
    confirmed, `changed` names that in words; `terms` says what it means; `carry_out` does it; `given` is what may be
    changed before it is confirmed, taken from a payload without what `prepare` would fill in anyway; `allow` raises
    AttuneError while it must not be confirmed, though it still holds.
    """

    title: str
    prepare: Callable[[Workbench, str, Payload], Payload]
    rests_on: Callable[[Workbench, str, Payload], Any]
    changed: str
    terms: Callable[[Workbench, str, Payload], Terms]
    carry_out: Callable[[Workbench, Proposal, str], str]
    options: tuple[str, ...] = ()
    given: Callable[[Workbench, str, Payload], Payload] = lambda bench, case, payload: payload  # noqa: ARG005
    allow: Callable[[Workbench, Proposal], None] = lambda bench, proposal: None  # noqa: ARG005


def need(problem: str | None, remedy: str) -> None:
    """Raise AttuneError where there is a problem."""
    if problem:
        raise AttuneError(problem, remedy)


def asking(bench: Workbench) -> tuple[str, str]:
    """What it takes and costs to let variants answer."""
    if bench.settings.chat_base_url:
        return "It takes minutes of the chat server.", "What the chat server charges for these answers."
    return "It takes minutes of this machine.", "No money."


def last_switch(bench: Workbench, case: str) -> int:
    """The number of the newest switch; 0 before there is one."""
    rows = bench.store.switches(case)
    return rows[-1].id if rows else 0
