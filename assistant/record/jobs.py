"""Training jobs: what was asked for, where it stands, and which of them wait for their turn."""

from __future__ import annotations

from typing import Any

from assistant.record.connection import Connection, make, now
from assistant.record.types import Job

_OWNED = "[case] in (select id from cases where owner = ?)"


class Jobs(Connection):
    """The jobs' part of the record."""

    def add_job(
        self, case: str, dataset: str, trainer: str, handle: str, state: str, request: dict[str, Any], key: str = ""
    ) -> Job:
        """Record a job. No two have the same `key`, unless it is empty."""
        id = self._insert(
            "jobs",
            {
                "case": case,
                "dataset": dataset,
                "trainer": trainer,
                "handle": handle,
                "state": state,
                "reason": "",
                "model": "",
                "adapter": "",
                "request": request,
                "metrics": {},
                "created": now(),
                "ended": "",
                "key": key,
            },
        )
        return self.job(id)

    def job_of_key(self, key: str) -> Job | None:
        """The job that was recorded with this key; None for the empty one."""
        row = self._one("jobs", "key = ? and key <> ''", [key])
        return make(Job, row) if row else None

    def jobs_of_owner(self, owner: str) -> list[Job]:
        return [make(Job, row) for row in self._rows("jobs", _OWNED, [owner])]

    def job_of_owner(self, owner: str, id: int) -> Job | None:
        """The job; None where there is none, and where its case is somebody else's."""
        row = self._one("jobs", f"{_OWNED} and id = ?", [owner, id])
        return make(Job, row) if row else None

    def job(self, id: int) -> Job:
        return make(Job, self._get("jobs", id))

    def jobs(self, case: str | None = None) -> list[Job]:
        where, values = ("[case] = ?", [case]) if case is not None else ("1", [])
        return [make(Job, row) for row in self._rows("jobs", where, values)]

    def made(self, case: str) -> list[Job]:
        """The case's jobs that made a model of their own; one that repeats another, to compare the two, is none."""
        where = "[case] = ? and state = 'succeeded' and json_extract(request, '$.reproduces') is null"
        return [make(Job, row) for row in self._rows("jobs", where, [case])]

    def waiting(self) -> list[Job]:
        """Everybody's jobs that wait for their turn, in its order."""
        since = "json_extract(request, '$.waits_since')"
        return [make(Job, row) for row in self._rows("jobs", f"state = 'queued' and {since} > ''", [], f"{since}, id")]

    def ending(self) -> list[Job]:
        """Everybody's jobs that were cancelled and whose workers are not known to have ended."""
        where = "state = 'cancelled' and json_extract(metrics, '$.ending')"
        return [make(Job, row) for row in self._rows("jobs", where, [])]

    def set_job(self, id: int, **changes: Any) -> None:
        self._update("jobs", id, **changes)
