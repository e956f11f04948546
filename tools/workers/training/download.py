"""Progress of a download from the hub as events of the job, a few dozen at most."""

from __future__ import annotations

from typing import Any

from tools.engine import hub
from tools.workers.job import JobFolder


def telling(job: JobFolder) -> Any:
    """A progress bar for `snapshot_download` that writes `download` events: bytes done and to do."""
    return hub.telling(lambda done, total: job.event("download", done=done, total=total))
