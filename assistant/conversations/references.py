"""Correcting the approved answer of a held-out conversation, where it is wrong or a person likes another better."""

from __future__ import annotations

from collections.abc import Sequence

from assistant.conversations import gestures
from assistant.errors import AttuneError
from assistant.record import threads
from assistant.record.store import Store
from assistant.record.types import Item, Turn

_REMEDY = "Look at the row in the newest dataset."


def correct(store: Store, item: Item, turn: int, text: str) -> Turn:
    """Approve `text` as the answer of this turn (from 0) instead of the one that the frozen row holds.

    The conversation is edited, never copied: so it stays on the side that it was on, and what was tested on is not
    trained on. The frozen dataset and what was measured on it stay as they are; the next dataset tests with the new
    answer. A model's own words as the approved answer favour that model from then on, so `wrote_itself` tells of them.
    Raises AttuneError where the conversation has changed since.
    """
    if not text.strip():
        raise AttuneError("The approved answer would be empty.", "Write what it should say.")
    frozen = [message for message in item.messages if message["role"] == "assistant"][turn]["content"]
    said = [one for one in threads.thread(store.turns(item.conversation)) if one.role == "assistant"]
    if not item.conversation or len(said) <= turn:
        raise AttuneError("The conversation behind this row is gone.", _REMEDY)
    if said[turn].content == text.strip():
        return gestures.approve(store, said[turn].id)
    if said[turn].content != frozen:
        raise AttuneError("This approved answer was changed since it was measured.", _REMEDY)
    return gestures.edit(store, said[turn].id, text)


def told(rows: int) -> str:
    """What it means that so many rows are approved in a variant's own words; empty for none."""
    if not rows:
        return ""
    what = "1 approved answer is" if rows == 1 else f"{rows} approved answers are"
    return f"{what} in the very words of a variant that was measured, which favours it."


def wrote_itself(store: Store, case: str, items: Sequence[Item]) -> list[int]:
    """The positions of held-out rows whose approved answer is an edit in the very words of a variant's answer."""
    measured = {score.answer.strip() for one in store.evaluations(case) for score in store.scores(one.id)}
    found = []
    for item in items:
        edited = [turn for turn in threads.thread(store.turns(item.conversation)) if turn.edited_from]
        words = {str(message["content"]).strip() for message in item.messages if message["role"] == "assistant"}
        if any(turn.content.strip() in measured & words for turn in edited):
            found.append(item.position)
    return found
