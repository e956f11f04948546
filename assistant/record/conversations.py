"""Conversations and their messages: whole trees, in which answers to one question are siblings."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from assistant.record.connection import Connection, decoded, make, now
from assistant.record.types import Conversation, Message, Passage, Turn

_KNOWN = "select 1 from conversations where [case] = ? and source = ? and digest = ?"
_CONVERSATION = "insert into conversations ([case], source, created, digest) values (?, ?, ?, ?)"
_TURN = (
    "insert into messages (conversation, parent, role, content, label, edited_from, variant, passages, details, "
    "created)"
    " values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)


@dataclass(frozen=True)
class ImportedTurn:
    """A message to add. `parent`: the index of the one that it follows among those of its conversation."""

    role: str
    content: str
    parent: int | None = None
    label: str = ""
    extra: Message = field(default_factory=dict)  # what a message has besides role and text


class ConversationRows(Connection):
    """The part of the record that holds what was said."""

    def add_conversation(self, case: str, source: str) -> Conversation:
        id = self._insert("conversations", {"case": case, "source": source, "created": now()})
        return make(Conversation, self._get("conversations", id))

    def import_conversations(
        self, case: str, source: str, found: Iterable[tuple[str, Sequence[ImportedTurn]]]
    ) -> tuple[int, int]:
        """Add conversations, each with the digest that it is known by; how many are new, and how many were there.

        One that was imported before, of the same source, is not added again. All of them are taken, or none.
        """
        new = known = 0
        with self.atomic():
            run = self.db.conn.execute
            for digest, turns in found:
                there = run(_KNOWN, [case, source, digest]).fetchone()
                if there:
                    known += 1
                    continue
                new += 1
                made = run(_CONVERSATION, [case, source, now(), digest]).lastrowid
                ids: list[int] = []
                for turn in turns:
                    parent = ids[turn.parent] if turn.parent is not None else 0
                    details = json.dumps({"message": turn.extra} if turn.extra else {}, ensure_ascii=False)
                    values = [made, parent, turn.role, turn.content, turn.label, 0, "", "[]", details, now()]
                    ids.append(int(run(_TURN, values).lastrowid or 0))
        return new, known

    def import_conversation(self, case: str, source: str, messages: Sequence[Message]) -> Conversation:
        """Add a whole conversation whose answers are approved (those with weight 0 stay unlabelled)."""
        with self.atomic():
            conversation = self.add_conversation(case, source)
            parent = 0
            for message in messages:
                good = message["role"] == "assistant" and message.get("weight", 1) != 0
                extra = {k: v for k, v in message.items() if k not in ("role", "content", "weight")}
                turn = self.add_turn(
                    conversation.id,
                    parent,
                    message["role"],
                    message["content"],
                    label="approved" if good else "",
                    details={"message": extra} if extra else {},
                )
                parent = turn.id
        return conversation

    def conversation(self, id: int) -> Conversation:
        return make(Conversation, self._get("conversations", id))

    def conversations(self, case: str, source: str | None = None) -> list[Conversation]:
        where, values = ("[case] = ?", [case]) if source is None else ("[case] = ? and source = ?", [case, source])
        return [make(Conversation, row) for row in self._rows("conversations", where, values)]

    def add_turn(
        self,
        conversation: int,
        parent: int,
        role: str,
        content: str,
        label: str = "",
        edited_from: int = 0,
        variant: str = "",
        passages: Sequence[Passage] = (),
        details: dict[str, Any] | None = None,
    ) -> Turn:
        id = self._insert(
            "messages",
            {
                "conversation": conversation,
                "parent": parent,
                "role": role,
                "content": content,
                "label": label,
                "edited_from": edited_from,
                "variant": variant,
                "passages": [asdict(p) for p in passages],
                "details": details or {},
                "created": now(),
            },
        )
        return self.turn(id)

    def turn(self, id: int) -> Turn:
        return _turn(self._get("messages", id))

    def turns(self, conversation: int) -> list[Turn]:
        """Every message ever, siblings and originals too, oldest first."""
        return [_turn(row) for row in self._rows("messages", "conversation = ?", [conversation])]

    def turns_of_case(self, case: str, sources: Sequence[str]) -> dict[int, list[Turn]]:
        """All messages of a case's conversations from these sources, by conversation, in one query."""
        marks = ",".join("?" * len(sources))
        rows = self.db.query(
            f"select m.* from messages m join conversations c on c.id = m.conversation "
            f"where c.[case] = ? and c.source in ({marks}) order by m.id",
            [case, *sources],
        )
        found: dict[int, list[Turn]] = {}
        for row in rows:
            turn = _turn(decoded(row))
            found.setdefault(turn.conversation, []).append(turn)
        return found

    def touched(self, case: str, after: int = 0) -> tuple[int, list[int]]:
        """The number of the last change of any conversation, and this case's that changed after the number `after`."""
        last = next(self.db.query("select coalesce(max(number), 0) as last from touched"))["last"]
        rows = self.db.query(
            "select t.conversation from touched t join conversations c on c.id = t.conversation "
            "where t.number > ? and t.number <= ? and c.[case] = ? order by t.number",
            [after, last, case],
        )
        return int(last), [int(row["conversation"]) for row in rows]

    def label(self, turn: int, label: str) -> None:
        """Set a message's label: "", approved or rejected."""
        self._update("messages", turn, label=label)


def _turn(row: dict[str, Any]) -> Turn:
    return make(Turn, row | {"passages": [Passage(**p) for p in row["passages"]]})
