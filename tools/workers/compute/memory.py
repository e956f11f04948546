"""How many rows fit through the model at once, what to do when they did not, and how much memory a run took."""

from __future__ import annotations

import json
import re
from pathlib import Path

from tools import jobdir

FOUND = "memory.json"  # what a run found out about its memory, for when it is resumed
SAID = re.compile(r"out of memory|can't allocate memory|cannot allocate memory|bad_alloc|alloc_failed", re.IGNORECASE)


def at_once(share: int, longest: int, parameters: int, tokens: int, most: int = 0) -> int:
    """Rows that go through the model together: a divisor of `share` that keeps memory in bounds.

    `share`: rows of a step in this process; `longest`: tokens of the longest; `tokens`: of all, at most; `most`: rows
    that were seen to fit.
    """
    fit = max(1, tokens // max(longest, 1))
    fit = min(fit, 2) if parameters > 1e9 else fit
    fit = min(fit, most) if most else fit
    return max(size for size in range(1, share + 1) if share % size == 0 and size <= fit)


def ran_out(error: BaseException) -> bool:
    """Whether memory was what went wrong; PyTorch says so on a CPU in words only."""
    return isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError" or bool(SAID.search(str(error)))


def remembered(directory: Path) -> int:
    """Rows that this run may put through at once, since more of them did not fit before; 0 = nothing is known."""
    return int((jobdir.read_json(directory / FOUND) or {}).get("rows_at_once", 0))


def remember(directory: Path, rows: int) -> None:
    jobdir.write_atomically(directory / FOUND, json.dumps({"rows_at_once": rows}))


def smaller(share: int, tried: int, least: int) -> int:
    """The next smaller number of rows that divides the share; 0 when there is none of at least `least`."""
    return max((size for size in range(least, tried) if share % size == 0), default=0)


def release() -> None:
    """Give back what the last try held."""
    import gc

    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def address_space_kb() -> int:
    """The most address space in kB that this process has used, which a limit of the system counts; 0 = not known."""
    status = Path("/proc/self/status")
    lines = status.read_text(encoding="utf-8").splitlines() if status.is_file() else []
    return next((int(line.split()[1]) for line in lines if line.startswith("VmPeak:")), 0)


def peak_gb() -> float:
    """The most memory in GB that this process has held so far: on the GPU where it trains on one."""
    import resource
    import sys

    import torch

    if torch.cuda.is_available():
        return round(torch.cuda.max_memory_reserved() / 1e9, 3)
    unit = 1 if sys.platform == "darwin" else 1024
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e9, 3)
