"""An evaluation as rows: what was asked, what was approved, and every variant's answer with what was measured of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from assistant.evidence import brief_gates, proof, runner
from assistant.evidence.answers import topics
from assistant.evidence.checks import case_checks
from assistant.evidence.checks.assertion import describe
from assistant.evidence.facts.stated import unsupported
from assistant.evidence.form import frame as frames
from assistant.evidence.form.frame import Frame
from assistant.evidence.runner import HeldOutQuestion
from assistant.evidence.scorers import Scorer
from assistant.evidence.verdict import untrained
from assistant.knowledge.search.words import numbers
from assistant.record.opinions import marks
from assistant.record.opinions.marks import Mark
from assistant.record.store import Store
from assistant.record.types import Evaluation, Message, Score
from assistant.repeats import repeated

_LISTED, _LONGEST = 6, 24  # numbers of a flag, and characters of one
Key = tuple[int, int]  # the held-out conversation's position, and the assistant turn in it


@dataclass(frozen=True)
class GivenAnswer:
    """One variant's answer. `score` and `facts` are from 0 to 1, None where they could not be measured.

    `form`: of each part of the frame and each check of the brief, by its sentence, whether it holds; `unsupported`:
    numbers that stand in no document, no instruction, not in the question and not in the approved answer; `mark`: what
    a person thinks of it, right, wrong or "".
    """

    variant: str
    text: str
    score: float | None
    facts: float | None = None
    form: Mapping[str, bool] = field(default_factory=dict)
    unsupported: tuple[str, ...] = ()
    error: str = ""
    cut: bool = False
    repeats: bool = False
    tokens: int = 0
    seconds: float = 0.0
    mark: str = ""

    @property
    def flags(self) -> list[str]:
        """What is wrong with it, as one says it."""
        found = [f"failed: {self.error}"] if self.error else []
        found += ["ended by its limit"] if self.cut else []
        found += ["repeats itself"] if self.repeats else []
        found += [f"numbers from nowhere: {_listed(self.unsupported)}"] if self.unsupported else []
        return found + [f"not so: {part}" for part, holds in self.form.items() if not holds]


@dataclass(frozen=True)
class AnswerRow:
    """`asked`: what the user said last; `before`: what was said until then; `reference`: "reference" where a person
    says that the approved answer is wrong; `read`: somebody opened or marked the row."""

    item: int
    turn: int
    asked: str
    before: list[Message]
    approved: str
    topic: str
    answers: dict[str, GivenAnswer]
    reference: str = ""
    read: bool = False


class AnswerTable:
    """The rows of a finished evaluation, read once. What people said of them is passed in, since it changes.

    `names`: its variants, the candidate first, then the best untrained one, then the others by their score.
    """

    def __init__(self, store: Store, evaluation: Evaluation) -> None:
        self.store, self.evaluation = store, evaluation
        self.names = _names(evaluation)
        self.ids = {name: str(evaluation.results[name]["variant"]) for name in self.names}
        called = {id: name for name, id in self.ids.items()}
        self.asked = {(q.item, q.turn): q for q in runner.questions(store.items(evaluation.dataset, "test"))}
        found = [one for one in store.scores(evaluation.id) if one.variant in called and runner.turn(one) in self.asked]
        self.given: dict[tuple[str, Key], Score] = {(called[one.variant], runner.turn(one)): one for one in found}

    @property
    def candidate(self) -> str:
        """The variant that is judged: the tuned one, or the best untrained where none was measured; "" for none."""
        return self.names[0] if self.names else ""

    @property
    def rival(self) -> str:
        """The one it is compared with; "" where there is no other."""
        return self.names[1] if len(self.names) > 1 else ""

    @property
    def keys(self) -> list[Key]:
        return list(self.asked)

    def worth(self, name: str, key: Key) -> float | None:
        """The score of an answer; 0 where it failed, None where there is none or no scorer could tell."""
        one = self.given.get((name, key))
        return None if one is None else 0.0 if one.error else one.score

    def row(self, key: Key, said: Sequence[Mark] = ()) -> AnswerRow:
        """One row, with what people said of it."""
        question, thought = self.asked[key], marks.latest(said)
        answers = {name: self._answer(name, key, thought.get((self.ids[name], *key), "")) for name in self.names}
        return AnswerRow(
            *key,
            asked=str(question.messages[-1]["content"]) if question.messages else "",
            before=list(question.messages[:-1]),
            approved=question.reference,
            topic=self.topics.get(key[0], ""),
            answers={name: answer for name, answer in answers.items() if answer is not None},
            reference=thought.get(("", *key), ""),
            read=any((one.item, one.turn) == key for one in said),
        )

    def form(self, text: str) -> dict[str, bool]:
        """Of each part of the frame and each check, by its sentence, whether it holds for a text."""
        return self.frame.kept(text) | {sentence: holds(text) for sentence, holds in self.checks.items()}

    @cached_property
    def frame(self) -> Frame:
        """As it was when the verdict was made; an evaluation from before frames were kept learns it again."""
        kept = self.evaluation.proof.get("frame")
        return frames.learn(self._approved) if kept is None else Frame.from_json(kept)

    @cached_property
    def checks(self) -> dict[str, proof.Holds]:
        """The checks of the brief by their sentence, of those the ones that the verdict counted."""
        counted = {one["id"] for one in self.evaluation.proof.get("checks") or ()}
        found = [one for one in case_checks.of_case(self.store, self.evaluation.case).checks if one.id in counted]
        return dict(zip(map(describe, found), brief_gates.held(found), strict=True))

    @cached_property
    def topics(self) -> dict[int, str]:
        """What each held-out conversation is about, in a word or two."""
        questions = list(self.asked.values())
        return topics.named(proof.said_in(questions), proof.clusters(questions))

    @cached_property
    def _approved(self) -> list[str]:
        return runner.references(self.store.items(self.evaluation.dataset, "train"))

    @cached_property
    def _measure_facts(self) -> Scorer | None:
        return proof.facts_scorer(self.evaluation.scorer, self._approved, self.frame)

    @cached_property
    def _written(self) -> frozenset[str]:
        return proof.written(self.store, self.evaluation.case)

    @cached_property
    def _variants(self) -> dict[str, Any]:
        return {name: self.store.variant(id) for name, id in self.ids.items()}

    def _answer(self, name: str, key: Key, mark: str) -> GivenAnswer | None:
        one, question = self.given.get((name, key)), self.asked[key]
        if one is None:
            return None
        if one.error:
            return GivenAnswer(name, "", None, error=one.error, mark=mark)
        variant = self._variants[name]
        return GivenAnswer(
            name,
            one.answer,
            one.score,
            self._facts(one, question),
            self.form(one.answer),
            tuple(sorted(unsupported(one.answer, self._sources(question, variant.system)))),
            cut=one.completion_tokens >= variant.max_tokens,
            repeats=repeated(one.answer) > 0,
            tokens=one.prompt_tokens + one.completion_tokens,
            seconds=one.total_s,
            mark=mark,
        )

    def _facts(self, one: Score, question: HeldOutQuestion) -> float | None:
        """As the verdict counts them."""
        measure = self._measure_facts
        return one.score if measure is None else measure(one.answer, question.reference)

    def _sources(self, question: HeldOutQuestion, system: str) -> frozenset[str]:
        return self._written | numbers(system) | proof.own_numbers(question)


def _listed(numbers: Sequence[str]) -> str:
    """A few of them, each short: a model that repeats itself writes numbers of a hundred digits."""
    shown = [one if len(one) <= _LONGEST else f"{one[: _LONGEST - 1]}…" for one in numbers[:_LISTED]]
    more = len(numbers) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")


def _names(evaluation: Evaluation) -> list[str]:
    """Candidate, best untrained, then the others, best first."""
    found, verdict = evaluation.results, evaluation.verdict
    by_score = sorted(found, key=lambda name: (-(found[name].get("score") or 0.0), name))
    plain = untrained(by_score)
    candidate = str(verdict.get("candidate") or "")
    first = [name for name in (candidate, str(verdict.get("against") or ""), *plain) if name in found]
    return list(dict.fromkeys([*first[:2], *by_score]))
