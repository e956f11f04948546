"""Documents, and the files that could not be used: replaced and removed ones stay in the record."""

from __future__ import annotations

from collections.abc import Sequence

from assistant.record.connection import Connection, make, now
from assistant.record.types import Document

_USED = "[case] = ? and removed = '' and problem = ''"


class DocumentRows(Connection):
    """The documents' part of the record."""

    def add_document(
        self, case: str, name: str, kind: str, text: str, sha256: str, pages: int = 1, warnings: Sequence[str] = ()
    ) -> Document:
        """Add a document; one of the same name is replaced (kept in the record, no longer used)."""
        with self.atomic():
            self.remove_document(case, name)
            return self._add_document(case, name, kind, text, sha256, pages, warnings, "")

    def refuse_document(self, case: str, name: str, problem: str) -> Document:
        """Record why a file of this name cannot be used. A document of the name that is there stays in use."""
        with self.atomic():
            self.forgive(case, name)
            return self._add_document(case, name, "", "", "", 0, (), problem)

    def forgive(self, case: str, name: str) -> None:
        """Set aside what was wrong with a file of this name."""
        self._execute(
            "update documents set removed = ? where [case] = ? and name = ? and removed = '' and problem <> ''",
            [now(), case, name],
        )

    def remove_document(self, case: str, name: str) -> None:
        self._execute(
            "update documents set removed = ? where [case] = ? and name = ? and removed = ''", [now(), case, name]
        )

    def documents(self, case: str) -> list[Document]:
        """Those in use, oldest first."""
        return [make(Document, row) for row in self._rows("documents", _USED, [case])]

    def documents_version(self, case: str) -> tuple[int, int]:
        """How many are in use, and the newest id among them: another pair after every change, for ids only grow and
        what was removed stays so. Quick, also with thousands: one index holds all that is asked."""
        query = f"select count(*) as number, coalesce(max(id), 0) as newest from documents where {_USED}"
        row = next(self.db.query(query, [case]))
        return int(row["number"]), int(row["newest"])

    def same_documents(self, case: str, sha256: str) -> list[Document]:
        """Those in use that were made of these bytes."""
        return [make(Document, row) for row in self._rows("documents", f"{_USED} and sha256 = ?", [case, sha256])]

    def has_document(self, case: str, name: str) -> bool:
        return self._one("documents", f"{_USED} and name = ?", [case, name]) is not None

    def refused_documents(self, case: str) -> list[Document]:
        """Files that could not be used, each with its `problem`, until one of the name can be, or it is removed."""
        rows = self._rows("documents", "[case] = ? and removed = '' and problem <> ''", [case])
        return [make(Document, row) for row in rows]

    def _add_document(
        self, case: str, name: str, kind: str, text: str, sha256: str, pages: int, warnings: Sequence[str], problem: str
    ) -> Document:
        id = self._insert(
            "documents",
            {
                "case": case,
                "name": name,
                "kind": kind,
                "text": text,
                "sha256": sha256,
                "pages": pages,
                "warnings": list(warnings),
                "created": now(),
                "removed": "",
                "problem": problem,
            },
        )
        return make(Document, self._get("documents", id))
