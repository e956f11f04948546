"""Trials of the untrained variants: what was asked, what each answered, and what came out of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from assistant.record.connection import Connection, make, now
from assistant.record.types import Message

HELD_OUT, DOCUMENT, BRIEF = "held-out", "document", "brief"


@dataclass(frozen=True)
class Asked:
    """A question of a trial, and the answer that it is scored against.

    `origin`: held-out (a person approved the answer), or what it was generated from: document or brief; `by`: who
    wrote a generated one, template or model. `document` and `evidence`: where a question about a document is answered,
    the latter to the letter. `answered`: every variant answers it; else it only tells what the search finds.
    """

    number: int
    origin: str
    messages: list[Message]
    reference: str
    document: str = ""
    evidence: str = ""
    by: str = ""
    answered: bool = True
    item: int = -1  # questions of one conversation share it; -1 = a conversation of its own

    @property
    def unit(self) -> int:
        """What counts as one: turns of a conversation are not independent."""
        return self.item if self.item >= 0 else 1_000_000 + self.number


@dataclass(frozen=True)
class Answered:
    """One variant's answer. `marks`: citations in it; `real`: of those, passages it was given; `right`: of those, such
    that hold the evidence, None where no evidence is known. `score` is None where it could not be scored."""

    trial: int
    variant: str
    number: int
    answer: str
    score: float | None
    prompt_tokens: int = 0
    completion_tokens: int = 0
    marks: int = 0
    real: int = 0
    right: int | None = None
    error: str = ""


@dataclass(frozen=True)
class Trial:
    """One run over the untrained variants. `basis`: held-out or generated; `report` is filled when it has finished."""

    id: int
    case: str
    basis: str
    scorer: str
    questions: list[Asked]
    variants: list[str]
    report: dict[str, Any] = field(default_factory=dict)
    created: str = ""
    finished: str = ""


class Trials(Connection):
    """The trials' part of the record."""

    def add_trial(
        self, case: str, basis: str, scorer: str, questions: Sequence[Asked], variants: Sequence[str]
    ) -> Trial:
        id = self._insert(
            "trials",
            {
                "case": case,
                "basis": basis,
                "scorer": scorer,
                "questions": [asdict(one) for one in questions],
                "variants": list(variants),
                "report": {},
                "created": now(),
                "finished": "",
            },
        )
        return self.trial(id)

    def trial(self, id: int) -> Trial:
        return _trial(self._get("trials", id))

    def trials(self, case: str) -> list[Trial]:
        return [_trial(row) for row in self._rows("trials", "[case] = ?", [case])]

    def finish_trial(self, id: int, report: dict[str, Any]) -> Trial:
        self._update("trials", id, report=report, finished=now())
        return self.trial(id)

    def add_trial_answer(self, answer: Answered) -> None:
        self._insert("trial_answers", asdict(answer), replace_on=("trial", "variant", "number"))

    def trial_answers(self, trial: int) -> list[Answered]:
        rows = self._rows("trial_answers", "trial = ?", [trial], order="variant, number")
        return [make(Answered, row) for row in rows]


def _trial(row: dict[str, Any]) -> Trial:
    return make(Trial, row | {"questions": [Asked(**one) for one in row["questions"]]})
