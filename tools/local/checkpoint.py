"""A checkpoint of a run on this machine -> a whole model that answers: its adapter is merged when first asked for."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tools import jobdir, process
from tools.local import base_model
from tools.trainer import ToolError

WORKER = "tools.workers.compute.merge"
MERGED = "merged-"  # and the step
SECONDS = 600.0  # in which a merge has to end


def model(checkpoint: Path, interpreter: str | None = None) -> Path:
    """The model's folder; the checkpoint itself where it is whole. Blocks for the seconds that a first merge takes.

    Raises ToolError when the checkpoint is gone or cannot be merged.
    """
    if (checkpoint / "config.json").is_file():
        return checkpoint
    directory = checkpoint.parent.parent
    folder = place(directory, int(checkpoint.name.rsplit("-", 1)[1]))
    handle = os.open(directory / f"{folder.name}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)  # one merges, whoever else asks meanwhile waits for it
        if not folder.is_dir():
            _merge(_base(directory, checkpoint), checkpoint, folder, interpreter)
    finally:
        os.close(handle)
    return folder


def place(directory: Path, step: int) -> Path:
    """Where the model of a job's step lies once it was merged."""
    return directory / f"{MERGED}{step}"


def _base(directory: Path, checkpoint: Path) -> Path:
    adapter = jobdir.read_json(checkpoint / "adapter_config.json") or {}
    for known in (jobdir.read_request(directory).get("base"), adapter.get("base_model_name_or_path")):
        if known and Path(str(known)).is_dir():
            base_model.check_folder(Path(str(known)))
            return Path(str(known))
    raise ToolError(f"The base model of {checkpoint.name} is not on this machine.", "Use the job's last model.")


def _merge(base: Path, checkpoint: Path, folder: Path, interpreter: str | None) -> None:
    part = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    command = [interpreter or sys.executable, "-m", WORKER, str(base), str(checkpoint), str(part)]
    environment = process.environment(str(base))
    try:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=SECONDS)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ToolError(f"{checkpoint.name} could not be merged: {error}.", "Try again.") from error
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise ToolError(f"{checkpoint.name} could not be merged: {said[:300]}", "Use the job's last model.")
    os.replace(part, folder)
