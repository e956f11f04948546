"""A judged answer as a dataset freezes it. Imports nothing of ours but the plain types."""

from __future__ import annotations

from dataclasses import dataclass

from assistant.record.types import Message


@dataclass(frozen=True)
class Judgement:
    """A judgement of a dataset's train side: two answers of which one was better, or one alone (the other is "")."""

    position: int
    prompt: list[Message]
    chosen: str = ""
    rejected: str = ""
    conversation: int = 0
