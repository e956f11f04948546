"""Progress of a download from the hub as events of the job, a few dozen at most."""

from __future__ import annotations

from typing import Any

from tools.workers.job import Job

TOLD = 25  # events a download, about


def telling(job: Job) -> Any:
    """A progress bar for `snapshot_download` that draws nothing and writes `download` events: bytes done and to do."""
    from tqdm import tqdm

    class Told(tqdm):  # type: ignore[misc]
        def __init__(self, *args: Any, **options: Any) -> None:
            self.told = -1
            options.pop("name", None)
            super().__init__(*args, **options | {"disable": False, "file": _Nowhere()})

        def display(self, *_: Any, **__: Any) -> bool:
            return True

        def update(self, n: float | None = 1) -> Any:
            done = super().update(n)
            if self.unit == "B" and self.total:
                share = int(TOLD * self.n / self.total)
                if share > self.told:
                    self.told = share
                    job.event("download", done=int(self.n), total=int(self.total))
            return done

    return Told


class _Nowhere:
    """A file that forgets what is written."""

    def write(self, text: str) -> int:
        return len(text)

    def flush(self) -> None:
        """There is nothing to flush."""
