"""The rows of a case's latest evaluation, read once: a finished one does not change, what people say of it does."""

from __future__ import annotations

from assistant.conversations import references
from assistant.evidence.answers.rows import AnswerTable
from assistant.stages import evaluate
from assistant.workbench import Workbench

KEPT = 4  # evaluations whose rows stay in memory


class LatestTable:
    """Shared by the panels of the page. Two that ask at once read it twice, and that is all."""

    def __init__(self, bench: Workbench) -> None:
        self.bench = bench
        self._known: dict[int, AnswerTable] = {}
        self._own_words: dict[int, str] = {}

    def of(self, case: str) -> AnswerTable | None:
        """None before anything was measured."""
        latest = evaluate.latest(self.bench.store, case) if case else None
        if latest is None:
            return None
        if latest.id not in self._known:
            kept = dict(list(self._known.items())[1 - KEPT :])
            self._known = kept | {latest.id: AnswerTable(self.bench.store, latest)}
            held = self.bench.store.items(latest.dataset, "test")
            self._own_words[latest.id] = references.told(len(references.wrote_itself(self.bench.store, case, held)))
        return self._known[latest.id]

    def own_words(self, table: AnswerTable) -> str:
        """What to tell where approved answers are a variant's own words; empty where none is."""
        return self._own_words.get(table.evaluation.id, "")
