"""A chat model that needs no LLM: it follows the checklist and calls the same tools as an LLM would.

It is a pure function of the messages. A turn looks at the status, calls what the message asks for, looks again, and
answers.
What a later turn must know (which question was asked) travels in the answer's `additional_kwargs["guide"]`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult

from assistant.guide import plan, replies, wording
from assistant.guide.plan import Call, GuideTurn, Marks
from assistant.guide.replies import Said
from assistant.record.types import BRIEF_QUESTIONS

# Tools after which the state is what it was.
READING = ("job_status", "explain", "add_documents", "look_up", "results", "export")


@dataclass(frozen=True)
class Done:
    """A tool call of this turn and what it returned."""

    name: str
    result: dict[str, Any]


class Brain(BaseChatModel):
    """The built-in guide as a chat model. `bind_tools` is harmless: it knows the tools it calls."""

    @property
    def _llm_type(self) -> str:
        return "attune-guide"

    def bind_tools(self, tools: Any, **kwargs: Any) -> Brain:  # noqa: ARG002
        return self

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,  # noqa: ARG002
        run_manager: CallbackManagerForLLMRun | None = None,  # noqa: ARG002
        **kwargs: Any,  # noqa: ARG002
    ) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=answer(messages))])


def answer(messages: list[BaseMessage]) -> AIMessage:
    """The next message: tool calls, or the reply that ends the turn."""
    start = max((i for i, m in enumerate(messages) if isinstance(m, HumanMessage)), default=-1)
    done = _done(messages[start + 1 :])
    states = [step.result for step in done if step.name == "status"]
    if not states:
        return _calling([("status", {})], len(messages))
    marks = _marks(messages[:start])
    text = str(messages[start].content) if start >= 0 else ""
    turn = GuideTurn(wording.read(text, marks.asked), marks, states[0])
    acted = [step for step in done if step.name != "status"]
    if not acted:
        wanted = plan.calls(turn)
        return _calling(wanted, len(messages)) if wanted else _saying(plan.reply(turn))
    if len(states) == 1 and any(step.name not in READING for step in acted):
        return _calling([("status", {})], len(messages))
    return _saying(_report(turn, acted, states[-1]))


def _report(turn: GuideTurn, acted: list[Done], state: dict[str, Any]) -> Said:
    """The reply after tools were called: what they did, then what comes next."""
    name, result = acted[0].name, acted[0].result
    asked = turn.marks.asked
    if name == "record_answer":
        return _noted(turn, acted, state)
    if name == "job_status":
        return replies.status(state, result.get("jobs", []))
    told = replies.outcome(name, result)
    if "proposal" in result:
        return Said(told, ("Why?", "Status"))
    if asked and asked in BRIEF_QUESTIONS and (state["gaps"] or name in READING):
        return replies.question(state, asked).after(told)
    if "error" in result:
        return Said(told, ("What next?", "Status"))
    if name in ("results", "export"):
        return Said(told, ("What next?", "Show me the failures", "Status"))
    return replies.next_step(state).after(told)


def _noted(turn: GuideTurn, acted: list[Done], state: dict[str, Any]) -> Said:
    good = [step.result for step in acted if "error" not in step.result]
    bad = [replies.outcome(step.name, step.result) for step in acted if "error" in step.result]
    if not good:
        return replies.question(state, turn.marks.asked or state["gaps"][0]).after(*bad)
    flags = [text for name, text in state["red_flags"].items() if name not in turn.state["red_flags"]]
    finished = bool(turn.state["gaps"]) and not state["gaps"]
    said = replies.summary(state) if finished else replies.recorded(state, good, flags)
    names = tuple(str(result["recorded"]) for result in good)
    return Said(said.text, said.suggestions, said.asked, said.offer, names).after(*bad)


def _done(messages: Sequence[BaseMessage]) -> list[Done]:
    """Calls of this turn with their results. A result that is not a JSON object counts as an error."""
    names = {call["id"]: call["name"] for m in messages if isinstance(m, AIMessage) for call in m.tool_calls}
    results = [m for m in messages if isinstance(m, ToolMessage)]
    return [Done(names.get(m.tool_call_id, m.name or ""), _result(str(m.content))) for m in results]


def _result(content: str) -> dict[str, Any]:
    try:
        found = json.loads(content)
    except ValueError:
        found = None
    return found if isinstance(found, dict) else {"error": content, "remedy": ""}


def _marks(messages: Sequence[BaseMessage]) -> Marks:
    last = next((m for m in reversed(messages) if isinstance(m, AIMessage)), None)
    found = last.additional_kwargs.get("guide", {}) if last else {}
    return Marks(found.get("asked", ""), found.get("offer", ""), tuple(found.get("recorded", ())))


def _calling(wanted: list[Call], number: int) -> AIMessage:
    calls = [{"name": name, "args": args, "id": f"call-{number}-{i}"} for i, (name, args) in enumerate(wanted)]
    return AIMessage(content="", tool_calls=calls)


def _saying(said: Said) -> AIMessage:
    marks = {name: value for name, value in asdict(said).items() if name != "text"}
    return AIMessage(content=said.text, additional_kwargs={"guide": marks})
