"""Which of several processes this one is, and what they must agree on. Alone, a process agrees with itself."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Ranks:
    """`own` is this process's number from 0, `count` how many there are."""

    own: int = 0
    count: int = 1

    @property
    def first(self) -> bool:
        return self.own == 0

    def any(self, value: bool) -> bool:
        """Whether `value` is true in any process. All have to ask at the same step: they wait for each other."""
        if self.count == 1:
            return value
        import torch

        mine = torch.tensor([int(value)], device="cuda" if torch.cuda.is_available() else "cpu")
        torch.distributed.all_reduce(mine, op=torch.distributed.ReduceOp.MAX)
        return bool(mine.item())

    def meet(self) -> None:
        """Wait until every process is here."""
        if self.count > 1:
            import torch

            torch.distributed.barrier()


def here() -> Ranks:
    """What `accelerate launch` told this process; alone when nobody did."""
    return Ranks(int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1")))


def know_numbered_cpus() -> None:
    """Let torch load onto "cpu:0", which is how accelerate calls the device of each of several CPU processes."""
    import torch

    def restored(storage: Any, location: str) -> Any:
        return storage if location.startswith("cpu:") else None

    torch.serialization.register_package(5, lambda _: None, restored)


def watch(asked_to_end: Sequence[Path], every: float = 0.5) -> None:
    """End at once when the launcher is gone: it holds the job's lock, so nobody could see us go on.

    Once a file of `asked_to_end` is there, this process gets the signal that its launcher keeps to itself.
    """
    parent = os.getppid()
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})

    def look() -> None:
        told = False
        while os.getppid() == parent:
            if not told and any(path.exists() for path in asked_to_end):
                told = True
                os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(every)
        os._exit(1)

    threading.Thread(target=look, daemon=True).start()
