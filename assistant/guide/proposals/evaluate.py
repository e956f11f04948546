"""The proposal to let every variant answer the held-out conversations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assistant import variants
from assistant.guide.proposals.kind import Kind, Payload, Terms, asking, need
from assistant.stages import baseline, evaluate

if TYPE_CHECKING:
    from assistant.record.types import Proposal
    from assistant.workbench import Workbench


def _prepare(bench: Workbench, case: str, payload: Payload) -> Payload:
    need(evaluate.blocked(bench.store, case), "Then ask for the evaluation again.")
    running = bench.background.running(evaluate.task(case))
    need("An evaluation is running already." if running else None, "Wait until it has ended.")
    newest = evaluate.newest(bench.store, case)
    return {"job": int(payload.get("job") or (newest.id if newest else 0))}


def _rests_on(bench: Workbench, case: str, payload: Payload) -> Any:  # noqa: ARG001
    newest, latest = evaluate.newest(bench.store, case), evaluate.latest(bench.store, case)
    return [baseline.latest_dataset(bench.store, case), newest.id if newest else 0, latest.id if latest else 0]


def _terms(bench: Workbench, case: str, payload: Payload) -> Terms:
    tested = bench.store.datasets(case)[-1].test
    what = "every untrained variant"
    if payload["job"]:
        name = variants.candidate(bench.store, bench.store.job(int(payload["job"])))
        what = f"the model of job {payload['job']} (judged as '{name}', as it was tuned) and {what}"
    return Terms(
        f"Let {what} answer the {tested} held-out conversations and compare the answers with the approved ones.",
        "Only conversations that no variant has seen can tell which one is best.",
        *asking(bench),
        "It trains nothing; which model answers stays as it is.",
    )


def _carry_out(bench: Workbench, proposal: Proposal, by: str) -> str:  # noqa: ARG001
    case, job = proposal.case, int(proposal.payload.get("job", 0))
    started = bench.background.start(evaluate.task(case), lambda report: evaluate.run(bench, case, job, report))
    need(None if started else "An evaluation is running already.", "Wait until it has ended.")
    return "The evaluation has started. It goes on when you close the tab."


KIND = Kind(
    "Measure the variants", _prepare, _rests_on, "the dataset or what was measured", _terms, _carry_out, ("job",)
)
