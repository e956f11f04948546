"""What SQLite says is wrong with the record, as one sentence and one remedy each. Anything else it says is a bug."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from assistant.errors import AttuneError

GONE = "was removed, moved or replaced while it was open"
_ELSEWHERE = "or set ATTUNE_DATA to another folder"
_SAID: dict[int, tuple[str, str]] = {
    sqlite3.SQLITE_CORRUPT: ("is damaged", "Put a backup in its place, or rescue it with SQLite's `.recover`."),
    sqlite3.SQLITE_NOTADB: ("is not a SQLite database", f"Move the file away, {_ELSEWHERE}."),
    sqlite3.SQLITE_BUSY: ("is in use by another program", "Close that program, then try again."),
    sqlite3.SQLITE_LOCKED: ("is in use by another program", "Close that program, then try again."),
    sqlite3.SQLITE_READONLY: ("cannot be written", f"Make the file and its folder writable, {_ELSEWHERE}."),
    sqlite3.SQLITE_PERM: ("cannot be written", f"Make the file and its folder writable, {_ELSEWHERE}."),
    sqlite3.SQLITE_FULL: ("cannot be written: the disk is full", "Free some disk space. Nothing was half-written."),
    sqlite3.SQLITE_IOERR: ("cannot be read or written: the disk reported an error", "Check the disk and its space."),
    sqlite3.SQLITE_CANTOPEN: ("cannot be opened", f"Check that its folder exists and is yours, {_ELSEWHERE}."),
}


def gone(path: Path) -> AttuneError:
    return AttuneError(f"The record {path} {GONE}.", "Put it back, then start Attune again.")


def said(path: Path, error: sqlite3.Error) -> AttuneError | None:
    """The error in words; None for one that is a fault of ours."""
    code = getattr(error, "sqlite_errorcode", None)
    if code is None or code & 0xFF not in _SAID:
        return None
    what, remedy = _SAID[code & 0xFF]
    return AttuneError(f"The record {path} {what}.", remedy)


@contextmanager
def told(path: Path) -> Iterator[None]:
    """Raises AttuneError instead of what SQLite raises."""
    try:
        yield
    except sqlite3.Error as error:
        if found := said(path, error):
            raise found from error
        raise


class RecordConnection(sqlite3.Connection):
    """One whose statements fail in words. `path` is set by whoever opens it."""

    path: Path

    def cursor(self, factory: Any = None) -> Any:
        made = super().cursor(factory or RecordCursor)
        if isinstance(made, RecordCursor):
            made.path = self.path
        return made

    def execute(self, *given: Any) -> Any:  # Python's own goes past `cursor`
        return self.cursor().execute(*given)


class RecordCursor(sqlite3.Cursor):
    """A statement and its rows: a damaged file shows itself only when a row is read."""

    path: Path

    def execute(self, *given: Any) -> RecordCursor:
        with told(self.path):
            return super().execute(*given)

    def executemany(self, *given: Any) -> RecordCursor:
        with told(self.path):
            return super().executemany(*given)

    def fetchone(self) -> Any:
        with told(self.path):
            return super().fetchone()

    def fetchall(self) -> list[Any]:
        with told(self.path):
            return super().fetchall()

    def __next__(self) -> Any:
        try:
            return super().__next__()
        except sqlite3.Error as error:
            raise said(self.path, error) or error from error
