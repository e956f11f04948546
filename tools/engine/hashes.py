"""sha256 of large files, computed once for as long as a file stays the same: same path, size, times and inode."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from tools import jobdir
from tools.engine import made

SMALL = 1_000_000  # bytes; below it a file is hashed faster than its note is read
Stamp = list[int]


def stamp(path: Path) -> Stamp:
    """What changes when a file is written or exchanged: size, both times in ns (the second cannot be set), inode."""
    about = path.stat()
    return [about.st_size, about.st_mtime_ns, about.st_ctime_ns, about.st_ino]


class FileHashes:
    """Hashes noted in one file that every process of the app shares. Losing the file costs time, nothing else."""

    def __init__(self, notes: Path) -> None:
        self.notes = notes

    def of(self, path: Path, fresh: bool = False) -> str:
        """The file's sha256 in hex, about 1 GB a second where it has to be read; `fresh`: it is read in any case.

        Raises OSError where it cannot be read.
        """
        path = path.resolve()
        now = stamp(path)
        if now[0] < SMALL:
            return made.sha256(path)
        known = self._noted().get(str(path))
        if not fresh and known is not None and known[0] == now:
            return str(known[1])
        digest = made.sha256(path)
        if stamp(path) == now:  # else it was written meanwhile: this hash is of no file that there is
            self._note(path, now, digest)
        return digest

    def changed(self, root: Path, noted: Mapping[str, str], fresh: bool = False) -> str:
        """The first file that is not as it was noted, in words without a full stop; "" where all are.

        `noted`: path, under `root` where it is relative -> sha256.
        """
        for name, digest in noted.items():
            try:
                now = self.of(root / name, fresh)
            except OSError:
                return f"{name} is gone or cannot be read"
            if now != digest:
                return f"{name} had the sha256 {digest[:12]} and now has {now[:12]}"
        return ""

    def _noted(self) -> dict[str, tuple[Stamp, str]]:
        return {path: (list(found[0]), found[1]) for path, found in (jobdir.read_json(self.notes) or {}).items()}

    def _note(self, path: Path, now: Stamp, digest: str) -> None:
        kept = {name: found for name, found in self._noted().items() if Path(name).exists()}
        text = json.dumps(kept | {str(path): (now, digest)}, indent=1)
        with contextlib.suppress(OSError):  # on a full or read-only disk: a note only saves time
            part = self.notes.with_name(f".{self.notes.name}.{secrets.token_hex(4)}")  # threads write at once, too
            with open(part, "w", encoding="utf-8", opener=jobdir.private) as file:
                file.write(text)
            os.replace(part, self.notes)
