"""A training run in words: each sentence stands alone, for readers who see no plot."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from assistant.record.types import Job
from tools.options import OPTIONS
from tools.trainer import Estimate, JobState, JobStatus, Range

Events = Sequence[Mapping[str, Any]]
NEXT = {
    JobState.SUCCEEDED: "Next: measure the model against the untrained variants (Compare).",
    JobState.FAILED: "Next: fix what is named above, then resume or start again.",
    JobState.PAUSED: "Next: resume it, or stop it for good.",
    JobState.CANCELLED: "Next: resume from the last checkpoint, or start again.",
}


def duration(seconds: float | None) -> str:
    """Seconds as people say them."""
    if seconds is None:
        return "unknown"
    if seconds < 90:
        return f"{max(0, round(seconds))} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def status(job: Job, now: JobStatus, events: Events) -> str:
    """Where a run stands, as HTML: a sentence, a bar and a reason when it ended."""
    steps = [event for event in events if event.get("type") == "step"]
    last: Mapping[str, Any] = steps[-1] if steps else {}
    total = now.steps or int(last.get("steps", 0))
    share = 1.0 if now.state is JobState.SUCCEEDED else now.step / total if total else 0.0
    bar = f'<div class="bar" role="progressbar" aria-valuenow="{share:.0%}"><i style="width:{share:.1%}"></i></div>'
    sentence = f"<b>Training {job.id}</b> with {escape(job.trainer)}: {_where(now, total, last, events)}"
    reason = f"<div>{escape(now.reason)}</div>" if now.reason else ""
    told = next((str(event["message"]) for event in reversed(events) if event.get("type") == "memory"), "")
    reason += f'<div class="quiet">{escape(told)}</div>' if told else ""
    after = f'<div class="quiet">{NEXT[now.state]}</div>' if now.state in NEXT else ""
    bill = f'<div class="quiet">{escape(_bill(now.metrics))}</div>' if _bill(now.metrics) else ""
    return f'<div class="verdict {_tone(now.state)}" role="status">{sentence}{bar}{reason}{bill}{after}</div>'


def samples(events: Events) -> str:
    """What the model answered to the fixed prompts at each point, as an HTML table; the newest first."""
    spoken = [event for event in events if event.get("type") == "samples"]
    if not spoken:
        return '<div class="quiet">Answers to fixed prompts appear at the start, in the middle and at the end.</div>'
    prompts = [str(answer.get("prompt", "")) for answer in spoken[-1].get("answers", [])]
    head = "".join(f"<th>step {event.get('step', 0)}</th>" for event in spoken)
    rows = "".join(
        f"<tr><td><b>{escape(prompt)}</b></td>{''.join(f'<td>{_answer(event, n)}</td>' for event in spoken)}</tr>"
        for n, prompt in enumerate(prompts)
    )
    return f'<div class="wide"><table class="plain"><tr><th>prompt</th>{head}</tr>{rows}</table></div>'


def forecast(estimate: Estimate) -> str:
    """What a run would take, as HTML."""
    money = "nothing" if estimate.money_usd.high == 0 else f"${_range(estimate.money_usd, '{:.2f}')}"
    facts = [
        (f"{duration(estimate.seconds.low)} – {duration(estimate.seconds.high)}", "time"),
        (f"{_range(estimate.memory_gb, '{:.1f}')} GB", "memory"),
        (money, "money"),
    ] + ([(str(estimate.steps), "steps")] if estimate.steps else [])
    cells = "".join(f"<div><b>{escape(value)}</b><span>{name}</span></div>" for value, name in facts)
    cut = f" {estimate.rows_cut} rows are longer than the window and are cut." * bool(estimate.rows_cut)
    note = f" {escape(estimate.note)}" if estimate.note else ""
    return f'<div class="facts">{cells}</div><div class="quiet">{escape(estimate.source.rstrip("."))}.{cut}{note}</div>'


def command(case: str, options: Mapping[str, Any]) -> str:
    """The same run from a terminal."""
    flags = [f"{OPTIONS[name].flag} {shlex.quote(str(value))}" for name, value in options.items() if value]
    return " ".join(["attune finetune", shlex.quote(case), *flags])


def history(jobs: Sequence[Job]) -> str:
    """Every run with how it ended, as an HTML table; the newest first."""
    rows = "".join(
        f"<tr><td class=n>{job.id}</td><td>{escape(job.trainer)}</td><td>{escape(job.state)}</td>"
        f"<td class=n>{_loss(job)}</td><td class=n>{escape(job.created[:16].replace('T', ' '))}</td>"
        f"<td>{escape(job.reason)}</td></tr>"
        for job in reversed(jobs)
    )
    head = "".join(f"<th>{name}</th>" for name in ("run", "trainer", "state", "final loss", "started (UTC)", "reason"))
    return f'<div class="wide"><table class="plain"><tr>{head}</tr>{rows}</table></div>'


def _bill(metrics: Mapping[str, Any]) -> str:
    """What a hosted run has cost, and until when its model answers; empty for a run on this machine."""
    cost, date, ends = (metrics.get(name) for name in ("money_usd", "price_date", "shutdown_date"))
    said = [f"It cost about ${cost:.2f} (price of {date})."] if cost and date else []
    return " ".join([*said, *([f"The vendor ends this model on {ends}."] if ends else [])])


def _where(now: JobStatus, total: int, last: Mapping[str, Any], events: Events) -> str:
    numbers = [f"step {now.step} of {total}"] if total else []
    if last.get("loss") is not None:
        numbers.append(f"loss {float(last['loss']):.3f}")
    evals = [event for event in events if event.get("type") == "eval" and event.get("eval_loss") is not None]
    if evals:
        numbers.append(f"eval loss {float(evals[-1]['eval_loss']):.3f}")
    if last.get("tokens"):
        numbers.append(f"{int(last['tokens']):,} tokens")
    if now.state is JobState.RUNNING and now.eta_seconds is not None:
        numbers.append(f"about {duration(now.eta_seconds)} left")
    if now.state is JobState.SUCCEEDED and now.metrics.get("seconds"):
        numbers.append(f"took {duration(float(now.metrics['seconds']))}")
    stage = next((event for event in reversed(events) if event.get("type") == "stage"), None)
    fetched = next((event for event in reversed(events) if event.get("type") == "download"), None)
    if fetched and not total and not now.state.ended:
        numbers.append(f"{float(fetched['done']) / 1e9:.2f} of {float(fetched['total']) / 1e9:.2f} GB fetched")
    doing = f" ({escape(str(stage.get('name', '')))})" if stage and not now.state.ended and not total else ""
    return f"{escape(now.state)}{doing}{', ' * bool(numbers)}{', '.join(numbers)}."


def _answer(event: Mapping[str, Any], place: int) -> str:
    answers = event.get("answers", [])
    return escape(str(answers[place].get("answer", ""))).replace("\n", "<br>") if place < len(answers) else ""


def _tone(state: JobState) -> str:
    return "switch" if state is JobState.SUCCEEDED else "stay" if state.ended else ""


def _loss(job: Job) -> str:
    value = job.metrics.get("final_loss")
    return f"{float(value):.3f}" if value is not None else ""


def _range(range_: Range, form: str) -> str:
    low, high = form.format(range_.low), form.format(range_.high)
    return low if low == high else f"{low} – {high}"
