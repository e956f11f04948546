"""What marks say: how well the scorer agrees with the people who read the answers, and how many were read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from assistant.evidence import runner
from assistant.evidence.answers.rows import AnswerTable
from assistant.record.opinions import marks
from assistant.record.opinions.marks import Mark
from assistant.record.store import Store
from assistant.record.types import Evaluation

READ_FIRST = 5  # rows that somebody reads before a model takes over


@dataclass(frozen=True)
class MarkedScores:
    """`right` and `wrong`: the scores that the scorer gave to answers that people called so, 0 to 1; `references`: how
    many approved answers they call wrong: answers that were measured against one of those are not counted."""

    right: list[float]
    wrong: list[float]
    references: int = 0

    @property
    def above(self) -> float | None:
        """The share of pairs of a right and a wrong answer in which the right one has the higher score, ties as half
        (Mann and Whitney's U); None without both kinds. 0.5 = the scorer does not know what you know."""
        if not self.right or not self.wrong:
            return None
        won = sum((r > w) + 0.5 * (r == w) for r in self.right for w in self.wrong)
        return float(won) / (len(self.right) * len(self.wrong))

    @property
    def sentence(self) -> str:
        """Empty where nothing was marked."""
        told = " and ".join(f"{fmean(found):.2f} to {len(found)} you called {kind}" for kind, found in _kinds(self))
        text = f"On average the scorer gave {told}." if told else ""
        if self.above is not None:
            text += f" It puts a right answer above a wrong one in {self.above:.0%} of pairs."
        if self.references:
            what = "approved answer is" if self.references == 1 else "approved answers are"
            text += f" {self.references} {what} wrong, you say: correct them, build the dataset anew, evaluate again."
        return text.strip()


def agreement(table: AnswerTable, said: Sequence[Mark]) -> MarkedScores:
    """Of all variants' answers that were marked."""
    thought = marks.latest(said)
    wrong_references = {key[1:] for key, mark in thought.items() if mark == marks.REFERENCE}
    called = {id: name for name, id in table.ids.items()}
    found = MarkedScores([], [], len(wrong_references))
    for (variant, item, turn), mark in thought.items():
        score = table.worth(called[variant], (item, turn)) if variant in called else None
        if score is not None and (item, turn) not in wrong_references and mark in (marks.RIGHT, marks.WRONG):
            (found.right if mark == marks.RIGHT else found.wrong).append(score)
    return found


def unread(store: Store, evaluation: Evaluation) -> str | None:
    """Why a model should not take over yet: too few of its answers were read by anybody."""
    rows = len(runner.questions(store.items(evaluation.dataset, "test")))
    needed, read = min(READ_FIRST, rows), store.rows_read(evaluation.id)
    words = {1: "one answer", 2: "two answers", 3: "three answers", 4: "four answers", 5: "five answers"}
    return f"Read {words.get(needed, f'{needed} answers')} first: {read} of {needed}." if read < needed else None


def _kinds(found: MarkedScores) -> list[tuple[str, list[float]]]:
    return [(kind, values) for kind, values in (("right", found.right), ("wrong", found.wrong)) if values]
