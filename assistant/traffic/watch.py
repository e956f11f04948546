"""Around an answer of a case: whether it came or ended in an error is kept in mind, whoever asked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from assistant.chat import Chat
from assistant.record.traffic.outcomes import OK
from assistant.record.types import Variant
from assistant.traffic import returning


@contextmanager
def answering(chat: Chat, variant: Variant, conversation: str, kept: bool = False) -> Iterator[None]:
    """The answer is made inside. Its error is recorded and raised again; whoever stops it early has no answer to count.

    `kept`: it becomes a message, which is trace enough.
    """
    try:
        yield
    except Exception:
        returning.failed(chat, variant, conversation)
        raise
    if not kept:
        chat.store.add_outcome(variant.case, variant.id, conversation, OK)
