"""How the answers of a variant went: which failed, and what people said of the others.

An answer that was kept is a message, and its label says what was thought of it. Recorded here is only what leaves no
other trace: an answer that ended in an error, and one that nobody keeps (`/v1`, a question that is only asked).
"""

from __future__ import annotations

from assistant.record.connection import Connection, now

OK, ERROR = "ok", "error"
MENDED = 0.5  # an edited answer: not as it should be, and worth mending all the same

_ANSWERED = (  # every answer of a variant: bad is 1 where it failed
    "select conversation, kind = 'error' as bad, created from outcomes "
    "where [case] = :case and variant = :variant and created >= :since "
    "union all "
    "select cast(m.conversation as text), 0, m.created from messages m join conversations c on c.id = m.conversation "
    "where c.[case] = :case and c.source = 'chat' and m.role = 'assistant' and m.edited_from = 0 "
    "and m.variant = :variant and m.created >= :since"
)


class OutcomeRows(Connection):
    """The part of the record that holds how answers went. A conversation counts once: its answers are not independent.

    `since` is a time of the record, as text; empty for all time.
    """

    def add_outcome(self, case: str, variant: str, conversation: str, kind: str) -> None:
        """`kind`: ok or error; `conversation`: its number, or for programs what tells their conversations apart."""
        self._insert(
            "outcomes", {"case": case, "variant": variant, "conversation": conversation, "kind": kind, "created": now()}
        )

    def failing(self, case: str, variant: str) -> bool:
        """Whether the variant's latest answer failed."""
        rows = self.db.query(
            f"select bad from ({_ANSWERED}) order by created desc, bad desc limit 1",
            {"case": case, "variant": variant, "since": ""},
        )
        return any(row["bad"] for row in rows)

    def failures(self, case: str, variant: str, since: str = "") -> list[float]:
        """Of each conversation that the variant was asked in, the share of answers that failed, from 0 to 1."""
        rows = self.db.query(
            f"select avg(bad) as bad from ({_ANSWERED}) group by conversation order by conversation",
            {"case": case, "variant": variant, "since": since},
        )
        return [float(row["bad"]) for row in rows]

    def complaints(self, case: str, variant: str, since: str = "") -> list[float]:
        """Of each conversation with a judged answer of the variant, what was wrong with these: 0 approved, 1 rejected.

        An edited answer counts half (MENDED); of several answers, their mean.
        """
        rows = self.db.query(
            "select avg(case when m.label = 'rejected' then 1.0 when m.edited_from then :mended else 0.0 end) as bad "
            "from messages m join conversations c on c.id = m.conversation "
            "where c.[case] = :case and c.source = 'chat' and m.role = 'assistant' and m.label in "
            "('approved', 'rejected') and m.variant = :variant and m.created >= :since "
            "group by m.conversation order by m.conversation",
            {"case": case, "variant": variant, "since": since, "mended": MENDED},
        )
        return [float(row["bad"]) for row in rows]
