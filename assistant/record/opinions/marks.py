"""Marks: an answer of an evaluation was read, is right, is wrong, or the approved one is. Appended, never changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from assistant.record.connection import Connection, make, now

READ, RIGHT, WRONG, REFERENCE, CLEARED = "read", "right", "wrong", "reference", "cleared"
KINDS = (READ, RIGHT, WRONG, REFERENCE, CLEARED)


@dataclass(frozen=True)
class Mark:
    """What a person said of one answer. `variant`: the id of the one that answered; "": the row or what is approved.

    `mark`: read (the row was opened), right or wrong (this answer), reference (the approved answer is wrong), cleared
    (what was said before is taken back). `turn`: which assistant turn of the item, from 0.
    """

    id: int
    evaluation: int
    variant: str
    item: int
    turn: int
    mark: str
    by: str = "user"
    created: str = ""


class MarkRows(Connection):
    """The part of the record that holds marks."""

    def add_mark(self, evaluation: int, item: int, turn: int, mark: str, variant: str = "", by: str = "user") -> Mark:
        """Append a mark; the latest one of an answer counts. Raises ValueError for a kind that there is not."""
        if mark not in KINDS:
            raise ValueError(f"no mark '{mark}'")
        row = {"evaluation": evaluation, "variant": variant, "item": item, "turn": turn, "mark": mark, "by": by}
        return make(Mark, self._get("marks", self._insert("marks", row | {"created": now()})))

    def marks(self, evaluation: int) -> list[Mark]:
        """Every mark of an evaluation, oldest first."""
        return [make(Mark, row) for row in self._rows("marks", "evaluation = ?", [evaluation])]

    def rows_read(self, evaluation: int) -> int:
        """How many of its rows, of one turn each, somebody opened or marked."""
        found = self.db.query(
            "select count(*) as n from (select distinct item, turn from marks where evaluation = ?)", [evaluation]
        )
        return int(next(found)["n"])


def latest(marks: Sequence[Mark]) -> dict[tuple[str, int, int], str]:
    """What is thought now of each answer, by (variant, item, turn), without reads and what was taken back."""
    found = {(one.variant, one.item, one.turn): one.mark for one in marks if one.mark != READ}
    return {key: mark for key, mark in found.items() if mark != CLEARED}
