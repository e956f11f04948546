"""How rows reach the disk and come back: one connection a thread, WAL, write locks taken first, JSON columns."""

from __future__ import annotations

import json
import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from sqlite_utils import Database

from assistant.errors import AttuneError
from assistant.record.disk import faults
from assistant.record.disk.faults import RecordConnection
from assistant.record.migrations import migrations

T = TypeVar("T")
_JSON = {
    "brief",
    "options",
    "warnings",
    "passages",
    "details",
    "dropped",
    "request",
    "metrics",
    "variants",
    "results",
    "verdict",
    "parity",
    "proof",
    "payload",
    "messages",
    "terms",
    "prompt",
    "questions",
    "report",
}


class Connection:
    """The file and its tables, without a word of what they mean."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._local = threading.local()
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))  # its -wal and -shm get the same mode
        except OSError as error:
            raise AttuneError(
                f"The record {path} cannot be opened: {error.strerror}.",
                "Set ATTUNE_DATA to a folder that can be written.",
            ) from error
        with faults.told(path):
            self.db.enable_wal()
            with self.atomic():
                migrations.apply(self.db)

    @property
    def db(self) -> Database:
        """This thread's connection. Raises AttuneError where the file is no longer the one that it opened."""
        now = self._look()
        if not hasattr(self._local, "db"):
            with faults.told(self.path):
                connection = sqlite3.connect(self.path, timeout=30, factory=RecordConnection)
                connection.path = self.path
                connection.execute("PRAGMA foreign_keys = ON")
            self._local.db, self._local.file = Database(connection), now
        if now != self._local.file:
            raise faults.gone(self.path)
        db: Database = self._local.db
        return db

    def _look(self) -> tuple[int, int]:
        """Which file the record is. Without this a removed folder would go on taking rows that nobody could read."""
        try:
            found = self.path.stat()
        except OSError as error:
            raise faults.gone(self.path) from error
        return found.st_dev, found.st_ino

    def close(self) -> None:
        """Close this thread's connection."""
        if hasattr(self._local, "db"):
            self._local.db.close()
            del self._local.db

    @contextmanager
    def atomic(self) -> Iterator[None]:
        """All of the writes inside, or none. Takes the write lock first: a read that turns into a write cannot wait."""
        connection = self.db.conn
        if connection.in_transaction:
            with self.db.atomic():
                yield
            return
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            connection.execute("COMMIT")
        except BaseException:
            connection.rollback()
            raise

    def _insert(self, table: str, row: dict[str, Any], ignore: bool = False, replace_on: Sequence[str] = ()) -> int:
        row = {k: v for k, v in encoded(row).items() if not (k == "id" and v in (0, None))}
        with self.atomic():
            if replace_on:
                where = " and ".join(f"[{column}] = ?" for column in replace_on)
                self.db.table(table).delete_where(where, [row[column] for column in replace_on])
            inserted = self.db.table(table).insert(row, ignore=ignore)
        return int(inserted.last_rowid or 0)

    def _update(self, table: str, id: int | str, **changes: Any) -> None:
        with self.atomic():
            self.db.table(table).update(id, encoded(changes))

    def _execute(self, sql: str, values: Sequence[Any]) -> int:
        with self.atomic():
            return int(self.db.execute(sql, list(values)).rowcount)

    def _rows(self, table: str, where: str, values: Sequence[Any], order: str = "id") -> list[dict[str, Any]]:
        return [decoded(row) for row in self.db.table(table).rows_where(where, list(values), order_by=order)]

    def _one(self, table: str, where: str, values: Sequence[Any]) -> dict[str, Any] | None:
        return next((decoded(row) for row in self.db.table(table).rows_where(where, list(values), limit=1)), None)

    def _get(self, table: str, id: int | str) -> dict[str, Any]:
        row = self._one(table, "id = ?", [id])
        if row is None:
            raise AttuneError(f"There is no row {id} in {table}.", "See `attune status` for what there is.")
        return row


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def encoded(row: dict[str, Any]) -> dict[str, Any]:
    return {k: json.dumps(v, ensure_ascii=False) if k in _JSON else v for k, v in row.items()}


def decoded(row: dict[str, Any]) -> dict[str, Any]:
    return {k: json.loads(v) if k in _JSON and isinstance(v, str) else v for k, v in row.items()}


def make(kind: type[T], row: dict[str, Any]) -> T:
    """A dataclass from a row: columns it does not have are left out, lists of a tuple field become tuples."""
    known = {f.name: f.type for f in fields(kind)}  # type: ignore[arg-type]
    values = {k: tuple(v) if str(known[k]).startswith("tuple") else v for k, v in row.items() if k in known}
    return kind(**values)
