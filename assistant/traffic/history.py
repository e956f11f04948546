"""The switches as they stand: what was switched to and not taken back, and which of it answers a conversation."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from assistant.record.traffic.switches import WHOLE, Switch


@dataclass(frozen=True)
class Standing:
    """A variant in service. `share`: of 100 conversations, those that it answers; `by`: who switched to it.

    `first` and `since`: number and time of the switch with which its shares began. Raising a share goes on with the
    same conversations, so that none is handed back.
    """

    variant: str
    share: int
    first: int
    since: str
    by: str


def standing(rows: Sequence[Switch]) -> list[Standing]:
    """Switched to and not taken back, oldest first. A return takes back every share of what did worse."""
    stack: list[Standing] = []
    for row in rows:
        if row.kind == "undo":
            stack.pop()
        elif row.kind == "return":
            worse = stack[-1].variant
            while stack and stack[-1].variant == worse:
                stack.pop()
        else:
            same = stack[-1] if stack and stack[-1].variant == row.variant else None
            first, since = (same.first, same.since) if same else (row.id, row.created)
            stack.append(Standing(row.variant, row.share, first, since, row.by))
    return stack


def before(stack: Sequence[Standing]) -> Standing | None:
    """What answered before the newest variant, and answers what its share leaves; None where there is nothing."""
    return next((one for one in reversed(stack) if one.variant != stack[-1].variant), None)


def chosen(stack: Sequence[Standing], case: str, conversation: str) -> str | None:
    """The id of the variant that answers a conversation, always the same one; None where none of them does.

    Of 100 conversations each variant takes its share of those that the newer ones left.
    """
    asked: set[str] = set()
    for one in reversed(stack):
        if one.variant in asked:
            continue
        asked.add(one.variant)
        if one.share >= WHOLE or place(case, conversation, one.first) < one.share:
            return one.variant
    return None


def place(case: str, conversation: str, switch: int) -> float:
    """Where a conversation falls among 100, evenly spread: from 0 up to 100, without it."""
    digest = hashlib.sha256(f"{case}\n{conversation}\n{switch}".encode(errors="replace")).digest()
    return int.from_bytes(digest[:8], "big") / 2**64 * WHOLE


def told_apart(first: str, user: str = "") -> str:
    """What stands for a conversation that is not kept: whose it is, where the request says so, else how it began."""
    kind, text = ("user", user) if user else ("begins", first)
    return f"{kind} {hashlib.sha256(text.encode(errors='replace')).hexdigest()[:16]}"
