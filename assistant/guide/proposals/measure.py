"""The proposal to measure the untrained variants: what it needs, what it rests on, what it takes, what it does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assistant.errors import AttuneError
from assistant.guide.proposals.kind import Kind, Payload, Terms, asking, need
from assistant.stages import baseline

if TYPE_CHECKING:
    from assistant.record.types import Proposal
    from assistant.workbench import Workbench


def _prepare(bench: Workbench, case: str, payload: Payload) -> Payload:  # noqa: ARG001
    if reason := baseline.unmeasurable(bench.store, case):
        raise AttuneError(reason, "Add documents, or approve conversations and build a dataset.")
    if bench.background.running(baseline.task(case)):
        raise AttuneError("The baseline is being measured already.", "Wait until it has ended.")
    return {}


def _rests_on(bench: Workbench, case: str, payload: Payload) -> Any:  # noqa: ARG001
    latest = baseline.measured(bench.store, case)
    return [
        bench.store.case(case).brief.to_json(),
        list(bench.store.documents_version(case)),
        baseline.latest_dataset(bench.store, case),
        latest.id if latest else 0,
    ]


def _terms(bench: Workbench, case: str, payload: Payload) -> Terms:  # noqa: ARG001
    held = baseline.held_out(bench.store, case)
    asked = (
        f"the {len(held)} held-out conversations"
        if held
        else "questions generated from the documents and the brief, for no conversation is held out yet"
    )
    return Terms(
        f"Let the untrained variants answer {asked}, and say apart from that how well the search finds.",
        "Nobody should train because the baseline was weak: this tells which of them is best.",
        *asking(bench),
        "It trains nothing; which variant answers stays as it is until you choose one.",
    )


def _carry_out(bench: Workbench, proposal: Proposal, by: str) -> str:  # noqa: ARG001
    case = proposal.case
    started = bench.background.start(baseline.task(case), lambda report: baseline.measure(bench, case, report))
    need(None if started else "The baseline is being measured already.", "Wait until it has ended.")
    return "The baseline is being measured. The report will stand under Compare; it goes on when you close the tab."


KIND = Kind(
    "Measure the baseline", _prepare, _rests_on, "the brief, the documents or what is held out", _terms, _carry_out
)
