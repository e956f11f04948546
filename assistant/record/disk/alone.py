"""Work that one process at a time may do: a file beside the record is locked, and no crash leaves it locked."""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager

from assistant.errors import AttuneError
from assistant.record.connection import Connection
from assistant.record.disk import faults


@contextmanager
def alone(record: Connection, name: str, busy: str = "") -> Iterator[None]:
    """Hold `name` meanwhile. Raises AttuneError with the sentence `busy` where it is held; without one it waits."""
    folder = record.path.parent / "locks"
    try:
        folder.mkdir(exist_ok=True, mode=0o700)
        handle = os.open(folder / re.sub(r"[^\w-]", "-", name), os.O_RDWR | os.O_CREAT, 0o600)
    except FileNotFoundError:
        raise faults.gone(record.path) from None
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | (fcntl.LOCK_NB if busy else 0))
        except BlockingIOError:
            raise AttuneError(busy, "Wait until it has ended.") from None
        yield
    finally:
        os.close(handle)
