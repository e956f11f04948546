"""What readers find: conversations with their places, and what of them cannot be taken, counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from assistant.errors import AttuneError
from assistant.record.types import Message

ROLES = ("question", "answer", "system", "user", "assistant")  # what a hint may name
HOW = "Write it as question=COLUMN,answer=COLUMN for a table, or assistant=NAME for a transcript."


class BadRow(Exception):
    """What is wrong with a record, in words that follow "line 3: "."""


@dataclass(frozen=True)
class ImportedConversation:
    """A conversation as a file has it. Answers with weight 0 are context; the others are approved.

    `worse`: answers that lost against the last message. `rejected`: places of answers that a person disliked.
    """

    messages: list[Message]
    worse: tuple[Message, ...] = ()
    rejected: tuple[int, ...] = ()
    place: str = ""
    format: str = ""


@dataclass
class Tally:
    """What is not taken, counted by what it is, and what is doubtful. A `strict` one refuses instead of leaving out."""

    strict: bool = False
    left_out: Counter[str] = field(default_factory=Counter)
    doubts: dict[str, None] = field(default_factory=dict)  # in their order, each once

    def leave(self, what: str, reason: str = "", count: int = 1) -> None:
        """Leave something out. Raises BadRow with the reason where nothing may be left out."""
        if self.strict:
            raise BadRow(reason or f"{what} are not trained on")
        if count:
            self.left_out[what] += count

    def doubt(self, sentence: str) -> None:
        self.doubts[sentence] = None

    def sentences(self) -> list[str]:
        """For whoever imports: what is left out, with counts, and each doubt."""
        counts = ", ".join(f"{what} ({count:,})" for what, count in sorted(self.left_out.items()))
        return [*([f"Left out: {counts}."] if counts else []), *self.doubts]


@dataclass(frozen=True)
class Hints:
    """What a person said about a file: which columns hold what, which speakers are whom."""

    names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def of(self, *roles: str) -> tuple[str, ...]:
        """The names given for any of these roles."""
        return tuple(name for role in roles for name in self.names.get(role, ()))

    @classmethod
    def parse(cls, texts: Iterable[str]) -> Hints:
        """Hints from texts such as "question=Frage,answer=Antwort". Raises AttuneError for anything else."""
        names: dict[str, tuple[str, ...]] = {}
        for part in (part for text in texts for part in text.split(",") if part.strip()):
            role, _, name = (piece.strip() for piece in part.partition("="))
            if role.lower() not in ROLES or not name:
                raise AttuneError(f"'{part.strip()[:60]}' does not say what a column or a speaker is.", HOW)
            names[role.lower()] = (*names.get(role.lower(), ()), name)
        return cls(names)


def keys(record: Any) -> str:
    """The keys of a record for a sentence: the first few."""
    if not isinstance(record, Mapping):
        return f"a {type(record).__name__}" if record is not None else "nothing"
    named = [str(key)[:40] for key in record]
    return ", ".join(named[:6]) + (", ..." if len(named) > 6 else "")
