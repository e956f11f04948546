"""The queue of fine-tuning jobs: an owner's jobs begin in the order in which they came, as soon as there is room."""

from __future__ import annotations

import logging
import threading

from assistant.jobs import launch, lifecycle
from assistant.record.connection import now
from assistant.record.store import Store
from assistant.record.types import Job
from assistant.uploads import tuning_jobs
from assistant.workbench import Workbench
from tools.trainer import JobState, ToolError

log = logging.getLogger(__name__)
EVERY_S = 2.0  # between two looks at what waits
FAULT = "It could not be started because of a bug in Attune; the details are in the log."


def submit(bench: Workbench, owner: str, order: tuning_jobs.JobOrder) -> Job:
    """The order as a job that runs where there is room and nothing came before it, and waits otherwise.

    Raises AttuneError (Refused) where the order, its files, its trainer or the cap do not allow it; nothing is kept
    then. A run that fails as it is started is kept, as a job that failed.
    """
    job = tuning_jobs.create(bench, owner, order)
    failed = advance(bench, owner)
    if job.id in failed:
        raise failed[job.id]
    return bench.store.job(job.id)


def advance(bench: Workbench, owner: str) -> dict[int, ToolError]:
    """Begin what waits while there is room; what could not be begun, by its job's number."""
    store = bench.store
    failed: dict[int, ToolError] = {}
    while job := _claim(bench, owner):
        try:
            launch.launch(bench, job, tuning_jobs.request(store, bench.settings, job))
        except ToolError as error:
            launch.fail(store, job.id, str(error))
            failed[job.id] = error
        except Exception:
            log.exception("job %s could not be started", job.id)
            launch.fail(store, job.id, FAULT)
    return failed


def room(bench: Workbench, owner: str) -> int:
    """How many more jobs of the owner may run now. One that is paused takes no room, one that is ending does."""
    store = bench.store
    for job in _busy(store, owner):
        try:
            lifecycle.follow(bench, job.id, lifecycle.NO_NEWS)
        except ToolError as error:
            log.warning("job %s cannot be asked about: %s", job.id, error)
    return bench.settings.api_jobs - len(_busy(store, owner))


def _claim(bench: Workbench, owner: str) -> Job | None:
    """The job whose turn it is, taken out of the queue: of several who ask at once one gets it."""
    store = bench.store
    if not _waiting(store, owner) or room(bench, owner) <= 0:
        return None
    with store.atomic():
        first = next(iter(_waiting(store, owner)), None)
        if first is None or len(_busy(store, owner)) >= bench.settings.api_jobs:
            return None
        store.set_job(first.id, request=first.request | {"waits_since": "", "begun": now()})
        return store.job(first.id)


def _waiting(store: Store, owner: str) -> list[Job]:
    return [job for job in store.waiting() if store.case(job.case).owner == owner]


def _busy(store: Store, owner: str) -> list[Job]:
    """Those that take room: what runs or is being started, and what was cancelled and has not quite ended."""
    return [
        job
        for job in store.jobs_of_owner(owner)
        if (not JobState(job.state).rests and not job.waits) or job.metrics.get("ending")
    ]


class Turns:
    """Looks after the queue on a thread of its own, from `start` to `close`; what waits then waits for the next one."""

    def __init__(self, bench: Workbench) -> None:
        self._bench = bench
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="queue", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """No job begins from now on; one that is just being started is waited for."""
        self._ending.set()
        self._thread.join()

    def _run(self) -> None:
        told = ""
        while not self._ending.wait(EVERY_S):
            try:
                self.look()
            except ToolError as error:
                if told != (told := str(error)):  # once, not every time
                    log.warning("The queue cannot be looked at. %s", error)
            except Exception:
                log.exception("the queue could not be looked at")
        self._bench.store.close()

    def look(self) -> None:
        """Begin what waits and has room, and see jobs that were cancelled to their end."""
        bench, store = self._bench, self._bench.store
        for owner in dict.fromkeys(store.case(job.case).owner for job in store.waiting()):
            advance(bench, owner)
        for job in store.ending():
            lifecycle.follow(bench, job.id, lifecycle.NO_NEWS)
