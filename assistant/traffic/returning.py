"""The automatic return: the earlier variant comes back once the newer one is proved to fail or displease more often.

Looked at after every judged answer and every failed one, in two sequential tests (sequential.py) that share the level:
of equal variants at most `LEVEL` are ever taken back. Conversations are counted, each once: the share of its answers
that failed; of its judged answers, rejected ones, an edited one as half. While a share is tried, both are counted
from its first conversation on; a variant that answers everything is compared with all that is known of the one before.

Watched is a tuned model, and whatever answers only a share: an untrained variant that was chosen for all is what
others are compared with. When neither answers, the engine is at fault and nothing is taken back.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from assistant.chat import Chat
from assistant.record.store import Store
from assistant.record.traffic.outcomes import ERROR
from assistant.record.traffic.switches import WHOLE, Switch
from assistant.record.types import Message, Variant
from assistant.traffic import history, sequential
from assistant.traffic.history import Standing
from tools.trainer import ToolError

log = logging.getLogger(__name__)
LEVEL = 0.05  # of all switches to a variant that is as good as the one before, those taken back at most
TESTS = 2  # failures, complaints
BY = "attune"
HELLO: list[Message] = [{"role": "user", "content": "Hello"}]


@dataclass(frozen=True)
class Comparison:
    """The newer variant against the one before, each value one conversation's, from 0 (good) to 1."""

    new: Standing
    before: Standing
    failed: tuple[list[float], list[float]]
    rejected: tuple[list[float], list[float]]

    @property
    def fails(self) -> bool:
        """Whether answers of the newer one are proved to fail more often."""
        return proved(*self.failed)

    @property
    def displeases(self) -> bool:
        """Whether answers of the newer one are proved to be rejected more often."""
        return proved(*self.rejected)


def proved(new: Sequence[float], old: Sequence[float]) -> bool:
    """Whether the new one's rate is higher, at this test's part of the level."""
    return sequential.proves(new, old, LEVEL / TESTS)


def compared(store: Store, case: str) -> Comparison | None:
    """What is known of the two; None where nothing is watched."""
    stack = history.standing(store.switches(case))
    before = history.before(stack) if stack else None
    if before is None:
        return None
    new = stack[-1]
    if new.share >= WHOLE and not store.variant(new.variant).tuned:
        return None
    since = "" if new.share >= WHOLE else new.since

    def both(of: Callable[[str, str, str], list[float]]) -> tuple[list[float], list[float]]:
        return of(case, new.variant, new.since), of(case, before.variant, since)

    return Comparison(new, before, both(store.failures), both(store.complaints))


def judged(store: Store, conversation: int) -> Switch | None:
    """Look again after an answer of the conversation was judged; the return, where there is cause for one."""
    case = store.conversation(conversation).case
    found = compared(store, case)
    if found is None or not found.displeases:
        return None
    return _bring_back(store, case, found, _figures(store, found, "were rejected", found.rejected))


def failed(chat: Chat, variant: Variant, conversation: str) -> Switch | None:
    """Record an answer that ended in an error, and look again. The variant before has to answer something first."""
    store, case = chat.store, variant.case
    store.add_outcome(case, variant.id, conversation, ERROR)
    found = compared(store, case)
    if found is None or found.new.variant != variant.id or not found.fails:
        return None
    if not _answers(chat, store.variant(found.before.variant)):
        log.warning("In the case '%s' the variant before fails as well: nothing is taken back.", case)
        store.add_outcome(case, found.before.variant, conversation, ERROR)
        return None
    return _bring_back(store, case, found, _figures(store, found, "failed", found.failed))


def told(store: Store, case: str) -> str:
    """What became of the newest switch: brought back and why, or how the two that are compared are doing; or nothing.

    Plain text in one or two sentences.
    """
    rows = store.switches(case)
    if rows and rows[-1].kind == "return":
        return _back(store, rows[-1])
    found = compared(store, case)
    if found is None:
        return ""
    new, old = (store.variant(one.variant).name for one in (found.new, found.before))
    dead = all(store.failing(case, one.variant) for one in (found.new, found.before))
    return (
        f"'{old}' comes back by itself once '{new}' proves worse. Conversations in which answers failed: "
        f"{_of(found.failed[0])} ('{new}') and {_of(found.failed[1])} ('{old}'); rejected, of those that were judged: "
        f"{_of(found.rejected[0])} and {_of(found.rejected[1])}."
    ) + (" At the moment neither answers, which is no reason to go back." if dead else "")


def since(store: Store, case: str, switch: int) -> str:
    """What was brought back after the switch of that number (0: ever), in one sentence; empty where nothing was."""
    row = next((row for row in reversed(store.switches(case)) if row.id > switch and row.kind == "return"), None)
    return _back(store, row) if row else ""


def last(store: Store, case: str) -> int:
    """The number of the newest switch; 0 before there is one."""
    rows = store.switches(case)
    return rows[-1].id if rows else 0


def _bring_back(store: Store, case: str, found: Comparison, reason: str) -> Switch | None:
    """One row, unless somebody switched meanwhile."""
    with store.atomic():
        stack = history.standing(store.switches(case))
        if not stack or stack[-1] != found.new:
            return None
        name = store.variant(found.new.variant).name
        log.warning("In the case '%s' the variant '%s' is taken back: %s", case, name, reason)
        return store.add_switch(case, found.before.variant, "return", reason, BY, share=found.before.share)


def _answers(chat: Chat, variant: Variant) -> bool:
    """Whether a variant begins to answer at all."""
    try:
        reply = chat.reply(variant, HELLO)
        next(reply, "")
        reply.close()
    except ToolError:
        return False
    return True


def _back(store: Store, row: Switch) -> str:
    return f"'{store.variant(row.variant).name}' answers again: {row.reason}."


def _figures(store: Store, found: Comparison, what: str, counted: tuple[list[float], list[float]]) -> str:
    """The reason of a return, with what it rests on."""
    new, old = (store.variant(one.variant).name for one in (found.new, found.before))
    mine, others = map(_of, counted)
    return f"answers of '{new}' {what} in {mine} conversations, those of '{old}' in {others}"


def _of(values: Sequence[float]) -> str:
    """How many of how many; halves are edited answers, other parts are some answers of a conversation."""
    return f"{round(math.fsum(values), 1):g} of {len(values)}"
