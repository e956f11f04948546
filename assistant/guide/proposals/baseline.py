"""The proposal to build the untrained variants again, where something answers already."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assistant.guide.proposals.kind import Kind, Payload, Terms, last_switch, need
from assistant.stages import baseline, switch

if TYPE_CHECKING:
    from assistant.record.types import Proposal
    from assistant.workbench import Workbench


def _prepare(bench: Workbench, case: str, payload: Payload) -> Payload:  # noqa: ARG001
    need(baseline.blocked(bench.store, case), "Answer or skip the open questions.")
    return {}


def _rests_on(bench: Workbench, case: str, payload: Payload) -> Any:  # noqa: ARG001
    documents = sorted(document.sha256 for document in bench.store.documents(case))
    return [bench.store.case(case).brief.to_json(), documents, last_switch(bench, case)]


def _terms(bench: Workbench, case: str, payload: Payload) -> Terms:  # noqa: ARG001
    now = switch.active(bench.store, bench.settings, case).name
    return Terms(
        "Build the untrained variants anew from today's brief and documents. What was chosen goes on "
        f"answering; otherwise the one that suits what there is answers instead of {now}.",
        "Answers then follow the brief and the documents of today.",
        "It takes seconds.",
        "It costs nothing.",
        "It trains nothing and keeps the older variants; undo brings them back.",
    )


def _carry_out(bench: Workbench, proposal: Proposal, by: str) -> str:  # noqa: ARG001
    baseline.run(bench.store, bench.settings, proposal.case)
    return f"The baseline is built: {switch.active(bench.store, bench.settings, proposal.case).name} answers now."


KIND = Kind("Build the baseline again", _prepare, _rests_on, "the brief or the documents", _terms, _carry_out)
