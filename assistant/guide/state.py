"""What is true of a case now, as plain JSON: what the status tool returns and every reply rests on."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from assistant import stages, variants
from assistant.guide import proposals, results
from assistant.guide.sentences import table
from assistant.knowledge.prompt import composition
from assistant.record.types import OPTIONAL_FIELDS, QUOTE
from assistant.stages import evaluate, interview, switch
from assistant.traffic import returning

if TYPE_CHECKING:
    from assistant.record.types import Case, Proposal
    from assistant.workbench import Workbench

State = dict[str, Any]
FEW = 50  # train conversations under which a habit seldom shows; the evaluation then often stays undecided


def read(bench: Workbench, case_id: str) -> State:
    """The state of a case; keys as below. Raises AttuneError when there is no such case."""
    store = bench.store
    case = store.case(case_id)
    stage = stages.current(store, case_id)
    module = next((known.module for known in stages.STAGES if known.name == stage), None)
    blocked = module.blocked(store, case_id) if module else None
    waiting = proposals.current(bench, case_id)
    due = _due(case, stage, blocked, proposals.current(bench, case_id, "brief"))
    datasets, jobs = store.datasets(case_id), store.jobs(case_id)
    dataset = {"id": datasets[-1].id, "train": datasets[-1].train, "test": datasets[-1].test} if datasets else None
    return {
        "case": case.id,
        "title": case.title,
        "stage": stage,
        "blocked": blocked,
        "speaks": table.chosen(bench.settings.guide_language, case.brief.language).code,
        "brief": case.brief.to_json(),
        "gaps": case.brief.gaps,
        "due": due,
        "next_question": asdict(interview.QUESTIONS[due[0]]) if due else None,
        "documents": [document.name for document in store.documents(case_id)],
        "dataset": dataset,
        "job": _job(jobs[-1]) if jobs else None,
        "evaluating": _evaluating(bench, case_id),
        "verdict": _verdict(bench, case_id),
        "failures": results.as_state(bench, case_id),
        "active": switch.active(store, bench.settings, case_id).name,
        "shares": {
            store.variant(id).name: share for id, share in switch.shares(store, bench.settings, case_id).items()
        },
        "traffic": returning.told(store, case_id),
        "outdated": _outdated(bench, case),
        "proposal": {"id": waiting.id, "kind": waiting.kind, "why": waiting.why} if waiting else None,
    }


def _due(case: Case, stage: str, blocked: str | None, waiting: Proposal | None) -> list[str]:
    """The questions to ask now; not those whose answers wait in a proposal. While the dataset waits for conversations
    there is time for the optional ones."""
    found = interview.due(case.brief, stage)
    if stage == "dataset" and blocked:
        found += [name for name in case.brief.gaps if name in OPTIONAL_FIELDS]
    proposed = waiting.payload if waiting else {}
    return [name for name in found if name not in proposed]


def _outdated(bench: Workbench, case: Case) -> bool:
    """Whether an untrained variant answers whose prompt is of an earlier brief."""
    now = switch.active(bench.store, bench.settings, case.id)
    untrained = now.name in variants.UNTRAINED and now.endpoint != QUOTE
    return untrained and now.system != composition.instruction(case)


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
