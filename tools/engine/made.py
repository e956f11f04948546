"""A model's folder that is made once, whole or not at all, and made again where it is damaged."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from tools.trainer import ToolError

NOTES = "made.json"  # size, time and hash of every file


@dataclass(frozen=True)
class MadeModel:
    """`what` it is for people, the `files` that it cannot be without, the `room` in bytes that making it needs."""

    name: str
    what: str
    files: frozenset[str]
    room: float


def ensure(root: Path, model: MadeModel, fill: Callable[[Path], None], verify: bool = False) -> Path:
    """The model's folder under `root`, made by `fill` where it is not there or damaged.

    Looks at sizes and times; `verify` compares the hashes of all files. Two processes that ask at once share one.
    Raises what `fill` does, and ToolError where the disk is full.
    """
    folder = root / model.name
    if whole(folder, model.files, verify):
        return folder
    root.mkdir(parents=True, exist_ok=True)
    handle = os.open(root / f".{model.name}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)  # released with the process, however it ends
        if not whole(folder, model.files, verify):
            _make(root, folder, model, fill)
    finally:
        os.close(handle)
    return folder


def whole(folder: Path, files: Iterable[str], verify: bool = False) -> bool:
    """Whether the folder is as it was made."""
    try:
        noted = json.loads((folder / NOTES).read_text(encoding="utf-8"))
        for name, (size, time, digest) in noted.items():
            now = (folder / name).stat()
            same = now.st_size == size and now.st_mtime_ns == time
            if now.st_size != size or ((verify or not same) and sha256(folder / name) != digest):
                return False
    except (OSError, ValueError):
        return False
    return set(files) <= set(noted)


def sha256(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _make(root: Path, folder: Path, model: MadeModel, fill: Callable[[Path], None]) -> None:
    free = shutil.disk_usage(root).free
    if free < model.room:
        needed = f"{free / 1e9:.1f} GB are free, {model.room / 1e9:.1f} GB are needed"
        raise ToolError(
            f"There is no room for the {model.what}: {needed}.",
            "Free some disk space, or set ATTUNE_DATA to another disk.",
        )
    part = folder.with_name(f".{model.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    try:
        fill(part)
        _note(part)
        shutil.rmtree(folder, ignore_errors=True)  # a damaged one
        os.replace(part, folder)
    except OSError as error:
        raise ToolError(
            f"The {model.what} could not be written to {folder}: {error.strerror or error}.",
            "Free some disk space, or set ATTUNE_DATA to another disk.",
        ) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _note(folder: Path) -> None:
    noted = {
        path.name: [path.stat().st_size, path.stat().st_mtime_ns, sha256(path)]
        for path in sorted(folder.iterdir())
        if path.is_file()
    }
    (folder / NOTES).write_text(json.dumps(noted, indent=1), encoding="utf-8")
