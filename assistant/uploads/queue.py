"""The queue of fine-tuning jobs: an owner's jobs begin in the order in which they came, as soon as there is room."""

from __future__ import annotations

import logging
import threading

from assistant.record.connection import now
from assistant.record.store import Store
from assistant.record.types import Job
from assistant.settings import Settings
from assistant.stages import finetune, launch
from assistant.stages.launch import Trainers
from assistant.uploads import tuning_jobs
from tools.trainer import JobState, ToolError

log = logging.getLogger(__name__)
EVERY_S = 2.0  # between two looks at what waits
FAULT = "It could not be started on a fault of ours; the log has it."


def submit(store: Store, settings: Settings, trainers: Trainers, owner: str, order: tuning_jobs.JobOrder) -> Job:
    """The order as a job that runs where there is room and nothing came before it, and waits otherwise.

    Raises AttuneError (Refused) where the order, its files, its trainer or the cap do not allow it; nothing is kept
    then. A run that fails as it is started is kept, as a job that failed.
    """
    job = tuning_jobs.create(store, settings, trainers, owner, order)
    failed = advance(store, settings, trainers, owner)
    if job.id in failed:
        raise failed[job.id]
    return store.job(job.id)


def advance(store: Store, settings: Settings, trainers: Trainers, owner: str) -> dict[int, ToolError]:
    """Begin what waits while there is room; what could not be begun, by its job's number."""
    failed: dict[int, ToolError] = {}
    while job := _claim(store, settings, trainers, owner):
        try:
            launch.launch(store, settings, trainers, job, tuning_jobs.request(store, settings, job))
        except ToolError as error:
            launch.fail(store, job.id, str(error))
            failed[job.id] = error
        except Exception:
            log.exception("job %s could not be started", job.id)
            launch.fail(store, job.id, FAULT)
    return failed


def room(store: Store, settings: Settings, trainers: Trainers, owner: str) -> int:
    """How many more jobs of the owner may run now. One that is paused takes no room, one that is ending does."""
    for job in _busy(store, owner):
        try:
            finetune.follow(store, settings, trainers, job.id, finetune.NO_NEWS)
        except ToolError as error:
            log.warning("job %s cannot be asked about: %s", job.id, error)
    return settings.api_jobs - len(_busy(store, owner))


def _claim(store: Store, settings: Settings, trainers: Trainers, owner: str) -> Job | None:
    """The job whose turn it is, taken out of the queue: of several who ask at once one gets it."""
    if not _waiting(store, owner) or room(store, settings, trainers, owner) <= 0:
        return None
    with store.atomic():
        first = next(iter(_waiting(store, owner)), None)
        if first is None or len(_busy(store, owner)) >= settings.api_jobs:
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

    def __init__(self, store: Store, settings: Settings, trainers: Trainers) -> None:
        self._store, self._settings, self._trainers = store, settings, trainers
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
        self._store.close()

    def look(self) -> None:
        """Begin what waits and has room, and see jobs that were cancelled to their end."""
        store, settings, trainers = self._store, self._settings, self._trainers
        for owner in dict.fromkeys(store.case(job.case).owner for job in store.waiting()):
            advance(store, settings, trainers, owner)
        for job in store.ending():
            finetune.follow(store, settings, trainers, job.id, finetune.NO_NEWS)
