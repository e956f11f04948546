"""Conversations of files into a case: all of them or none, each once, and what was not taken is told.

What was read lies in a temporary file until the end, so that a large import needs little memory, and the record is
written in one go.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from assistant.conversations.formats.found import Hints, ImportedConversation
from assistant.conversations.formats.reading import ConversationReader
from assistant.record.conversations import ImportedTurn
from assistant.record.store import Store
from assistant.record.types import Message
from tools.chat_rows import calls

SOURCES = ("import", "heldout")


@dataclass(frozen=True)
class ImportOutcome:
    """What became of files: conversations that are new, and that were there already; by format; what is told."""

    added: int
    known: int = 0
    formats: dict[str, int] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)
    calls: int = 0  # conversations in which tools are called

    @property
    def sentence(self) -> str:
        """What they were read as, what was there already, what calls tools; for people."""
        several = len(self.formats) > 1
        named = ", ".join(f"{name} ({count})" if several else name for name, count in self.formats.items())
        known = f" {self.known} were here already." if self.known else ""
        tools = f" Tools are called in {self.calls} of those read." if self.calls else ""
        return f"Read as {named}.{known}{tools}"

    def counted(self, kind: str = "") -> str:
        """How many are new: "1 approved conversation"."""
        return f"{self.added} {kind}{' ' * bool(kind)}conversation{'s' * (self.added != 1)}"

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def files(
    store: Store, case: str, paths: Sequence[Path], heldout: bool = False, hints: Hints | None = None
) -> ImportOutcome:
    """Import files and folders. Raises AttuneError that names what is wrong; then nothing was imported."""
    reader = ConversationReader(hints)
    return keep(store, case, reader.paths(paths), SOURCES[heldout], reader)


def text(store: Store, case: str, text: str, name: str, heldout: bool = False) -> ImportOutcome:
    """Import what a program sends as text."""
    reader = ConversationReader()
    return keep(store, case, reader.text(text, name), SOURCES[heldout], reader)


def keep(
    store: Store,
    case: str,
    found: Iterable[ImportedConversation],
    source: str = SOURCES[0],
    reader: ConversationReader | None = None,
) -> ImportOutcome:
    """Record conversations that are being read: first all of them are read, then all are written."""
    with tempfile.TemporaryFile(prefix="attune-import-") as spool:
        calling = 0
        for one in found:
            calling += bool(calls(one.messages))
            spool.write(json.dumps([asdict(turn) for turn in turns(one)]).encode() + b"\n")
        spool.seek(0)
        added, known = store.import_conversations(case, source, _spooled(spool))
    if reader is None:
        return ImportOutcome(added, known, calls=calling)
    return ImportOutcome(added, known, dict(reader.formats), reader.told.sentences(), calling)


def turns(one: ImportedConversation) -> list[ImportedTurn]:
    """A conversation as turns of the record. An answer that lost stands before the one that won: the latest counts."""
    made: list[ImportedTurn] = []
    parent: int | None = None
    for place, message in enumerate(one.messages):
        if place == len(one.messages) - 1:
            made += [_turn(other, parent, "") for other in one.worse]
        good = message["role"] == "assistant" and message.get("weight", 1) != 0
        label = "rejected" if place in one.rejected else "approved" if good else ""
        made.append(_turn(message, parent, label))
        parent = len(made) - 1
    return made


def _turn(message: Message, parent: int | None, label: str) -> ImportedTurn:
    extra = {name: value for name, value in message.items() if name not in ("role", "content", "weight")}
    return ImportedTurn(message["role"], message["content"], parent, label, extra)


def _spooled(spool: BinaryIO) -> Iterator[tuple[str, list[ImportedTurn]]]:
    """Each conversation with its digest: the sha256 of all that was imported of it."""
    for line in spool:
        yield hashlib.sha256(line).hexdigest(), [ImportedTurn(**one) for one in json.loads(line)]
