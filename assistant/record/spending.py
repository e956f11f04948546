"""What paid training costs this month, and whether the cap of the settings lets another run begin."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from assistant.errors import AttuneError
from assistant.record.connection import now
from assistant.record.store import Store
from assistant.record.types import Job
from assistant.settings import Settings
from tools.trainer import Unsure

SETTING = "ATTUNE_SPENDING_CAP"


def spent(store: Store) -> float:
    """US dollars of the runs begun or resumed in this calendar month (UTC), those of every case.

    A run counts with what it has cost (`money_usd` of its metrics) or, until that is known, with the most it was
    estimated to cost, once when it began and again each time it was resumed. One that never began counts nothing.
    Deployments of tuned models count by the hour.
    """
    month, jobs = now()[:7], store.jobs()
    rows = [row for job in jobs for row in job.metrics.get("hosting", [])]
    hosting = sum(hosted(row) for row in rows if not row["until"] or row["until"].startswith(month))
    return hosting + sum(usd for job in jobs for at, usd in _costs(job) if at.startswith(month))


@contextmanager
def resuming(store: Store, settings: Settings, job_id: int) -> Iterator[None]:
    """Hold this while a run is resumed, which is paid like another one: what it may cost is noted before it begins.

    Raises AttuneError where the cap does not cover it. A resumption that fails costs nothing; one of which it is not
    known whether it began stays noted.
    """
    with store.atomic():  # two that are resumed at once must both fit under the cap
        job = store.job(job_id)
        money = float(job.request.get("money_usd", 0.0))
        allow(store, settings, money)
        row = {"at": now(), "money_usd": money}
        if money:
            store.set_job(job_id, metrics=job.metrics | {"resumed": [*_resumed(job), row]})
    try:
        yield
    except Unsure:
        raise
    except Exception:
        if money:
            with store.atomic():
                job = store.job(job_id)
                store.set_job(job_id, metrics=job.metrics | {"resumed": [one for one in _resumed(job) if one != row]})
        raise


def hosted(row: Mapping[str, Any]) -> float:
    """US dollars of one deployment of a model: its hours so far, or all that were reserved while it still runs."""
    until = datetime.fromisoformat(row["until"]) if row["until"] else datetime.now(UTC)
    hours = max(0.0, (until - datetime.fromisoformat(row["since"])).total_seconds() / 3600)
    return float(row["usd_per_hour"]) * (hours if row["until"] else max(hours, float(row["hours"])))


def refusal(store: Store, settings: Settings, money_usd: float) -> AttuneError | None:
    """Why a run that may cost this much must not begin; None when it may. What costs nothing always may."""
    if money_usd == 0:
        return None
    cap, had = settings.spending_cap, spent(store)
    if had + money_usd <= cap:
        return None
    sentence = f"This run may cost up to ${money_usd:.2f}, and "
    if not cap:
        sentence += f"no money may be spent: {SETTING} is 0."
    else:
        sentence += f"${had:.2f} of the ${cap:.2f} a month that {SETTING} allows is spent."
    return AttuneError(
        sentence,
        f"Set {SETTING} to what you allow a month in US dollars and start Attune again, or "
        "choose a trainer on this machine, which costs nothing.",
    )


def allow(store: Store, settings: Settings, money_usd: float) -> None:
    """Raise AttuneError where a run that may cost this much must not begin; see `refusal`."""
    if refused := refusal(store, settings, money_usd):
        raise refused


def note(store: Store, settings: Settings, money_usd: float) -> str:
    """What a proposal says about money beside its estimate; empty for a run that costs nothing."""
    if money_usd == 0:
        return ""
    if refused := refusal(store, settings, money_usd):
        return f"It cannot be confirmed now. {refused.sentence}"
    return f"This month ${spent(store):.2f} of the ${settings.spending_cap:.2f} that {SETTING} allows is spent."


def _costs(job: Job) -> list[tuple[str, float]]:
    """When it was begun and resumed, with US dollars. What is known at the end is the whole, of the last time."""
    if not job.handle and job.ended:
        return []
    begun = [(job.created, float(job.request.get("money_usd", 0.0)))]
    begun += [(str(row["at"]), float(row["money_usd"])) for row in _resumed(job)]
    return [(begun[-1][0], float(job.metrics["money_usd"]))] if "money_usd" in job.metrics else begun


def _resumed(job: Job) -> list[dict[str, Any]]:
    return list(job.metrics.get("resumed", []))
