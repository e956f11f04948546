"""The proposal to train: one estimate, which the person agrees to and the run is begun with."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from assistant.errors import AttuneError
from assistant.guide.proposals.kind import Kind, Payload, Terms, need
from assistant.record import spending
from assistant.stages import baseline, finetune
from tools.options import OPTIONS
from tools.trainer import Estimate, Range

if TYPE_CHECKING:
    from assistant.record.types import Proposal
    from assistant.workbench import Workbench

ESTIMATE = "estimate"  # its place in the payload


def _prepare(bench: Workbench, case: str, payload: Payload) -> Payload:
    chosen = finetune.choose(bench, case, _options(payload))
    need(finetune.blocked(bench.store, case), "Then ask for the training again.")
    trainer = bench.trainers.get(str(chosen["trainer"]))
    if trainer is None:
        raise AttuneError(
            f"There is no trainer called '{chosen['trainer']}'.", f"Choose one of {', '.join(bench.trainers)}."
        )
    need(trainer.unavailable(), "Or name another trainer.")
    found = finetune.estimate(bench, case, **chosen)
    return chosen | {ESTIMATE: asdict(found)}


def _rests_on(bench: Workbench, case: str, payload: Payload) -> Any:
    jobs = bench.store.jobs(case)
    return [
        baseline.latest_dataset(bench.store, case),
        bench.store.case(case).brief.to_json(),
        jobs[-1].id if jobs else 0,
        ESTIMATE in payload,  # one of an earlier version has none
    ]


def _terms(bench: Workbench, case: str, payload: Payload) -> Terms:
    found = _estimate(payload)
    rows = bench.store.datasets(case)[-1].train
    money = "no money" if not found.money_usd.high else f"${span(found.money_usd)}"
    cut = f" {found.rows_cut} of them are too long and lose their end." if found.rows_cut else ""
    return Terms(
        f"Train {payload['base']} with {payload['trainer']} on {rows} conversations{_passes(payload)}.{cut}",
        "Only a trained model can be measured against the best answers without training.",
        f"About {duration(found.seconds)} ({_begun_small(found.source.rstrip('.'))}). {found.note}".rstrip(),
        f"{span(found.memory_gb)} GB of memory and {money}. "
        f"{spending.note(bench.store, bench.settings, found.money_usd.high)}".rstrip(),
        "It makes a new model and measures nothing; which model answers stays as it is.",
    )


def _allow(bench: Workbench, proposal: Proposal) -> None:
    spending.allow(bench.store, bench.settings, _estimate(proposal.payload).money_usd.high)


def _given(bench: Workbench, case: str, payload: Payload) -> Payload:
    usual = finetune.defaults(bench, case)
    return {name: value for name, value in _options(payload).items() if usual.get(name) != value}


def _carry_out(bench: Workbench, proposal: Proposal, by: str) -> str:  # noqa: ARG001
    payload = proposal.payload
    job = finetune.run(bench, proposal.case, _estimate(payload), **_options(payload))
    if job.state == "unknown":
        return f"Whether job {job.id} has begun is not known yet. {job.reason}"
    return f"Training has started as job {job.id} with {job.trainer}. It goes on when you close the app."


def _options(payload: Payload) -> Payload:
    """What was chosen, apart from the estimate of it."""
    return {name: value for name, value in payload.items() if name != ESTIMATE}


def _estimate(payload: Payload) -> Estimate:
    """The estimate of a payload, as it was recorded."""
    kept: Payload = payload[ESTIMATE]
    ranges: Payload = {name: Range(**kept[name]) for name in ("seconds", "memory_gb", "money_usd")}
    return Estimate(**(kept | ranges))


def _passes(payload: Payload) -> str:
    """How often it reads them, where that was chosen."""
    if payload.get("max_steps"):
        return f", at most {payload['max_steps']:g} steps"
    epochs = payload.get("epochs")
    return f", {epochs:g} {'time' if epochs == 1 else 'times'} over" if epochs else ""


def _begun_small(text: str) -> str:
    """A sentence as a part of another; a name or an abbreviation keeps its capital."""
    return text[0].lower() + text[1:] if text[1:2].islower() and text.split()[0].isalpha() else text


def duration(seconds: Range) -> str:
    """A range of seconds in words."""
    unit, size = next(
        (u, s) for u, s in (("hours", 3600), ("minutes", 60), ("seconds", 1)) if seconds.high >= 1.5 * s or s == 1
    )
    return f"{span(Range(seconds.low / size, seconds.high / size))} {unit}"


def span(found: Range) -> str:
    """A range of any unit, rounded to what a person reads."""
    low, high = (
        f"{value:.0f}" if value >= 10 else f"{value:.1f}".removesuffix(".0") for value in (found.low, found.high)
    )
    return low if low == high else f"{low} to {high}"


KIND = Kind(
    "Train a model",
    _prepare,
    _rests_on,
    "the dataset, the brief or the jobs",
    _terms,
    _carry_out,
    tuple(OPTIONS),
    _given,
    _allow,
)
