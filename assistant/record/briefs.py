"""Briefs and their versions: every change is a row, and the case shows the latest."""

from __future__ import annotations

from typing import Any

from assistant.errors import AttuneError
from assistant.record.connection import Connection, make, now
from assistant.record.types import BRIEF_QUESTIONS, Brief, BriefVersion


class Briefs(Connection):
    """The brief's part of the record."""

    def set_brief(self, case: str, brief: Brief, source: str, restored: int = 0) -> None:
        """Keep a brief as the case's newest version; one that changes nothing leaves no version.

        `source`: guide, Back button, form, file or command line; `restored`: the number of the version it brings back.
        """
        with self.atomic():
            if Brief.from_json(self._get("cases", case)["brief"]) == brief:
                return
            last = self._newest_version(case)
            self._insert(
                "brief_versions",
                {
                    "case": case,
                    "number": last + 1,
                    "brief": brief.to_json(),
                    "source": source,
                    "restored": restored,
                    "created": now(),
                },
            )
            self._update("cases", case, brief=brief.to_json())

    def brief_versions(self, case: str) -> list[BriefVersion]:
        """Every version of a case's brief, oldest first. Empty before the first answer."""
        rows = self._rows("brief_versions", "[case] = ?", [case], order="number")
        return [_version(row) for row in rows]

    def brief_version(self, case: str, number: int) -> BriefVersion:
        row = self._one("brief_versions", "[case] = ? and number = ?", [case, number])
        if row is None:
            last = self._newest_version(case)
            raise AttuneError(
                f"The brief of '{case}' has no version {number}.",
                f"Choose one from 1 to {last}." if last else "It has none yet: answer a question first.",
            )
        return _version(row)

    def restore_brief(self, case: str, number: int, source: str) -> Brief:
        """Bring an earlier version back, as a new version. Raises AttuneError when there is none of that number."""
        with self.atomic():
            brief = self.brief_version(case, number).brief
            self.set_brief(case, brief, source, restored=number)
        return brief

    def _newest_version(self, case: str) -> int:
        query = "select coalesce(max(number), 0) as number from brief_versions where [case] = ?"
        return int(next(iter(self.db.query(query, [case])))["number"])


def differences(before: Brief, after: Brief) -> dict[str, tuple[Any, Any]]:
    """What changed: (before, after) by field, in the order of the questions; "skip" stands for one left open."""
    pairs = {name: (_said(before, name), _said(after, name)) for name in BRIEF_QUESTIONS}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def _said(brief: Brief, name: str) -> Any:
    value = brief.to_json()[name]
    return "skip" if not value and name in brief.skipped else value


def _version(row: dict[str, Any]) -> BriefVersion:
    return make(BriefVersion, row | {"brief": Brief.from_json(row["brief"])})
