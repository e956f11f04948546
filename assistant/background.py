"""Long work of this process that must outlive a browser tab: one named task at a time a name, on its own thread."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace

from tools.trainer import ToolError

Report = Callable[[str, float], None]  # what is being done, and how much of it: 0 to 1
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Task:
    """Where a task stands. `fraction` is between 0 and 1; `error` is a sentence and a remedy."""

    name: str
    state: str = "running"  # running | done | failed
    message: str = ""
    fraction: float = 0.0
    error: str = ""


class Background:
    """Named tasks on daemon threads. What they did is in the record; this only tells how far they are."""

    def __init__(self) -> None:
        self._tasks: dict[str, Task] = {}
        self._lock = threading.Lock()

    def start(self, name: str, work: Callable[[Report], object]) -> bool:
        """Run `work(report)` on a thread; False when a task of that name is still running."""
        with self._lock:
            if name in self._tasks and self._tasks[name].state == "running":
                return False
            self._tasks[name] = Task(name, message="Starting")
        threading.Thread(target=self._run, args=(name, work), name=name, daemon=True).start()
        return True

    def task(self, name: str) -> Task | None:
        with self._lock:
            return self._tasks.get(name)

    def running(self, name: str) -> bool:
        task = self.task(name)
        return task is not None and task.state == "running"

    def _run(self, name: str, work: Callable[[Report], object]) -> None:
        try:
            work(lambda message, fraction: self._set(name, message=message, fraction=fraction))
            self._set(name, state="done", fraction=1.0)
        except ToolError as error:
            self._set(name, state="failed", error=str(error))
        except Exception:
            log.exception("task %s failed", name)
            self._set(
                name, state="failed", error="Something went wrong in Attune; the details are in the log. Try again."
            )

    def _set(self, name: str, **changes: object) -> None:
        with self._lock:
            self._tasks[name] = replace(self._tasks[name], **changes)  # type: ignore[arg-type]
