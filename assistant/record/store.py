"""What can be recorded and asked: every SQL statement of the project, plain types in and out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from assistant.errors import AttuneError
from assistant.record.briefs import Briefs
from assistant.record.connection import decoded, encoded, make, now
from assistant.record.documents import Papers
from assistant.record.jobs import Jobs
from assistant.record.judged_rows import Judgement
from assistant.record.trials import Trials
from assistant.record.types import (
    Brief,
    Case,
    Conversation,
    Dataset,
    Evaluation,
    Item,
    Message,
    Passage,
    Proposal,
    Score,
    Switch,
    Turn,
    Variant,
)
from assistant.record.uploads import Files


class Store(Briefs, Jobs, Papers, Trials, Files):
    """The record. Cheap to open; safe to use from any thread."""

    # cases -------------------------------------------------------------------------------------------------------
    def add_case(self, case: Case) -> Case:
        with self.atomic():
            self._insert("cases", asdict(case) | {"brief": Brief().to_json(), "created": now()})
            self.set_brief(case.id, case.brief, "file")
        return self.case(case.id)

    def case(self, id: str) -> Case:
        row = self._one("cases", "id = ?", [id])
        if row is None:
            known = ", ".join(case.id for case in self.cases()) or "none yet"
            raise AttuneError(f"There is no case called '{id}' (known: {known}).", "Make one with `attune new`.")
        return _case(row)

    def has_case(self, id: str) -> bool:
        return self._one("cases", "id = ?", [id]) is not None

    def cases(self, owner: str | None = None) -> list[Case]:
        where, values = ("owner = ?", [owner]) if owner is not None else ("1", [])
        return [_case(row) for row in self._rows("cases", where, values, order="created, rowid")]

    def set_options(self, case: str, options: dict[str, Any]) -> None:
        self._update("cases", case, options=options)

    # variants ----------------------------------------------------------------------------------------------------
    def add_variant(self, variant: Variant) -> Variant:
        """Record a variant; its id is made by the caller and adding it twice is harmless."""
        self._insert("variants", asdict(variant) | {"created": now()}, ignore=True)
        return self.variant(variant.id)

    def variant(self, id: str) -> Variant:
        row = self._one("variants", "id = ?", [id])
        if row is None:
            raise AttuneError(f"There is no variant '{id}'.", "See `attune status` for those of your case.")
        return make(Variant, row)

    def variants(self, case: str) -> list[Variant]:
        return [make(Variant, row) for row in self._rows("variants", "[case] = ?", [case], order="created, rowid")]

    # conversations and messages ----------------------------------------------------------------------------------
    def add_conversation(self, case: str, source: str) -> Conversation:
        id = self._insert("conversations", {"case": case, "source": source, "created": now()})
        return make(Conversation, self._get("conversations", id))

    def import_conversation(self, case: str, source: str, messages: Sequence[Message]) -> Conversation:
        """Add a whole conversation whose answers are approved (those with weight 0 stay unlabelled)."""
        with self.atomic():
            conversation = self.add_conversation(case, source)
            parent = 0
            for message in messages:
                good = message["role"] == "assistant" and message.get("weight", 1) != 0
                turn = self.add_turn(
                    conversation.id, parent, message["role"], message["content"], label="approved" if good else ""
                )
                parent = turn.id
        return conversation

    def conversation(self, id: int) -> Conversation:
        return make(Conversation, self._get("conversations", id))

    def conversations(self, case: str, source: str | None = None) -> list[Conversation]:
        where, values = ("[case] = ?", [case]) if source is None else ("[case] = ? and source = ?", [case, source])
        return [make(Conversation, row) for row in self._rows("conversations", where, values)]

    def add_turn(
        self,
        conversation: int,
        parent: int,
        role: str,
        content: str,
        label: str = "",
        edited_from: int = 0,
        variant: str = "",
        passages: Sequence[Passage] = (),
        details: dict[str, Any] | None = None,
    ) -> Turn:
        id = self._insert(
            "messages",
            {
                "conversation": conversation,
                "parent": parent,
                "role": role,
                "content": content,
                "label": label,
                "edited_from": edited_from,
                "variant": variant,
                "passages": [asdict(p) for p in passages],
                "details": details or {},
                "created": now(),
            },
        )
        return self.turn(id)

    def turn(self, id: int) -> Turn:
        return _turn(self._get("messages", id))

    def turns(self, conversation: int) -> list[Turn]:
        """Every message ever, siblings and originals too, oldest first."""
        return [_turn(row) for row in self._rows("messages", "conversation = ?", [conversation])]

    def turns_of_case(self, case: str, sources: Sequence[str]) -> dict[int, list[Turn]]:
        """All messages of a case's conversations from these sources, by conversation, in one query."""
        marks = ",".join("?" * len(sources))
        rows = self.db.query(
            f"select m.* from messages m join conversations c on c.id = m.conversation "
            f"where c.[case] = ? and c.source in ({marks}) order by m.id",
            [case, *sources],
        )
        found: dict[int, list[Turn]] = {}
        for row in rows:
            turn = _turn(decoded(row))
            found.setdefault(turn.conversation, []).append(turn)
        return found

    def touched(self, case: str, after: int = 0) -> tuple[int, list[int]]:
        """The number of the last change of any conversation, and this case's that changed after the number `after`."""
        last = next(self.db.query("select coalesce(max(number), 0) as last from touched"))["last"]
        rows = self.db.query(
            "select t.conversation from touched t join conversations c on c.id = t.conversation "
            "where t.number > ? and t.number <= ? and c.[case] = ? order by t.number",
            [after, last, case],
        )
        return int(last), [int(row["conversation"]) for row in rows]

    def label(self, turn: int, label: str) -> None:
        """Set a message's label: "", approved or rejected."""
        self._update("messages", turn, label=label)

    # datasets ----------------------------------------------------------------------------------------------------
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

    # evaluations and scores --------------------------------------------------------------------------------------
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
        self, id: int, results: dict[str, Any], verdict: dict[str, Any], parity: dict[str, Any]
    ) -> Evaluation:
        self._update("evaluations", id, results=results, verdict=verdict, parity=parity, finished=now())
        return self.evaluation(id)

    def add_score(self, score: Score) -> None:
        self._insert("scores", asdict(score), replace_on=("evaluation", "variant", "item", "turn"))

    def scores(self, evaluation: int) -> list[Score]:
        rows = self._rows("scores", "evaluation = ?", [evaluation], order="variant, item, turn")
        return [make(Score, row) for row in rows]

    # switches ----------------------------------------------------------------------------------------------------
    def add_switch(self, case: str, variant: str, kind: str, reason: str, by: str, evaluation: int = 0) -> Switch:
        id = self._insert(
            "switches",
            {
                "case": case,
                "variant": variant,
                "kind": kind,
                "reason": reason,
                "by": by,
                "evaluation": evaluation,
                "created": now(),
            },
        )
        return make(Switch, self._get("switches", id))

    def switches(self, case: str) -> list[Switch]:
        return [make(Switch, row) for row in self._rows("switches", "[case] = ?", [case])]

    # proposals ---------------------------------------------------------------------------------------------------
    def add_proposal(
        self, case: str, kind: str, payload: dict[str, Any], why: str, basis: str, terms: dict[str, str] | None = None
    ) -> Proposal:
        id = self._insert(
            "proposals",
            {
                "case": case,
                "kind": kind,
                "payload": payload,
                "why": why,
                "basis": basis,
                "state": "open",
                "result": "",
                "created": now(),
                "decided": "",
                "terms": terms or {},
            },
        )
        return self.proposal(id)

    def proposal(self, id: int) -> Proposal:
        return make(Proposal, self._get("proposals", id))

    def proposals(self, case: str, state: str | None = None) -> list[Proposal]:
        where, values = ("[case] = ?", [case]) if state is None else ("[case] = ? and state = ?", [case, state])
        return [make(Proposal, row) for row in self._rows("proposals", where, values)]

    def decide(self, id: int, state: str, result: str = "") -> bool:
        """Move an open proposal to another state; False when somebody already did."""
        changed = self._execute(
            "update proposals set state = ?, result = ?, decided = ? where id = ? and state = 'open'",
            [state, result, now(), id],
        )
        return changed == 1

    def set_proposal_result(self, id: int, result: str) -> None:
        self._update("proposals", id, result=result)


def _case(row: dict[str, Any]) -> Case:
    return make(Case, row | {"brief": Brief.from_json(row["brief"])})


def _turn(row: dict[str, Any]) -> Turn:
    return make(Turn, row | {"passages": [Passage(**p) for p in row["passages"]]})
