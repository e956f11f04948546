"""The worker's side of a job directory: its command line, the lock, the events, and the one result."""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import json
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

from tools import jobdir
from tools.workers import reasons

RESERVE = ".reserve"  # disk kept free, so that a full disk leaves room to say so
RESERVE_BYTES = 64 * 1024
LOOK_SECONDS = 10.0  # between two looks at whether the folder is still ours


class Cancelled(BaseException):
    """Someone asked the worker to end. No Exception: libraries swallow those while they are imported."""


def options(about: str | None, argv: Sequence[str] | None) -> argparse.Namespace:
    """What every worker is started with: `directory`, `lock` and `resume`."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("directory", type=lambda text: Path(text).resolve())
    parser.add_argument("--resume", action="store_true", help="go on from the last checkpoint")
    parser.add_argument("--lock", type=int, help="descriptor of the lock that whoever started us holds for us")
    return parser.parse_args(argv)


def ended(job: JobFolder, work: Callable[[], int | None]) -> int:
    """Do the work, see that there is a result however it ends, and return the exit status: 0 when it succeeded."""
    try:
        return work() or 0
    except Cancelled:
        job.stopped(f"while {job.doing}")
    except Exception as error:
        traceback.print_exc()
        job.finish("failed", reasons.explain(error))
    return 1


class JobFolder:
    """One run of a worker on its directory. Made first of all, before any heavy import."""

    doing = "starting"  # its stage

    def __init__(self, directory: Path, lock: int | None = None, launched: bool = False) -> None:
        self.directory = directory
        self.cancelled = False
        self.stepping = False  # while training, a cancel waits for the step to end
        self._lock = None if launched else self._hold(lock)  # a launcher of several processes holds it itself
        lock_file = (directory / jobdir.LOCK).stat()
        self._mine = lock_file.st_dev, lock_file.st_ino
        self._folder = os.open(directory, os.O_RDONLY)  # follows the folder where it is moved to
        signal.signal(signal.SIGTERM, self._on_term)
        (directory / RESERVE).write_bytes(b"\0" * RESERVE_BYTES)
        self._events = self._open_events()
        self._over = threading.Event()
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        """End when the folder is no longer ours: nobody could see what comes of the run, stop it, or find its model."""
        while not self._over.wait(LOOK_SECONDS):
            if lost := self._lost():
                print(f"{lost} This run ends.", file=sys.stderr, flush=True)
                self._leave_word(lost)
                os._exit(1)

    def _lost(self) -> str:
        """What became of the folder or its lock file; empty while they are as they were."""
        try:
            found = (self.directory / jobdir.LOCK).stat()
        except OSError:
            gone = "lock file" if self.directory.is_dir() else "folder"
            return f"The {gone} of this run was removed or moved while it trained: {self.directory}."
        if (found.st_dev, found.st_ino) != self._mine:
            return f"The lock file of this run was replaced while it trained: {self.directory}."
        return ""

    def _leave_word(self, reason: str) -> None:
        """Write the result into the folder, wherever it is now, unless it is gone or another run's."""
        with contextlib.suppress(OSError):
            with contextlib.suppress(FileNotFoundError):
                found = os.stat(jobdir.LOCK, dir_fd=self._folder)
                if (found.st_dev, found.st_ino) != self._mine:
                    return
            word = json.dumps({"state": "failed", "reason": reason}, ensure_ascii=False)
            handle = os.open(RESERVE, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600, dir_fd=self._folder)
            os.write(handle, word.encode())
            os.rename(RESERVE, jobdir.RESULT, src_dir_fd=self._folder, dst_dir_fd=self._folder)

    def _hold(self, lock: int | None) -> int:
        """Keep the lock that was taken for us, or take it when run by hand."""
        if lock is None:
            lock = os.open(self.directory / jobdir.LOCK, os.O_RDWR | os.O_CREAT, 0o600)
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.ftruncate(lock, 0)  # what we were given is empty or has the id: it must not go, a signal would be lost
        os.set_inheritable(lock, False)  # a grandchild must not keep a dead worker looking alive
        os.pwrite(lock, str(os.getpid()).encode(), 0)
        return lock

    def _open_events(self) -> int:
        path = self.directory / jobdir.EVENTS
        events = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        size = os.fstat(events).st_size
        if size and os.pread(events, 1, size - 1) != b"\n":
            os.write(events, b"\n")  # a line cut off by a crash stays a line of its own
        return events

    def _on_term(self, _signal: int, _frame: FrameType | None) -> None:
        again, self.cancelled = self.cancelled, True
        if not (self.stepping or again):  # asked again, it is ending already
            raise Cancelled

    def asked_to_end(self) -> bool:
        """Whether somebody asked the run to end. Looked at between steps: a signal can be lost, its file stays."""
        return self.cancelled or any((self.directory / name).exists() for name in (jobdir.CANCEL, jobdir.PAUSE))

    def event(self, type_: str, **values: Any) -> None:
        """Append one event. Numbers that JSON does not know (NaN, infinity) become null."""
        record = {"type": type_, "time": round(time.time(), 3), **values}
        line = json.dumps({name: _plain(value) for name, value in record.items()}, ensure_ascii=False)
        os.write(self._events, line.encode() + b"\n")

    def stage(self, name: str, detail: str = "") -> None:
        self.doing = name
        self.event("stage", name=name, detail=detail)

    def again(self, module: str, resume: bool) -> None:
        """Become `module` anew on the same directory: same process and lock, fresh memory. Returns only by an error."""
        assert self._lock is not None
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.set_inheritable(self._lock, True)
        flags = ["--resume"] if resume else []
        os.execv(sys.executable, [sys.executable, "-m", module, str(self.directory), "--lock", str(self._lock), *flags])

    def stopped(self, when: str) -> None:
        """The result of a run that somebody asked to end: paused where it is to go on later, else cancelled."""
        asked = {name: (self.directory / name).exists() for name in (jobdir.PAUSE, jobdir.CANCEL)}
        state = "paused" if asked[jobdir.PAUSE] and not asked[jobdir.CANCEL] else "cancelled"
        self.finish(state, f"{state.capitalize()} {when}.")

    def finish(self, state: str, reason: str = "", **values: Any) -> None:
        """Write the result: the last thing that a worker does."""
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        self._over.set()
        (self.directory / RESERVE).unlink(missing_ok=True)
        result = {"state": state, "reason": reason, **values}
        try:
            jobdir.write_atomically(self.directory / jobdir.RESULT, json.dumps(result, ensure_ascii=False))
        except OSError as error:
            print(f"{reason} (the result could not be written: {error})", file=sys.stderr)


class Onlooker(JobFolder):
    """The side of a process that helps another one to train: it computes, and leaves the word to the first."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.cancelled = False
        self.stepping = False
        signal.signal(signal.SIGTERM, self._on_term)

    def event(self, type_: str, **values: Any) -> None:
        """Said by the first process."""

    def finish(self, state: str, reason: str = "", **values: Any) -> None:  # noqa: ARG002
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        if state == "failed":
            print(f"One of the training processes ended: {reason}", file=sys.stderr)


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return value if abs(value) < float("inf") else None
    return value
