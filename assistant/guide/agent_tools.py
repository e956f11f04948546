"""The tools as an LLM gets them: what it reads out of a message is shown as a proposal before it is kept."""

from __future__ import annotations

import functools
import inspect
import json
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from assistant.guide import proposals
from assistant.guide.proposals import brief
from assistant.guide.tools import Tools
from assistant.stages import interview

if TYPE_CHECKING:
    from langchain_core.tools import BaseTool

    from assistant.record.types import Proposal
    from assistant.workbench import Workbench

NAMES = (
    "status",
    "record_answer",
    "add_documents",
    "build_baseline",
    "build_dataset",
    "propose_training",
    "job_status",
    "evaluate",
    "measure_baseline",
    "propose_switch",
    "undo",
    "explain",
    "look_up",
    "results",
    "export",
    "add_conversations",
)


class AgentTools(Tools):
    """The tools of one turn. Answers are gathered, so that several of one message make one proposal."""

    def __init__(self, bench: Workbench, case: str) -> None:
        super().__init__(bench, case)
        self.answers: dict[str, Any] = {}

    def status(self) -> dict[str, Any]:
        """What is true of the case now: stage, brief, open questions, next_question, documents, dataset, job, verdict,
        what answers and the open proposal."""
        found = super().status()
        due = [name for name in found["due"] if name not in self.answers]
        return found | {"due": due, "next_question": asdict(interview.QUESTIONS[due[0]]) if due else None}

    def record_answer(self, field: str, answer: str) -> dict[str, Any]:
        """Propose to keep the person's answer to one question of the brief, in their words. `field` is one of goal,
        users, must_not, language, tone, format, must, success, alternatives, costs, benefits, examples, bad_example.
        Separate several rules of must and must_not by a line break. The answer "skip" leaves the question open on
        purpose. The person sees all answers of this turn on a card and confirms them; do not ask for them again."""
        self.answers |= brief.KIND.prepare(self.bench, self.case, {field: self._answer(field, answer)})
        gaps = self.bench.store.case(self.case).brief.gaps
        return {
            "proposed": field,
            "note": "It is kept once the person confirms it.",
            "open": [name for name in gaps if name not in self.answers],
        }

    def propose_answers(self) -> Proposal | None:
        """One proposal for what was gathered, with what waits from earlier turns; None where there is nothing."""
        if not self.answers:
            return None
        waiting = proposals.current(self.bench, self.case, "brief")
        earlier = waiting.payload if waiting else {}
        return proposals.propose(self.bench, self.case, "brief", earlier | self.answers)

    def wrapped(self) -> list[BaseTool]:
        """The tools as LangChain wants them. Their descriptions are the docstrings above."""
        return [tool.model_copy(update={"func": self._as_text(tool.name)}) for tool in _described()]

    def _as_text(self, name: str) -> Callable[..., str]:
        method = getattr(self, name)

        @functools.wraps(method)
        def text(**arguments: Any) -> str:
            return json.dumps(self.call(name, **arguments), ensure_ascii=False)

        text.__signature__ = inspect.signature(method)  # type: ignore[attr-defined]  # that of the bound method
        return text


@functools.cache
def _described() -> tuple[BaseTool, ...]:
    """The tools with their descriptions and schemas, made once: that is most of the work of a turn."""
    from langchain_core.tools import StructuredTool

    nobody = object.__new__(AgentTools)  # of no case: only the signatures and docstrings are read
    return tuple(StructuredTool.from_function(nobody._as_text(name)) for name in NAMES)
