"""Pasted conversations: kept without a label, and checked against what is tested on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assistant.conversations import labels
from assistant.conversations.formats import pasted
from assistant.errors import AttuneError
from assistant.knowledge.comparison.leaks import ComparedTurns
from assistant.knowledge.search.near_duplicates import Near, key
from assistant.record.threads import thread
from assistant.record.types import Message, Turn

if TYPE_CHECKING:
    from assistant.record.store import Store

SOURCE, FROM = "import", "guide"  # they come in like those of a file; `from` in a turn's details tells them apart
TESTED, KNOWN = "too like a conversation that is tested on", "here already"


def add(store: Store, case: str, text: str) -> dict[str, Any]:
    """Record the conversations of a text, without approving any: {"conversations": ids, "left_out": {why: count}}.

    One that has a question or an answer of a held-out conversation is left out: a model must not learn what it is
    tested on.
    Raises AttuneError when the text holds none, or none that is new.
    """
    found = pasted.parse(text)
    tested = _tested(store, case, found)
    known = Near(key([_plain(turn) for turn in thread(turns)]) for turns in _imported(store, case).values())
    ids: list[int] = []
    left_out: dict[str, int] = {}
    with store.atomic():
        for place, messages in enumerate(found):
            why = TESTED if place in tested else KNOWN if key(messages) in known else ""
            if why:
                left_out[why] = left_out.get(why, 0) + 1
            else:
                known.add(key(messages))
                ids.append(_keep(store, case, messages))
    if not ids:
        reasons = "; ".join(f"{count} {why}" for why, count in left_out.items())
        raise AttuneError(f"None of the {len(found)} conversations can be taken: {reasons}.", "Paste other real ones.")
    return {"conversations": ids, "left_out": left_out}


def waiting(store: Store, case: str) -> dict[int, list[Turn]]:
    """Pasted conversations without any label, by number: those that a person has not decided about."""
    return {
        id: path
        for id, turns in _imported(store, case).items()
        if (path := thread(turns)) and path[0].details.get("from") == FROM and not any(turn.label for turn in turns)
    }


def shown(turns: list[Turn], most: int = 90) -> str:
    """A conversation in one line: what was asked and what was answered."""
    return " → ".join(_short(turn.content, most) for turn in turns)


def _keep(store: Store, case: str, messages: list[Message]) -> int:
    conversation, parent = store.add_conversation(case, SOURCE), 0
    for message in messages:
        extra = {name: value for name, value in message.items() if name not in ("role", "content", "weight")}
        details = {"from": FROM} | ({"message": extra} if extra else {})
        turn = store.add_turn(conversation.id, parent, message["role"], message["content"], details=details)
        parent = turn.id
    return conversation.id


def _tested(store: Store, case: str, found: list[list[Message]]) -> set[int]:
    """The places of conversations that have a question or an answer of a held-out one."""
    usual = [row.messages for row in labels.approved_rows(store, case)]
    turns = ComparedTurns(_held_out(store, case), [*usual, *found])
    return {find.one for find in turns.against(found)}


def _held_out(store: Store, case: str) -> list[list[Message]]:
    """What the newest dataset tests on, and what was imported for testing only."""
    datasets = store.datasets(case)
    frozen = [item.messages for item in store.items(datasets[-1].id, "test")] if datasets else []
    kept = [[_plain(turn) for turn in thread(turns)] for turns in store.turns_of_case(case, ["heldout"]).values()]
    return [*frozen, *kept]


def _imported(store: Store, case: str) -> dict[int, list[Turn]]:
    return store.turns_of_case(case, [SOURCE])


def _plain(turn: Turn) -> Message:
    return {"role": turn.role, "content": turn.content}


def _short(text: str, most: int) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= most else plain[: most - 1].rstrip() + "…"
