"""Files that programs uploaded, whole or in parts. The bytes lie in the data folder; rows say whose they are."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from assistant.record.connection import Connection, make


@dataclass(frozen=True)
class File:
    """One file. `case`: the case that was made from it, if any. Times are seconds since 1970; 0 = never."""

    id: str
    owner: str
    filename: str
    purpose: str
    bytes: int
    sha256: str
    created: int
    expires: int = 0
    deleted: int = 0
    case: str = ""


@dataclass(frozen=True)
class UploadRow:
    """A file that comes in parts. `state`: pending, completed, cancelled or expired; `file`: what became of it."""

    id: str
    owner: str
    filename: str
    purpose: str
    bytes: int
    created: int
    expires: int
    file_expires_after: int = 0
    state: str = "pending"
    file: str = ""


@dataclass(frozen=True)
class UploadPartRow:
    """A piece of an upload, in the order it came."""

    id: str
    upload: str
    bytes: int
    created: int


class Files(Connection):
    """The files' part of the record."""

    def add_file(self, file: File) -> None:
        """Record a file; one that is recorded already stays as it is."""
        self._insert("files", asdict(file), ignore=True)

    def file(self, id: str) -> File | None:
        """The file, also when it was deleted; None when there never was one."""
        row = self._one("files", "id = ?", [id])
        return make(File, row) if row else None

    def files(self, owner: str, at: int) -> list[File]:
        """An owner's files that are neither deleted nor expired at that time, oldest first."""
        where = "owner = ? and deleted = 0 and (expires = 0 or expires > ?)"
        return [make(File, row) for row in self._rows("files", where, [owner, at], order="created, rowid")]

    def expired_files(self, at: int) -> list[File]:
        """Everybody's files that are expired at that time and not deleted."""
        return [make(File, row) for row in self._rows("files", "deleted = 0 and expires between 1 and ?", [at])]

    def set_file(self, id: str, **changes: Any) -> None:
        self._update("files", id, **changes)

    def add_upload(self, upload: UploadRow) -> None:
        self._insert("uploads", asdict(upload))

    def upload(self, id: str) -> UploadRow | None:
        row = self._one("uploads", "id = ?", [id])
        return make(UploadRow, row) if row else None

    def close_upload(self, id: str, state: str, file: str = "") -> bool:
        """End an upload that is pending or expired; False when somebody completed or cancelled it."""
        changed = self._execute(
            "update uploads set state = ?, file = ? where id = ? and state in ('pending', 'expired')", [state, file, id]
        )
        return changed == 1

    def expired_uploads(self, at: int) -> list[UploadRow]:
        """Everybody's uploads that are expired at that time and still stand as pending."""
        return [make(UploadRow, row) for row in self._rows("uploads", "state = 'pending' and expires <= ?", [at])]

    def add_part(self, part: UploadPartRow) -> None:
        self._insert("upload_parts", asdict(part))

    def parts(self, upload: str) -> list[UploadPartRow]:
        rows = self._rows("upload_parts", "upload = ?", [upload], order="created, rowid")
        return [make(UploadPartRow, row) for row in rows]
