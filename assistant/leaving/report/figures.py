"""What a report draws: form, facts and score of every variant with their intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from assistant.evidence import proof
from assistant.evidence.answers.rows import AnswerRow, AnswerTable
from assistant.evidence.statistics.intervals import interval

FORM, FACTS, SCORE = "form", "facts", "score"


@dataclass(frozen=True)
class Figure:
    """A mean over held-out conversations with its 95 % interval, 0 to 1; topics are drawn as one."""

    variant: str
    mean: float
    low: float
    high: float
    judged: bool = False


def of(table: AnswerTable, rows: Sequence[AnswerRow]) -> dict[str, list[Figure]]:
    """Form, facts and score, each with a figure a variant, in the table's order. An answer that failed counts as 0.

    A measure that the case has not, as form where approved answers share no frame, is left out.
    """
    clusters = proof.clusters(list(table.asked.values()))
    found: dict[str, list[Figure]] = {FORM: [], FACTS: [], SCORE: []}
    for name in table.names:
        values: dict[str, dict[int, list[float]]] = {kind: {} for kind in found}
        for row in rows:
            if (given := row.answers.get(name)) is None:
                continue
            failed = bool(given.error)
            one = {FACTS: given.facts, SCORE: given.score}
            if given.form or (failed and table.form("")):
                one[FORM] = float(bool(given.form) and all(given.form.values()))
            for kind, value in one.items():
                if value is not None or failed:
                    values[kind].setdefault(row.item, []).append(value or 0.0)
        for kind, by_item in values.items():
            if by_item:
                found[kind].append(_figure(table, name, by_item, clusters))
    return {kind: figures for kind, figures in found.items() if figures}


def _figure(table: AnswerTable, name: str, by_item: dict[int, list[float]], clusters: dict[int, int]) -> Figure:
    means = [sum(values) / len(values) for values in by_item.values()]
    around = interval(means, [clusters[item] for item in by_item])
    mean, low, high = (round(value, 4) for value in (around.mean, around.low, around.high))
    return Figure(name, mean, low, high, name == table.candidate)
