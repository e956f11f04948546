"""What a request takes before and after training, in tokens, seconds and money, and from how many on training pays."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlsplit

from assistant.record.store import Store
from assistant.record.types import QUOTE, Evaluation, Job, Score, Variant
from assistant.settings import Settings
from tools.prices import AnswerPrice, Prices
from tools.trainer import ToolError

HOURS = 730  # of a month
USUAL = "Standard"  # the kind of a deployment at Azure, before there is one
HOSTS = {"api.openai.com": "openai"}  # whose prices hold for a chat server; azure's hosts have names of their own
FREE = AnswerPrice(0.0, 0.0, "")


@dataclass(frozen=True)
class RequestCost:
    """The mean request of a variant: tokens read and written, seconds of one asked alone, US dollars (None: no price
    is known)."""

    variant: str
    prompt_tokens: float
    completion_tokens: float
    seconds: float | None
    usd: float | None

    @property
    def tokens(self) -> float:
        return self.prompt_tokens + self.completion_tokens


@dataclass(frozen=True)
class Spent:
    """What has to be won back: seconds and US dollars of training, US dollars a month of keeping the model deployed."""

    seconds: float
    usd: float | None
    hosting_usd: float = 0.0


def of(store: Store, settings: Settings, found: Evaluation) -> dict[str, Any]:
    """The cost of an evaluation's tuned model against the best untrained variant; empty where none was measured."""
    names = [str(found.verdict.get(name) or "") for name in ("against", "candidate")]
    if not found.job or not all(name in found.results for name in names):
        return {}
    job, scores = store.job(found.job), store.scores(found.id)
    pair, problems, date = [], [], ""
    for name in names:
        variant = store.variant(str(found.results[name]["variant"]))
        price, problem = _price(settings, variant, job)
        problems += [problem] if problem else []
        date = price.date if price and price.date else date
        mine = [score for score in scores if score.variant == variant.id and not score.error]
        pair.append(request(name, mine, found.results[name].get("latency_s"), price))
    spent, problem = _spent(settings, job)
    return costs(pair[0], pair[1], spent, date, next(filter(None, [*problems, problem]), ""))


def request(name: str, scores: Sequence[Score], seconds: float | None, price: AnswerPrice | None) -> RequestCost:
    """The mean of what answers took, with their price."""
    read = statistics.fmean(score.prompt_tokens for score in scores) if scores else 0.0
    wrote = statistics.fmean(score.completion_tokens for score in scores) if scores else 0.0
    return RequestCost(name, round(read, 1), round(wrote, 1), seconds, None if price is None else price.of(read, wrote))


def costs(before: RequestCost, after: RequestCost, spent: Spent, date: str = "", problem: str = "") -> dict[str, Any]:
    """Everything as plain JSON, with one readable text under "sentence". `date` is that of the prices, `problem` why a
    price is not known.

    "break_even" counts requests: "first_month", in which training and hosting are won back in a month; "month", in
    which hosting alone is; "time", after which the seconds saved are as many as training took. None: never, or unknown.
    """
    usd = _saved(before.usd, after.usd)
    seconds = _saved(before.seconds, after.seconds)
    found: dict[str, Any] = {
        "before": asdict(before) | {"tokens": before.tokens},
        "after": asdict(after) | {"tokens": after.tokens},
        "saved": {"tokens": round(before.tokens - after.tokens, 1), "seconds": seconds, "usd": usd},
        "training": {"seconds": round(spent.seconds, 1), "usd": spent.usd},
        "hosting_usd_a_month": round(spent.hosting_usd, 2),
        "prices": date,
        "break_even": {
            "first_month": None if spent.usd is None else _requests(spent.usd + spent.hosting_usd, usd),
            "month": _requests(spent.hosting_usd, usd),
            "time": _requests(spent.seconds, seconds),
        },
    }
    return found | {"sentence": _sentence(before, after, spent, found, problem)}


def _sentence(before: RequestCost, after: RequestCost, spent: Spent, found: Mapping[str, Any], problem: str) -> str:
    takes = f"A request takes {_takes(before)} with {before.variant} and {_takes(after)} with {after.variant}."
    trained = f"Training took {_duration(spent.seconds)}"
    if problem or before.usd is None or after.usd is None or spent.usd is None:
        return f"{takes} {trained}. What that costs is not known{f': {problem}' if problem else '.'}"
    if not any((before.usd, after.usd, spent.usd, spent.hosting_usd)):
        enough = found["break_even"]["time"]
        won = (
            f", as long as {enough:,} requests save."
            if enough
            else "; no request becomes faster, so it is not won back."
        )
        return f"{takes} Local models cost no money. {trained}{won}"
    dated = f" (prices of {found['prices']})" if found["prices"] else ""
    money = f"It costs {_usd(before.usd)} before and {_usd(after.usd)} after{dated}."
    hosting = f" and hosting costs {_usd(spent.hosting_usd)} a month" if spent.hosting_usd else ""
    paid = f"{trained} and cost {_usd(spent.usd)}{hosting}"
    first, month = (found["break_even"][name] for name in ("first_month", "month"))
    if first is None:
        return f"{takes} {money} {paid}; requests become no cheaper, so they do not win it back."
    then = f", {month:,} in every later one" if month else ""
    return f"{takes} {money} {paid}, which {first:,} requests win back in the first month{then}."


def _price(settings: Settings, variant: Variant, job: Job) -> tuple[AnswerPrice | None, str]:
    """The price of the variant's answers, or None and why it is not known."""
    if variant.endpoint in ("local", QUOTE):
        return FREE, ""
    host = urlsplit(settings.chat_base_url).hostname or ""
    chat = "azure" if host.endswith(".azure.com") else HOSTS.get(host, "compatible")
    vendor = chat if variant.endpoint == "chat" else variant.endpoint
    model = str(job.request.get("base_name") or variant.model) if variant.tuned else variant.model
    try:
        return Prices(vendor, settings.prices).answers(model, variant.tuned), ""
    except ToolError as error:
        return None, str(error)


def _spent(settings: Settings, job: Job) -> tuple[Spent, str]:
    """What the job cost, or the most that it may have where the vendor has not told; and which price is not known."""
    seconds = float(job.metrics.get("seconds") or 0.0)
    usd = float(job.metrics.get("money_usd", job.request.get("money_usd", 0.0)))
    rows = job.metrics.get("hosting") or []
    if job.trainer != "azure":
        return Spent(seconds, usd), ""
    try:
        rate = float(rows[-1]["usd_per_hour"]) if rows else Prices("azure", settings.prices).hosting(USUAL)
    except ToolError as error:
        return Spent(seconds, None), str(error)
    return Spent(seconds, usd, rate * HOURS), ""


def _saved(before: float | None, after: float | None) -> float | None:
    return None if before is None or after is None else round(before - after, 8)


def _requests(paid: float, saved: float | None) -> int | None:
    """After how many requests as much is saved as was paid."""
    return math.ceil(paid / saved) if saved and saved > 0 else None


def _takes(one: RequestCost) -> str:
    return f"{one.tokens:,.0f} tokens" + ("" if one.seconds is None else f" and {one.seconds:.1f} s")


def _usd(value: float) -> str:
    """Dollars with as many decimals as a small price needs."""
    return f"${value:,.2f}" if value >= 1 or not value else f"${value:.2g}" if value >= 0.0001 else f"${value:.6f}"


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
