"""What can be recorded and asked: every SQL statement of the project, plain types in and out."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from assistant.errors import AttuneError
from assistant.record.briefs import Briefs
from assistant.record.connection import make, now
from assistant.record.conversations import ConversationRows
from assistant.record.datasets import DatasetRows
from assistant.record.documents import DocumentRows
from assistant.record.jobs import Jobs
from assistant.record.opinions.marks import MarkRows
from assistant.record.opinions.votes import VoteRows
from assistant.record.traffic.outcomes import OutcomeRows
from assistant.record.traffic.switches import SwitchRows
from assistant.record.trials import Trials
from assistant.record.types import Brief, Case, Proposal, Variant
from assistant.record.uploads import Files


class Store(
    Briefs,
    ConversationRows,
    DatasetRows,
    Jobs,
    DocumentRows,
    Trials,
    MarkRows,
    VoteRows,
    Files,
    SwitchRows,
    OutcomeRows,
):
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
