"""Blind votes: which of two answers a person preferred, without knowing whose they were. Appended, never changed."""

from __future__ import annotations

from dataclasses import dataclass

from assistant.record.connection import Connection, make, now

LEFT, RIGHT_SIDE, TIE, BOTH_BAD = "left", "right", "tie", "both bad"
CHOICES = (LEFT, RIGHT_SIDE, TIE, BOTH_BAD)


@dataclass(frozen=True)
class Vote:
    """`left` and `right`: the ids of the variants whose answers stood there; `choice`: left, right, tie or both bad."""

    id: int
    evaluation: int
    item: int
    turn: int
    left: str
    right: str
    choice: str
    by: str = "user"
    created: str = ""

    @property
    def winner(self) -> str:
        """The id of the variant that was preferred; "" for none."""
        return {LEFT: self.left, RIGHT_SIDE: self.right}.get(self.choice, "")

    @property
    def loser(self) -> str:
        return {LEFT: self.right, RIGHT_SIDE: self.left}.get(self.choice, "")


class VoteRows(Connection):
    """The part of the record that holds blind votes."""

    def add_vote(
        self, evaluation: int, item: int, turn: int, left: str, right: str, choice: str, by: str = "user"
    ) -> Vote:
        """Append a vote. Raises ValueError for a choice that there is not."""
        if choice not in CHOICES:
            raise ValueError(f"no choice '{choice}'")
        row = {"evaluation": evaluation, "item": item, "turn": turn, "left": left, "right": right, "choice": choice}
        return make(Vote, self._get("votes", self._insert("votes", row | {"by": by, "created": now()})))

    def votes(self, evaluation: int) -> list[Vote]:
        """Every vote of an evaluation, oldest first."""
        return [make(Vote, row) for row in self._rows("votes", "evaluation = ?", [evaluation])]
