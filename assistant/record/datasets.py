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

    def allow_pair(self, case: str, pair: str, reason: str) -> None:
        """Let two conversations lie on two sides of a split; doing so twice is harmless."""
        row = {"case": case, "pair": pair, "reason": reason, "created": now()}
        self._insert("allowed_pairs", row, ignore=True)

    def allowed_pairs(self, case: str) -> frozenset[str]:
        """The names of the pairs that may."""
        return frozenset(row["pair"] for row in self._rows("allowed_pairs", "[case] = ?", [case]))

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

    def measured(self, case: str, job: int) -> Evaluation | None:
        """The latest finished evaluation of the job's model."""
        found = [e for e in self.evaluations(case) if e.finished and e.job == job]
        return found[-1] if found else None

    def certified(self, case: str, job: int) -> str:
        """The sha256 of the file that may answer for the job's model; "" where none was certified.

        It is that of the latest evaluation that found all right. Whoever switched to what it measured later, and by
        force, which rests on no evaluation, has answered for another file.
        """
        found = [e for e in self.evaluations(case) if e.finished and e.job == job and e.parity.get("ok")]
        if not found:
            return ""
        chosen = ", ".join("?" for _ in found[-1].variants)
        forced = f"[case] = ? and kind = 'switch' and evaluation = 0 and created > ? and variant in ({chosen})"
        if self._one("switches", forced, [case, found[-1].finished, *found[-1].variants]):
            return ""
        return str(found[-1].parity.get("identity", {}).get("served", ""))

    def add_score(self, score: Score) -> None:
        self._insert("scores", asdict(score), replace_on=("evaluation", "variant", "item", "turn"))

    def scores(self, evaluation: int) -> list[Score]:
        rows = self._rows("scores", "evaluation = ?", [evaluation], order="variant, item, turn")
        return [make(Score, row) for row in rows]
