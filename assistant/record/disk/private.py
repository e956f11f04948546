"""Who may read the data folder: its owner alone. What an earlier version left readable for others is fixed."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

OTHERS = 0o077  # everybody but the owner
WORDS = ("jobs", "files", "exports", "logs", "chroma", "locks")  # folders in which people's words lie


def fix(data: Path) -> None:
    """Close the data folder and what lies in it to other users. Costs a look a folder where all is well.

    A folder that is more than ours, a home or one that others write to, is left as it is.
    """
    home = Path.home()
    if data != home and data not in home.parents and not data.stat().st_mode & stat.S_ISVTX:
        close(data)
    for path in data.glob("attune.db*"):
        close(path)
    for folder in (data / name for name in WORDS):
        if folder.is_dir() and close(folder):
            for path in _below(folder):
                close(path)


def close(path: Path) -> bool:
    """Take a file or folder from other users; False where it was ours alone. One that is not ours stays."""
    with contextlib.suppress(OSError):
        found = path.lstat()
        if not stat.S_ISLNK(found.st_mode) and found.st_mode & OTHERS:
            path.chmod(stat.S_IMODE(found.st_mode) & ~OTHERS)
            return True
    return False


def _below(folder: Path) -> Iterator[Path]:
    for place, folders, files in os.walk(folder):
        yield from (Path(place, name) for name in (*folders, *files))
