"""Switches: one row each time something else is to answer. Rows are added, never changed."""

from __future__ import annotations

from dataclasses import dataclass

from assistant.record.connection import Connection, make, now

WHOLE = 100  # of 100 conversations


@dataclass(frozen=True)
class Switch:
    """Which variant answers from now on. `kind`: switch, undo, or return: brought back, for the newer one did worse.

    `share`: of 100 conversations, how many it answers; what answered before it answers the rest.
    """

    id: int
    case: str
    variant: str
    kind: str
    reason: str
    by: str
    evaluation: int = 0
    created: str = ""
    share: int = WHOLE


class SwitchRows(Connection):
    """The part of the record that holds what was chosen to answer."""

    def add_switch(
        self, case: str, variant: str, kind: str, reason: str, by: str, evaluation: int = 0, share: int = WHOLE
    ) -> Switch:
        """Record that the variant answers `share` of 100 conversations from now on."""
        id = self._insert(
            "switches",
            {
                "case": case,
                "variant": variant,
                "kind": kind,
                "reason": reason,
                "by": by,
                "evaluation": evaluation,
                "created": now(),
                "share": share,
            },
        )
        return make(Switch, self._get("switches", id))

    def switches(self, case: str) -> list[Switch]:
        return [make(Switch, row) for row in self._rows("switches", "[case] = ?", [case])]
