"""The rows of a case's latest evaluation, read once: a finished one does not change, what people say of it does."""

from __future__ import annotations

from assistant.evidence.answers.rows import AnswerTable
from assistant.stages import evaluate
from assistant.workbench import Workbench

KEPT = 4  # evaluations whose rows stay in memory


class LatestTable:
    """Shared by the panels of the page. Two that ask at once read it twice, and that is all."""

    def __init__(self, bench: Workbench) -> None:
        self.bench = bench
        self._known: dict[int, AnswerTable] = {}

    def of(self, case: str) -> AnswerTable | None:
        """None before anything was measured."""
        latest = evaluate.latest(self.bench.store, case) if case else None
        if latest is None:
            return None
        if latest.id not in self._known:
            kept = dict(list(self._known.items())[1 - KEPT :])
            self._known = kept | {latest.id: AnswerTable(self.bench.store, latest)}
        return self._known[latest.id]
