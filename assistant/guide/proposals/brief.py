"""The proposal to keep answers in the brief that a model read out of what a person said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assistant.guide.proposals.kind import Kind, Payload, Terms, need
from assistant.record.types import BRIEF_QUESTIONS
from assistant.stages import interview

if TYPE_CHECKING:
    from assistant.record.types import Proposal
    from assistant.workbench import Workbench


def _prepare(bench: Workbench, case: str, payload: Payload) -> Payload:  # noqa: ARG001
    """Answers by field; one that is left empty is left out."""
    unknown = sorted(set(payload) - set(BRIEF_QUESTIONS))
    need(f"The brief has no '{unknown[0]}'." if unknown else None, f"It has {', '.join(BRIEF_QUESTIONS)}.")
    kept = {name: payload[name] for name in BRIEF_QUESTIONS if str(payload.get(name) or "").strip()}
    need(None if kept else "There is no answer to keep.", "Say it in a few words.")
    return kept


def _rests_on(bench: Workbench, case: str, payload: Payload) -> Any:
    brief = bench.store.case(case).brief.to_json()
    return [[name, brief[name], name in brief["skipped"]] for name in payload]


def _terms(bench: Workbench, case: str, payload: Payload) -> Terms:  # noqa: ARG001
    said = "; ".join(f"{name.replace('_', ' ')}: {_shown(value)}" for name, value in payload.items())
    return Terms(
        f"Keep in the brief: {said}.",
        "The guide's model read this out of what you said; only you know whether it is right.",
        "It takes effect at once.",
        "No money.",
        "Earlier versions of the brief are kept. What answers stays as it is until the baseline is built again.",
    )


def _carry_out(bench: Workbench, proposal: Proposal, by: str) -> str:  # noqa: ARG001
    interview.run(bench.store, proposal.case, proposal.payload)
    return f"Noted: {', '.join(name.replace('_', ' ') for name in proposal.payload)}."


def _shown(value: Any) -> str:
    text = "; ".join(value) if isinstance(value, list) else str(value)
    return "left open" if text.strip().lower() == interview.SKIP else f"“{text}”"


KIND = Kind("Keep these answers", _prepare, _rests_on, "one of these answers", _terms, _carry_out, BRIEF_QUESTIONS)
