"""By what an evaluation's answers were scored, in words: the scorer, why that one, and whether it tells them apart."""

from __future__ import annotations

from assistant.evidence import runner, scorers
from assistant.knowledge.search.retriever import Knowledge
from assistant.record.store import Store
from assistant.record.types import Evaluation


def of(store: Store, evaluation: Evaluation) -> scorers.ScorerChoice:
    """The evaluation's scorer, with why it was chosen and what it ignores."""
    name = scorers.canonical(evaluation.scorer)
    if str(store.case(evaluation.case).options.get("scorer") or scorers.AUTO) == scorers.AUTO:
        suited = scorers.choose(_references(store, evaluation, "train"))
        if suited.name == name:
            return suited
    return scorers.named(name, [])


def tested(store: Store, knowledge: Knowledge, evaluation: Evaluation) -> scorers.SelfTest:
    """The scorer tried on the approved answers themselves, in and out of their places; takes a second or two."""
    score = scorers.scorer(evaluation.scorer, scorers.embed(knowledge))
    return scorers.self_test(score, _references(store, evaluation, "test"))


def _references(store: Store, evaluation: Evaluation, split: str) -> list[str]:
    return runner.references(store.items(evaluation.dataset, split))
