"""The files of a job directory: what each is called, and how it is read and written safely.

    request.json    what to do, written before the worker starts
    lock            held (flock) for as long as the worker lives; holds its process id
    events.jsonl    what happened, one JSON object a line, only ever appended
    worker.log      everything the worker printed
    checkpoints/    what a resumed worker goes on from
    cancel, pause   present once someone asked the worker to end, for good or for now; cancel says when, or "forced"
    probes.json     answers of the model that was saved, written by training workers
    template        sha256 of the base's chat template, written by training workers; empty where it has none
    exit            the worker's exit code, when who started it lived to see it
    result.json     the last word, renamed into place in one step

Nothing is kept in memory: whoever opens the directory next, after any crash, reads the same truth.
"""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path
from typing import Any

from tools.trainer import ToolError

REQUEST, LOCK, EVENTS, LOG = "request.json", "lock", "events.jsonl", "worker.log"
CANCEL, PAUSE, EXIT, RESULT, CHECKPOINTS = "cancel", "pause", "exit", "result.json", "checkpoints"
PROBES, TEMPLATE = "probes.json", "template"
COMPLETE = "complete"  # marks a checkpoint that was written to its end


def alive(directory: Path) -> bool:
    """Whether a worker holds the directory's lock."""
    try:
        handle = os.open(directory / LOCK, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False


def checkpoints(directory: Path) -> list[Path]:
    """The checkpoints that were written to their end, oldest first."""
    found = [path.parent for path in (directory / CHECKPOINTS).glob(f"checkpoint-*/{COMPLETE}")]
    return sorted(found, key=lambda path: int(path.name.rsplit("-", 1)[1]))


def read_request(directory: Path) -> dict[str, Any]:
    """The request as it was given. Raises ToolError when the directory holds none."""
    request = read_json(directory / REQUEST)
    if request is None:
        raise ToolError(f"{directory} is not a job directory: it holds no {REQUEST}.")
    return request


def read_events(directory: Path) -> list[dict[str, Any]]:
    """Every complete event. A line cut off by a crash is left out, so an event's index never changes."""
    path = directory / EVENTS
    if not path.is_file():
        return []
    data = path.read_bytes()
    events = []
    for line in data.split(b"\n")[:-1]:
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if isinstance(event, dict):
            events.append(event)
    return events


def private(path: str, flags: int) -> int:
    """An opener: what is made can be read by its owner alone."""
    return os.open(path, flags, 0o600)


def write_atomically(path: Path, text: str) -> None:
    """Put `text` into `path` in one step: a reader sees the old file or the new one, never a part."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with open(temporary, "w", encoding="utf-8", opener=private) as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)


def last_line(path: Path) -> str:
    """The last line of a log that says something; "" when there is none."""
    try:
        with open(path, "rb") as file:
            file.seek(max(0, path.stat().st_size - 8192))
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return ""
    lines = [line.strip() for line in text.replace("\r", "\n").splitlines() if line.strip()]
    return lines[-1][:300] if lines else ""


def read_text(path: Path) -> str:
    """What a small file says; "" when there is none."""
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError:
        return ""


def read_json(path: Path) -> dict[str, Any] | None:
    """The object in a file; None when there is no whole one."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return value if isinstance(value, dict) else None
