"""What is true of a case now, as plain JSON: what the status tool returns and every reply rests on."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from assistant import stages
from assistant.guide import flags, proposals, results
from assistant.stages import evaluate, interview, switch

if TYPE_CHECKING:
    from assistant.workbench import Workbench

State = dict[str, Any]


def read(bench: Workbench, case_id: str) -> State:
    """The state of a case; keys as below. Raises AttuneError when there is no such case."""
    store = bench.store
    case = store.case(case_id)
    stage = stages.current(store, case_id)
    module = next((known.module for known in stages.STAGES if known.name == stage), None)
    gap = case.brief.gaps[0] if case.brief.gaps else ""
    datasets, jobs = store.datasets(case_id), store.jobs(case_id)
    dataset = {"id": datasets[-1].id, "train": datasets[-1].train, "test": datasets[-1].test} if datasets else None
    brief = case.brief.to_json()
    return {
        "case": case.id,
        "title": case.title,
        "stage": stage,
        "blocked": module.blocked(store, case_id) if module else None,
        "brief": brief,
        "gaps": case.brief.gaps,
        "next_question": asdict(interview.QUESTIONS[gap]) if gap else None,
        "red_flags": flags.of_brief(brief) | flags.of_data(dataset),
        "documents": [document.name for document in store.documents(case_id)],
        "dataset": dataset,
        "job": _job(jobs[-1]) if jobs else None,
        "evaluating": _evaluating(bench, case_id),
        "verdict": _verdict(bench, case_id),
        "failures": results.as_state(bench, case_id),
        "active": switch.active(store, bench.settings, case_id).name,
        "proposal": _proposal(bench, case_id),
    }


def _job(job: Any) -> dict[str, Any]:
    return {"id": job.id, "trainer": job.trainer, "state": job.state, "reason": job.reason}


def _evaluating(bench: Workbench, case: str) -> dict[str, Any] | None:
    task = bench.background.task(evaluate.task(case))
    if task is None or task.state == "done":
        return None
    return {"state": task.state, "message": task.message, "fraction": task.fraction, "error": task.error}


def _verdict(bench: Workbench, case: str) -> dict[str, Any] | None:
    latest = evaluate.latest(bench.store, case)
    return {**latest.verdict, "job": latest.job} if latest else None


def _proposal(bench: Workbench, case: str) -> dict[str, Any] | None:
    """The newest open proposal that still holds."""
    waiting = proposals.current(bench, case)
    return {"id": waiting.id, "kind": waiting.kind, "why": waiting.why} if waiting else None
