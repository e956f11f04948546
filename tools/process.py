"""A worker in its own process, where a directory is the whole conversation with it. Its files: see jobdir.py."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tools import job_status, jobdir, loopback
from tools.trainer import JobState, JobStatus, ToolError

GRACE_SECONDS = 60.0  # between asking a worker to end and ending it: a step of a big model may take long
FORCED = "forced"  # what the cancel file says once the worker was ended by force
SECRET = re.compile(r"(^|_)(KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIALS?)(_|$)", re.IGNORECASE)
ROOT = Path(__file__).resolve().parent.parent


def start(
    directory: Path,
    module: str,
    request: Mapping[str, Any],
    interpreter: str | None = None,
    launcher: Sequence[str] = (),
    extra: Mapping[str, str] | None = None,
) -> int:
    """Start `module` on a new job directory and return its process id at once.

    `launcher`: arguments between the interpreter and `-m module`, of a program that starts it several times. `extra`
    is added to the worker's environment: the one way in which it gets a token, which no file holds. The worker has
    its own session: it outlives the caller, however that one ends. Raises ToolError when the directory is in use or
    the worker cannot be started.
    """
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = _take(directory)
    try:
        jobdir.write_atomically(directory / jobdir.REQUEST, json.dumps(request, ensure_ascii=False))
        program = [*launcher, "-m", module]
        return _spawn(directory, lock, program, [], str(request.get("base", "")), interpreter, extra)
    except OSError as error:
        raise _not_started(error) from error
    finally:
        os.close(lock)


def resume(
    directory: Path,
    module: str,
    interpreter: str | None = None,
    launcher: Sequence[str] = (),
    extra: Mapping[str, str] | None = None,
) -> int:
    """Restart the same request from its last complete checkpoint; returns the process id. `extra`: see `start`.

    A run that was paused before its first checkpoint begins anew. Raises ToolError when any other has no checkpoint,
    or the worker still lives.
    """
    if not (jobdir.checkpoints(directory) or (directory / jobdir.PAUSE).exists()):
        raise ToolError("There is no checkpoint to go on from.", "Start a new run.")
    lock = _take(directory)
    try:
        for name in (jobdir.RESULT, jobdir.CANCEL, jobdir.PAUSE, jobdir.EXIT):
            (directory / name).unlink(missing_ok=True)
        base = str(jobdir.read_request(directory).get("base", ""))
        flags = ["--resume"] if jobdir.checkpoints(directory) else []
        return _spawn(directory, lock, [*launcher, "-m", module], flags, base, interpreter, extra)
    except OSError as error:
        raise _not_started(error) from error
    finally:
        os.close(lock)


def cancel(directory: Path) -> None:
    """Ask the worker to end; harmless when it has ended. `status` ends it by force after GRACE_SECONDS."""
    if directory.is_dir() and status(directory).state is JobState.PAUSED:
        return _give_up(directory)
    if not jobdir.alive(directory) or (directory / jobdir.RESULT).exists():
        return
    if not (directory / jobdir.CANCEL).exists():
        _note_asked(directory)
    _signal(directory, signal.SIGTERM)


def pause(directory: Path) -> None:
    """Ask the worker to end after its step and a checkpoint, to go on later. Raises ToolError when none works on it."""
    if not jobdir.alive(directory) or (directory / jobdir.RESULT).exists():
        raise ToolError("This run has stopped, so it cannot be paused.", "Look at its state.")
    (directory / jobdir.PAUSE).touch()
    _signal(directory, signal.SIGTERM)


def status(directory: Path, after: int = 0) -> JobStatus:
    """What is true of the run now, from its files alone; `events` are those from index `after` on.

    The lock is looked at before the result: a worker writes the result while it still holds the lock, so a
    free lock without a result always means that the worker died.
    """
    if not directory.is_dir():
        return JobStatus(JobState.FAILED, f"Its folder was removed or moved while it trained: {directory}.")
    living = jobdir.alive(directory)
    result = jobdir.read_json(directory / jobdir.RESULT)
    events = jobdir.read_events(directory)
    if result is not None:
        return job_status.ended(directory, events, after, result)
    if living:
        _insist(directory)
        return job_status.current(directory, events, after, JobState.RUNNING, "")
    if (directory / jobdir.CANCEL).exists():
        return job_status.current(directory, events, after, JobState.CANCELLED, _cancelled(directory))
    if (directory / jobdir.PAUSE).exists():  # asked before it could hear it, or it died while it heard
        return job_status.current(directory, events, after, JobState.PAUSED, "Paused before it was done.")
    return job_status.current(directory, events, after, JobState.FAILED, job_status.cause_of_death(directory))


def described(directory: Path, after: int, state: JobState, reason: str) -> JobStatus:
    """The run's events and progress with a state that somebody else knows better than the directory."""
    return job_status.current(directory, jobdir.read_events(directory), after, state, reason)


def environment(base: str = "") -> dict[str, str]:
    """The caller's environment for a child, without secrets.

    Everything whose name speaks of a key, token, secret, password or credential is left out. `HF_TOKEN` alone
    stays, and only when `base` is no local folder: a gated model on the hub cannot be read without it.
    """
    local = not base or Path(base).is_dir()
    kept = {name: value for name, value in os.environ.items() if not SECRET.search(name)}
    if not local and "HF_TOKEN" in os.environ:
        kept["HF_TOKEN"] = os.environ["HF_TOKEN"]
    if local:
        kept |= {"HF_HUB_OFFLINE": "1", "UNSLOTH_DISABLE_STATISTICS": "1"}
    path = os.pathsep.join(part for part in (str(ROOT), os.environ.get("PYTHONPATH", "")) if part)
    loopback.bypass(kept)
    return kept | {"PYTHONPATH": path, "PYTHONUNBUFFERED": "1", "TOKENIZERS_PARALLELISM": "false"}


def _give_up(directory: Path) -> None:
    """Turn a paused run into a cancelled one; its lock is held meanwhile, so that nobody resumes it in this moment."""
    lock = _take(directory)
    try:
        ended = {"state": JobState.CANCELLED, "reason": "Cancelled while it was paused."}
        jobdir.write_atomically(directory / jobdir.RESULT, json.dumps(ended))
        (directory / jobdir.PAUSE).unlink(missing_ok=True)
    finally:
        os.close(lock)


def _take(directory: Path) -> int:
    """Lock the directory and return the descriptor, which the worker then inherits: no gap in between."""
    handle = os.open(directory / jobdir.LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    ending = any((directory / name).exists() for name in (jobdir.RESULT, jobdir.PAUSE))  # it takes seconds to be gone
    for _ in range(600 if ending else 20):  # a poller holds the lock for an instant while it looks
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.05)
            continue
        os.ftruncate(handle, 0)
        return handle
    os.close(handle)
    raise ToolError("This run is still going.", "Wait for it to end, or cancel it first.")


def _spawn(
    directory: Path,
    lock: int,
    program: Sequence[str],
    flags: Sequence[str],
    base: str,
    interpreter: str | None,
    extra: Mapping[str, str] | None = None,
) -> int:
    command = [interpreter or sys.executable, *program, str(directory), "--lock", str(lock), *flags]
    with open(directory / jobdir.LOG, "ab", opener=jobdir.private) as log:
        process = subprocess.Popen(
            command,
            cwd=directory,  # unsloth writes a cache into the working directory
            env=environment(base) | dict(extra or {}),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            pass_fds=(lock,),
            start_new_session=True,
            umask=0o077,  # rows and answers are nobody else's
        )
    os.pwrite(lock, str(process.pid).encode(), 0)
    threading.Thread(target=_reap, args=(directory, process), daemon=True).start()
    return process.pid


def _reap(directory: Path, process: subprocess.Popen[bytes]) -> None:
    """Wait for the worker, so that it leaves no zombie, and note how it ended."""
    code = process.wait()
    if not (directory / jobdir.RESULT).exists() and not jobdir.alive(directory) and directory.is_dir():
        jobdir.write_atomically(directory / jobdir.EXIT, str(code))


def _signal(directory: Path, number: signal.Signals) -> None:
    """Signal the worker's group, if its lock is held: a free lock means that the id may be a stranger's by now."""
    text = jobdir.read_text(directory / jobdir.LOCK)
    if not text.isdigit() or not jobdir.alive(directory):
        return
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(int(text), number)


def _cancelled(directory: Path) -> str:
    """Why a cancelled worker left no result of its own."""
    if jobdir.read_text(directory / jobdir.CANCEL) != FORCED:
        return "Cancelled before it was done."
    return f"Cancelled by force: it had not ended {GRACE_SECONDS:.0f} seconds after it was asked to."


def _note_asked(directory: Path) -> None:
    """Write when the worker was asked to end, by a clock that nobody can set and every process reads alike."""
    jobdir.write_atomically(directory / jobdir.CANCEL, str(time.monotonic()))


def _insist(directory: Path) -> None:
    """End a worker by force that was asked to end and has not."""
    marker = directory / jobdir.CANCEL
    if not marker.exists():
        return
    try:
        late = (said := jobdir.read_text(marker)) == FORCED or time.monotonic() - float(said) > GRACE_SECONDS
    except ValueError:
        return _note_asked(directory)  # the file was made by hand
    if late:
        jobdir.write_atomically(marker, FORCED)
        _signal(directory, signal.SIGKILL)


def _not_started(error: OSError) -> ToolError:
    return ToolError(f"The worker could not be started: {error}.", "Check the interpreter and the free disk space.")
