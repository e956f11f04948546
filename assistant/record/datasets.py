"""Frozen datasets and what was measured on them: rows, judged answers, evaluations, scores."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from assistant.record.connection import Connection, encoded, make, now
from assistant.record.judged_rows import Judgement
from assistant.record.types import Dataset, Evaluation, Item, Score


class DatasetRows(Connection):
    """The part of the record that holds datasets and evaluations."""

    def add_dataset(self, dataset: Dataset, items: Sequence[Item], judgements: Sequence[Judgement] = ()) -> Dataset:
        """Freeze a dataset with its content; the same content twice is one dataset, and the latest one again."""
        with self.atomic():
            if self._one("datasets", "id = ?", [dataset.id]) is None:
                self._insert("datasets", asdict(dataset) | {"created": now()})
                self.db.table("dataset_items").insert_all(
                    {
                        "dataset": dataset.id,
                        "position": item.position,
                        "split": item.split,
                        "messages": json.dumps(item.messages, ensure_ascii=False),
                        "conversation": item.conversation,
                    }
                    for item in items
                )
                self.db.table("dataset_judgements").insert_all(
                    encoded(asdict(one)) | {"dataset": dataset.id} for one in judgements
                )
            self._execute(
                "update datasets set built = (select max(built) + 1 from datasets) where id = ?", [dataset.id]
            )
        return self.dataset(dataset.id)

    def dataset(self, id: str) -> Dataset:
        return make(Dataset, self._get("datasets", id))

    def datasets(self, case: str) -> list[Dataset]:
        """The case's datasets; the one that was built last, perhaps once more, comes last."""
        return [make(Dataset, row) for row in self._rows("datasets", "[case] = ?", [case], order="built")]

    def items(self, dataset: str, split: str | None = None) -> list[Item]:
        where, values = ("dataset = ?", [dataset]) if split is None else ("dataset = ? and split = ?", [dataset, split])
        return [make(Item, row) for row in self._rows("dataset_items", where, values, order="position")]

    def judgements(self, dataset: str) -> list[Judgement]:
        """The judged answers of a dataset's train side."""
        return [make(Judgement, row) for row in self._rows("dataset_judgements", "dataset = ?", [dataset], "position")]

    def add_evaluation(self, case: str, dataset: str, job: int, scorer: str, variants: Sequence[str]) -> Evaluation:
        id = self._insert(
            "evaluations",
            {
                "case": case,
                "dataset": dataset,
                "job": job,
                "scorer": scorer,
                "variants": list(variants),
                "results": {},
                "verdict": {},
                "parity": {},
                "created": now(),
                "finished": "",
            },
        )
        return self.evaluation(id)

    def evaluation(self, id: int) -> Evaluation:
        return make(Evaluation, self._get("evaluations", id))

    def evaluations(self, case: str) -> list[Evaluation]:
        return [make(Evaluation, row) for row in self._rows("evaluations", "[case] = ?", [case])]

    def finish_evaluation(
        self,
        id: int,
        results: dict[str, Any],
        verdict: dict[str, Any],
        parity: dict[str, Any],
        proof: dict[str, Any] | None = None,
    ) -> Evaluation:
        changes = {"results": results, "verdict": verdict, "parity": parity, "proof": proof or {}}
        self._update("evaluations", id, **changes, finished=now())
        return self.evaluation(id)

    def update_proof(self, id: int, **parts: Any) -> Evaluation:
        """Put these parts into what an evaluation keeps; the others stay as they are."""
        with self.atomic():
            self._update("evaluations", id, proof=self.evaluation(id).proof | parts)
        return self.evaluation(id)

    def add_score(self, score: Score) -> None:
        self._insert("scores", asdict(score), replace_on=("evaluation", "variant", "item", "turn"))

    def scores(self, evaluation: int) -> list[Score]:
        rows = self._rows("scores", "evaluation = ?", [evaluation], order="variant, item, turn")
        return [make(Score, row) for row in rows]
