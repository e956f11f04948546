"""A hosted job as it is now: asked of the vendor, its events kept in their order, its end with a reason."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol

from tools.openai import result_csv, statuses, training_files
from tools.openai.account import MOST_WAIT, Account, listed, retry_after
from tools.prices import Prices
from tools.trainer import Checkpoint, JobState, JobStatus, ToolError

if TYPE_CHECKING:
    import openai
    from openai.types.fine_tuning import FineTuningJob, FineTuningJobEvent
    from openai.types.fine_tuning.jobs import FineTuningJobCheckpoint

MOST_EVENTS, MOST_CHECKPOINTS = 5000, 100
PASSING = (408, 409, 429)  # statuses of a vendor that is busy


class Vendor(Protocol):
    """What following needs of a trainer."""

    account: Account
    prices: Prices
    every: float

    @property
    def states(self) -> Mapping[str, JobState]: ...

    def shutdown(self, model: str) -> str: ...


@dataclass
class Followed:
    """What was heard of a job: its last status and its events in their order. Lost with the process, and asked anew."""

    status: JobStatus | None = None
    fresh_until: float = 0.0  # of the monotonic clock: the wall clock may jump
    heard: list[FineTuningJobEvent] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)

    def since(self, after: int) -> JobStatus:
        assert self.status is not None
        return replace(self.status, events=self.events[max(0, after) :])


def follow(vendor: Vendor, client: openai.OpenAI, handle: str, seen: Followed) -> None:
    """Ask once and note the answer in `seen`. A vendor that cannot be asked leaves the job UNKNOWN, with the reason."""
    import openai

    wait = vendor.every
    try:
        job = client.fine_tuning.jobs.retrieve(handle)
        _hear(client, handle, seen, vendor.account.clean)
        seen.status = _status(vendor, client, job, seen)
    except openai.NotFoundError:
        reason = (
            f"{vendor.account.vendor} no longer knows the job {handle}: it was deleted there, or the key of "
            f"{vendor.account.settings} belongs to another project."
        )
        seen.status = JobStatus(JobState.FAILED, reason)
    except openai.OpenAIError as error:
        unknown(seen, vendor.account.told(error))
        if isinstance(error, openai.APIStatusError):
            wait = max(wait, min(retry_after(error) or 0.0, MOST_WAIT))
    seen.fresh_until = time.monotonic() + wait


def unknown(seen: Followed, why: ToolError) -> None:
    """Note that the job cannot be asked about now, and why; what was heard of it before stays."""
    reason = f"{why.sentence} The run may go on there; it is asked again. {why.remedy}".strip()
    seen.status = replace(seen.status or JobStatus(JobState.UNKNOWN), state=JobState.UNKNOWN, reason=reason)


def _hear(client: openai.OpenAI, handle: str, seen: Followed, clean: Callable[[str], str]) -> None:
    """Add the events that are new. The vendor gives the newest first; a known one ends the search."""
    known = {event.id for event in seen.heard}
    fresh = []
    with _optional():
        for event in listed(client.fine_tuning.jobs.list_events(handle, limit=100), MOST_EVENTS):
            if event.id in known:
                break
            fresh.append(event)
    for event in reversed(fresh):
        seen.heard.append(event)
        seen.events += statuses.told(event.model_copy(update={"message": clean(event.message or "")}))


@contextmanager
def _optional() -> Iterator[None]:
    """For a list that a vendor may not have: it then says so with a status below 500, and the list is empty.

    What passes is raised, a vendor that is busy as well: the list is asked for again.
    """
    import openai

    try:
        yield
    except openai.APIStatusError as error:
        if error.status_code in PASSING or error.status_code >= 500:
            raise


def _status(vendor: Vendor, client: openai.OpenAI, job: FineTuningJob, seen: Followed) -> JobStatus:
    state = statuses.state(vendor.states, str(job.status))
    reason = f"{vendor.account.vendor} says '{job.status}', which is new here." if state is JobState.UNKNOWN else ""
    if state is JobState.SUCCEEDED and not job.fine_tuned_model:
        state, reason = JobState.UNKNOWN, "It has succeeded, but its model has no name yet."
    if state is JobState.SUCCEEDED and not any(event["type"] == "step" for event in seen.events):
        seen.events += _results(vendor, client, job)
    steps = [event for event in seen.events if event["type"] == "step"]
    return JobStatus(
        state=state,
        reason=_reason(vendor, job) if state is JobState.FAILED else reason or _ended(vendor, state),
        step=steps[-1]["step"] if steps else 0,
        steps=max((event["steps"] for event in steps), default=0),
        eta_seconds=statuses.eta(job, time.time()) if not state.ended else None,
        model=job.fine_tuned_model or "" if state is JobState.SUCCEEDED else "",
        metrics=_metrics(vendor, job, state, seen),
        resumable=state is JobState.PAUSED,
        checkpoints=_checkpoints(client, job) if state is JobState.SUCCEEDED else [],
    )


def _reason(vendor: Vendor, job: FineTuningJob) -> str:
    told = job.error.message if job.error and job.error.message else "it gave no reason"
    return f"{vendor.account.vendor} ended the job: {vendor.account.clean(' '.join(told.split()))}"


def _ended(vendor: Vendor, state: JobState) -> str:
    return f"Cancelled at {vendor.account.vendor}." if state is JobState.CANCELLED else ""


def _results(vendor: Vendor, client: openai.OpenAI, job: FineTuningJob) -> list[dict[str, Any]]:
    """The measures of the result file, for a vendor whose events hold none; without it the run has still succeeded."""
    for file in job.result_files or []:
        try:
            found = result_csv.events(training_files.download(vendor.account, client, file))
        except ToolError as error:
            return [{"type": "message", "level": "warn", "message": f"The result file cannot be read: {error}"}]
        if found:
            return found
    return []


def _metrics(vendor: Vendor, job: FineTuningJob, state: JobState, seen: Followed) -> dict[str, Any]:
    """The run's summary, with what it has cost where the tokens and their price are known."""
    found = statuses.summary(seen.events, job) if state.ended else {}
    if state.ended and job.trained_tokens is not None:
        try:
            price = vendor.prices.training(job.model)
            found |= {"money_usd": price.of(job.trained_tokens), "price_date": price.date}
        except ToolError:
            found["money_unknown"] = True  # the estimate keeps counting against the cap
    elif state is JobState.FAILED and not any(event["type"] == "step" for event in seen.events):
        found["money_usd"] = 0.0  # it never trained
    if state is JobState.SUCCEEDED and (ends := vendor.shutdown(job.fine_tuned_model or "")):
        found["shutdown_date"] = ends
    return found


def _checkpoints(client: openai.OpenAI, job: FineTuningJob) -> list[Checkpoint]:
    """The models of earlier steps that the vendor keeps, in their order; none where it has no such list."""
    kept: list[FineTuningJobCheckpoint] = []
    with _optional():
        kept += listed(client.fine_tuning.jobs.checkpoints.list(job.id, limit=100), MOST_CHECKPOINTS)
    made = [
        Checkpoint(one.step_number, one.fine_tuned_model_checkpoint, statuses.renamed(one.metrics.to_dict()))
        for one in kept
    ]
    return sorted(made, key=lambda one: one.step)
