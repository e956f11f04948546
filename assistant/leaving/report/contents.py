"""What a report tells, read from the record: the case, what was found, the answers, what keeps it honest, and how."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from typing import Any

from assistant.conversations import references
from assistant.errors import AttuneError
from assistant.evidence.answers import arena, opinions, order
from assistant.evidence.answers.order import BEST, RANDOM, WORST, RowChoice
from assistant.evidence.answers.rows import AnswerRow, AnswerTable
from assistant.evidence.sanity import MEANS
from assistant.leaving.report import figures
from assistant.leaving.report.figures import Figure
from assistant.record.store import Store
from assistant.record.types import Case, Dataset, Evaluation, Job
from assistant.stages import evaluate

TITLES = {
    "switch": "Proved better",
    "stay": "Don't switch",
    "undecided": "Cannot tell yet",
    "baseline": "Only the untrained variants have been measured",
}
LIBRARIES = ("attune", "torch", "transformers", "trl", "peft", "unsloth", "xllamacpp")
_SHOWN = ((BEST, 2), (WORST, 2), (RANDOM, 1))  # answers side by side
_TRAINED = {  # what is told of a run: the name in its request or its figures, and what it is called
    "base_name": "base model",
    "method": "method",
    "tuning": "tuning",
    "epochs": "epochs",
    "learning_rate": "learning rate",
    "batch_size": "batch size",
    "lora_rank": "LoRA rank",
    "lora_alpha": "LoRA alpha",
    "max_length": "longest row, tokens",
    "seed": "seed",
    "steps": "steps",
    "trained_tokens": "trained tokens",
    "eval_loss_before": "eval loss before",
    "eval_loss": "eval loss after",
}


@dataclass(frozen=True)
class SanityLine:
    """An answer that needs no model: what it is, its facts from 0 to 1, and whether the judged variant beats it."""

    name: str
    means: str
    facts: float | None
    beaten: bool | None


@dataclass(frozen=True)
class ReportContents:
    """All that a report says. `figures`: form, facts, score -> a figure a variant; `shown`: why a row is shown, and it.

    `parts`: of each part of the form the share of answers that have it, judged and best untrained, 0 to 1.
    """

    case: Case
    evaluation: Evaluation
    title: str
    reason: str
    table: AnswerTable
    figures: dict[str, list[Figure]]
    shown: list[tuple[str, AnswerRow]]
    sanity: list[SanityLine]
    parts: list[tuple[str, float, float | None]]
    gates: list[dict[str, Any]]
    read: int
    rows: int
    marks: str
    votes: str
    own_words: str
    dataset: Dataset
    job: Job | None
    training: dict[str, str]
    versions: dict[str, str]

    @property
    def verdict(self) -> dict[str, Any]:
        return self.evaluation.verdict

    @property
    def proof(self) -> dict[str, Any]:
        return self.evaluation.proof

    def figure(self, kind: str, variant: str) -> Figure | None:
        return next((one for one in self.figures.get(kind, ()) if one.variant == variant), None)


def read(store: Store, case: str, number: int = 0) -> ReportContents:
    """Of the latest finished evaluation, or the one of that number. Raises AttuneError where nothing was measured."""
    evaluation = _evaluation(store, case, number)
    table = AnswerTable(store, evaluation)
    said = store.marks(evaluation.id)
    rows = [table.row(key, said) for key in table.keys]
    job = store.job(evaluation.job) if evaluation.job else None
    verdict = evaluation.verdict
    return ReportContents(
        case=store.case(case),
        evaluation=evaluation,
        title=TITLES.get(str(verdict.get("decision", "")), "Not judged"),
        reason=str(verdict.get("reason", "")),
        table=table,
        figures=figures.of(table, rows),
        shown=_shown(table, rows),
        sanity=_sanity(evaluation),
        parts=_parts(table, rows),
        gates=list(verdict.get("gates") or []),
        read=store.rows_read(evaluation.id),
        rows=len(rows),
        marks=opinions.agreement(table, said).sentence,
        votes=arena.sentence(arena.counts(table, store.votes(evaluation.id))),
        own_words=references.told(len(references.wrote_itself(store, case, store.items(evaluation.dataset, "test")))),
        dataset=store.dataset(evaluation.dataset),
        job=job,
        training=_training(job),
        versions=_versions(),
    )


def _evaluation(store: Store, case: str, number: int) -> Evaluation:
    found = evaluate.latest(store, case) if not number else store.evaluation(number)
    if found is None or found.case != case or not found.finished:
        raise AttuneError("There is no finished evaluation to report on.", "Run `attune evaluate`.")
    return found


def _shown(table: AnswerTable, rows: list[AnswerRow]) -> list[tuple[str, AnswerRow]]:
    """The two best, the two worst and a random one, no row twice."""
    by_key = {(row.item, row.turn): row for row in rows}
    found: dict[Any, str] = {}
    for sort, count in _SHOWN if table.names else ():
        fresh = [key for key in order.keys_of(table, [], RowChoice(sort)) if key not in found]
        found |= dict.fromkeys(fresh[:count], sort)
    return [(why, by_key[key]) for key, why in found.items()]


def _sanity(evaluation: Evaluation) -> list[SanityLine]:
    """From the verdict, which compared them; before a candidate was measured, from what was kept."""
    judged: Mapping[str, Any] = evaluation.verdict.get("sanity") or {}
    kept: Mapping[str, Any] = evaluation.proof.get("sanity") or {}
    return [
        SanityLine(
            name,
            MEANS.get(name, name),
            (judged.get(name) or kept.get(name, {})).get("facts"),
            judged[name]["beaten"] if name in judged else None,
        )
        for name in dict.fromkeys([*kept, *judged])
    ]


def _parts(table: AnswerTable, rows: list[AnswerRow]) -> list[tuple[str, float, float | None]]:
    """Of answers that came; those that failed have no form."""

    def share(name: str, part: str) -> float | None:
        given = [row.answers[name].form for row in rows if name in row.answers and not row.answers[name].error]
        return sum(form.get(part, False) for form in given) / len(given) if given else None

    found = []
    for part in table.form(""):
        mine = share(table.candidate, part)
        if mine is not None:
            found.append((part, mine, share(table.rival, part) if table.rival else None))
    return found


def _training(job: Job | None) -> dict[str, str]:
    """What the run was really made with; a 0 in its request left the choice to the trainer."""
    if job is None:
        return {}
    said = job.request | {name: value for name, value in job.metrics.items() if value is not None}
    found = {"trainer": job.trainer}
    for name, called in _TRAINED.items():
        if said.get(name) not in (None, "", 0):
            value = said[name]
            found[called] = f"{value:,}" if isinstance(value, int) and name != "seed" else _plain(value)
    passages = job.request.get("passages") or {}
    if passages.get("rows"):
        found["rows with passages"] = f"{passages['rows']} of {passages['of']}"
    if seconds := job.metrics.get("seconds"):
        found["took"] = f"{float(seconds) / 60:.1f} minutes"
    money = job.metrics.get("money_usd")
    found["cost"] = f"${float(money):.2f}" if money else "no fee: it ran on this machine" if _here(job) else "not known"
    return found


def _here(job: Job) -> bool:
    return job.trainer in ("trl", "unsloth", "autotrain")


def _plain(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _versions() -> dict[str, str]:
    found = {"Python": platform.python_version()}
    for name in LIBRARIES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found
