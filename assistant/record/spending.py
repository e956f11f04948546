"""What paid training costs this month, and whether the cap of the settings lets another run begin."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from assistant.errors import AttuneError
from assistant.record.rows import now
from assistant.record.store import Store
from assistant.record.types import Job
from assistant.settings import Settings

SETTING = "ATTUNE_SPENDING_CAP"


def spent(store: Store) -> float:
    """US dollars of the runs begun in this calendar month (UTC), those of every case.

    A run counts with what it has cost (`money_usd` of its metrics) or, until that is known, with the most it was
    estimated to cost. One that never began counts nothing. Deployments of tuned models count by the hour.
    """
    month, jobs = now()[:7], store.jobs()
    rows = [row for job in jobs for row in job.metrics.get("hosting", [])]
    hosting = sum(hosted(row) for row in rows if not row["until"] or row["until"].startswith(month))
    return hosting + sum(_cost(job) for job in jobs if job.created.startswith(month))


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
    return AttuneError(sentence, f"Set {SETTING} to what you allow a month in US dollars and start Attune again, or "
                       "choose a trainer on this machine, which costs nothing.")  # fmt: skip


def note(store: Store, settings: Settings, money_usd: float) -> str:
    """What a proposal says about money beside its estimate; empty for a run that costs nothing."""
    if money_usd == 0:
        return ""
    if refused := refusal(store, settings, money_usd):
        return f"It cannot be confirmed as things are. {refused.sentence}"
    return f"This month ${spent(store):.2f} of the ${settings.spending_cap:.2f} that {SETTING} allows is spent."


def _cost(job: Job) -> float:
    if not job.handle and job.ended:
        return 0.0
    return float(job.metrics.get("money_usd", job.request.get("money_usd", 0.0)))
