"""What a person does with a question or an answer. One gesture writes every label that it implies.

    ask, again   a question, or the same one once more: the complete answer is kept beside its siblings
    approve      an answer to imitate; preferred to each sibling that is not approved
    edit         the better text, approved, and preferred to the original; what followed the original follows it
    reject       an answer to avoid
    undo         the judgement is taken back; of an edit, the original is read again

Rows, pairs and negatives are read from the labels (labels.py). Nothing said is changed or removed. After every
judgement it is looked whether the variant that answered is proved worse than the one before (traffic/returning.py).
"""

from __future__ import annotations

from dataclasses import replace

from assistant.chat import Reply
from assistant.errors import AttuneError
from assistant.record.store import Store
from assistant.record.types import Turn, Variant
from assistant.traffic import returning

SAME = "The model gave the same answer again, as it always does for this question. Edit it instead."
ANOTHER = 0.8  # temperature of a second try: at 0 it would be the same answer again


def ask(store: Store, case: str, text: str, conversation: int = 0, parent: int = 0) -> Turn:
    """A question after the answer `parent` (0: the first one), in a new conversation where none is given."""
    if not text.strip():
        raise AttuneError("The question is empty.", "Write a question.")
    with store.atomic():
        conversation = conversation or store.add_conversation(case, "chat").id
        return store.add_turn(conversation, parent, "user", text.strip())


def again(variant: Variant) -> Variant:
    """The variant that gives another answer to a question: a warmer one."""
    return replace(variant, temperature=max(variant.temperature, ANOTHER))


def keep(store: Store, question: Turn, variant: Variant, reply: Reply) -> Turn | None:
    """The complete answer, with its passages and the trace of its prompt; None where it is there word for word (SAME).

    Raises AttuneError for an empty one.
    """
    if not reply.text.strip():
        raise AttuneError("The model gave an empty answer.", "Try again, or ask in other words.")
    details = {
        "prompt_tokens": reply.prompt_tokens,
        "completion_tokens": reply.completion_tokens,
        "first_token_s": reply.first_token_s,
        "total_s": reply.total_s,
        "dropped": list(reply.dropped),
        "temperature": variant.temperature,
        "note": reply.note,
        "unfound": reply.unfound,
        "cut": reply.cut,
        "repeats": reply.repeats,
        "saw": reply.saw(),
    }
    with store.atomic():
        siblings = [turn for turn in store.turns(question.conversation) if turn.parent == question.id]
        if any(turn.content == reply.text for turn in siblings):
            return None
        return store.add_turn(
            question.conversation,
            question.id,
            "assistant",
            reply.text,
            variant=variant.id,
            passages=reply.passages,
            details=details,
        )


def keep_both(store: Store, variant: Variant, text: str, reply: Reply) -> Turn:
    """A question and its complete answer as a new conversation of the variant's case: both or neither."""
    with store.atomic():
        kept = keep(store, ask(store, variant.case, text), variant, reply)
    assert kept is not None  # a new question has no answer yet
    return kept


def answer(store: Store, case: str, number: int) -> Turn:
    """The answer of that number in a chat of the case. Raises AttuneError where there is none."""
    for turns in store.turns_of_case(case, ["chat"]).values():
        for turn in turns:
            if turn.id == number and turn.role == "assistant":
                return turn
    raise AttuneError(f"This case has no answer with the number {number}.", "Take the number that was given with it.")


def approve(store: Store, answer: int) -> Turn:
    return _judged(store, answer, "approved")


def reject(store: Store, answer: int) -> Turn:
    return _judged(store, answer, "rejected")


def edit(store: Store, turn: int, text: str) -> Turn:
    """An answer in better words, approved, or a question in other words, which waits for its answer.

    The same words again approve the answer as it is, and leave a question alone.
    """
    text = text.strip()
    if not text:
        raise AttuneError("The new text is empty.", "Write what it should say.")
    new = _edited(store, turn, text)
    if new.id != turn and new.role == "assistant":
        returning.judged(store, new.conversation)
    return new


def _edited(store: Store, turn: int, text: str) -> Turn:
    with store.atomic():
        old = store.turn(turn)
        if text == old.content:
            return approve(store, turn) if old.role == "assistant" else old
        if old.role == "user":
            return store.add_turn(old.conversation, old.parent, "user", text, edited_from=old.id)
        details = {"saw": old.details["saw"]} if "saw" in old.details else {}
        details |= {"was": old.label}
        new = store.add_turn(
            old.conversation, old.parent, "assistant", text, "approved", old.id, old.variant, old.passages, details
        )
        if old.label == "approved":
            store.label(old.id, "")  # what is edited is no longer as good as it can be
        _follow(store, old, new)
        return new


def undo(store: Store, answer: int) -> Turn:
    """The answer that is read now, without the last judgement."""
    with store.atomic():
        turn = store.turn(answer)
        plain = _judged(store, answer, "")
        if turn.label != "approved" or not turn.edited_from:
            return plain
        old = store.turn(turn.edited_from)
        label = str(turn.details.get("was", old.label))
        back = _said_again(store, old, turn.parent, old.edited_from, label)
        store.label(old.id, "")
        _follow(store, turn, back)
        return back


def _judged(store: Store, answer: int, label: str) -> Turn:
    if store.turn(answer).role != "assistant":
        raise AttuneError(f"Number {answer} is a question.", "Judge an answer.")
    store.label(answer, label)
    turn = store.turn(answer)
    returning.judged(store, turn.conversation)
    return turn


def _follow(store: Store, old: Turn, new: Turn) -> None:
    """Say what followed `old` again under `new`, siblings too. The labels move along, so that each counts once."""
    places, turns = {old.id: new.id}, store.turns(old.conversation)
    for turn in turns:  # a message is younger than the one that it follows
        if turn.parent in places and turn.id != new.id:
            edited = places.get(turn.edited_from, turn.edited_from)
            places[turn.id] = _said_again(store, turn, places[turn.parent], edited, turn.label).id
            if turn.label:
                store.label(turn.id, "")


def _said_again(store: Store, turn: Turn, parent: int, edited_from: int, label: str) -> Turn:
    return store.add_turn(
        turn.conversation,
        parent,
        turn.role,
        turn.content,
        label,
        edited_from,
        turn.variant,
        turn.passages,
        turn.details,
    )
