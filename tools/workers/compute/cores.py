"""How many threads a small model's training should use on a machine that others use too."""

from __future__ import annotations

import os
import time
from pathlib import Path

STAT = Path("/proc/stat")  # Linux; elsewhere nobody else is counted
MOST = 4  # more threads only wait for each other over a small model's layers


class Watch:
    """Looks at what other processes compute from when it was made on.

    Threads meet after every layer's product. Where others compute too, each meeting waits for the scheduler: two
    threads then took 5 to 15 times as long as one, while on two idle cores they take two thirds of its time.
    """

    def __init__(self) -> None:
        self._began = (time.monotonic(), time.process_time(), _busy())

    def threads(self) -> int:
        """Threads that find a core of their own; at least 1."""
        began, own, busy = self._began
        elapsed = max(time.monotonic() - began, 1e-3)
        others = (_busy() - busy - (time.process_time() - own)) / elapsed
        return max(1, min(MOST, round(_cores() - max(others, 0.0))))


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _busy() -> float:
    """Seconds of processor time used by everyone since the machine began."""
    if not STAT.is_file():
        return 0.0
    user, nice, system, _idle, _wait, irq, soft = map(int, STAT.read_text().split("\n", 1)[0].split()[1:8])
    return (user + nice + system + irq + soft) / os.sysconf("SC_CLK_TCK")
