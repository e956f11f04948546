"""The guide: an agent loop over the tools, with an LLM where one is set and the built-in brain otherwise.

The conversation is kept in the record, so a guide made after a restart goes on where the last one stopped.
"""

from __future__ import annotations

import logging
import threading
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant.errors import AttuneError
from assistant.guide import proposals, replies, state
from assistant.guide.tools import Tools
from assistant.record.threads import thread
from assistant.record.types import Message, Proposal, Turn

if TYPE_CHECKING:
    from langchain_core.language_models.chat_models import BaseChatModel
    from langchain_core.messages import AIMessage, BaseMessage

    from assistant.workbench import Workbench

SOURCE = "guide"  # of the conversation that holds the guide's history; never training data
REMEMBERED = 40  # messages given to the model: what matters beyond them is in the record
STEPS = 24  # of the agent loop in one turn; a model that calls tools for longer than that is lost
LONGEST = 20_000  # characters of one message
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class GuideReply:
    """What the guide says; `suggestions` are answers to tap, `proposal` is the open one of the case, if any."""

    text: str
    suggestions: tuple[str, ...] = ()
    proposal: Proposal | None = None


class Guide:
    """The guide of every case of a workbench. Safe to call from several threads; turns of one case wait for each other.

    `timeout` is in seconds, for one request to the guide's LLM.
    """

    def __init__(self, bench: Workbench, timeout: float = 60.0) -> None:
        self.bench, self.timeout = bench, timeout
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)

    def opening(self, case: str) -> GuideReply:
        """What is said when the case is opened. Recorded only where it says something new."""
        with self._locks[case]:
            said = replies.opening(state.read(self.bench, case))
            turns = self._turns(case)
            last = turns[-1] if turns else None
            if last and last.role == "assistant" and _same(last, said):
                return self._reply(case, last.content, last.details.get("suggestions", ()))
            stale = last if last and last.role == "assistant" and last.details.get("opening") else None
            self._keep(case, "assistant", said.text, _details(said) | {"opening": True}, instead_of=stale)
            return self._reply(case, said.text, said.suggestions)

    def say(self, case: str, text: str) -> GuideReply:
        """Answer a message. Raises AttuneError for an empty or a huge one and for an unknown case."""
        text = text.strip()
        self.bench.store.case(case)
        if not text or len(text) > LONGEST:
            raise AttuneError("The message is empty." if not text else f"The message has {len(text)} characters.",
                              f"Write 1 to {LONGEST} characters; a longer text belongs in a document.")  # fmt: skip
        with self._locks[case]:
            history = self._turns(case)[-REMEMBERED:]
            self._keep(case, "user", text)
            said, model = self._turn(case, history, text)
            self._keep(case, "assistant", said.text, _details(said) | {"model": model})
            return self._reply(case, said.text, said.suggestions)

    def history(self, case: str) -> list[Message]:
        """The conversation so far, as messages."""
        return [{"role": turn.role, "content": turn.content} for turn in self._turns(case)]

    def warm(self) -> None:
        """Import the agent loop (about a second), so that the first answer comes fast."""
        import langchain.agents  # noqa: F401

        from assistant.guide import brain  # noqa: F401

    # one turn ---------------------------------------------------------------------------------------------------------
    def _turn(self, case: str, history: Sequence[Turn], text: str) -> tuple[replies.Said, str]:
        from assistant.guide.brain import Brain

        note = ""
        if self.bench.settings.guide_model:
            try:
                return self._asked_llm(case, history, text), self.bench.settings.guide_model
            except Exception as error:  # whatever a foreign server does must not end the conversation: it is told below
                why = _reason(error, self.bench.settings.guide_api_key.get_secret_value())
                log.warning("the guide's model failed: %s: %s", type(error).__name__, why)
                log.debug("where it failed", exc_info=True)
                note = (f"_The guide's model {self.bench.settings.guide_model} did not answer ({why}); "
                        "the built-in guide takes this turn._")  # fmt: skip
        said = _said(self._run(Brain(), case, history, text))
        return said.after(note), "built-in"

    def _run(self, model: BaseChatModel, case: str, history: Sequence[Turn], text: str) -> AIMessage:
        """The last message of the agent loop."""
        from langchain.agents import create_agent
        from langchain_core.messages import AIMessage, HumanMessage

        messages: list[BaseMessage] = [_message(turn) for turn in history]
        prompt = (Path(__file__).parent / "guide.md").read_text(encoding="utf-8")
        agent: Any = create_agent(model, Tools(self.bench, case).wrapped(), system_prompt=prompt)
        ended = agent.invoke({"messages": [*messages, HumanMessage(text)]}, {"recursion_limit": STEPS})
        last = ended["messages"][-1]
        if not isinstance(last, AIMessage):
            raise ValueError("the conversation ended without an answer")
        return last

    def _asked_llm(self, case: str, history: Sequence[Turn], text: str) -> replies.Said:
        before = {proposal.id for proposal in self.bench.store.proposals(case)}
        last = self._run(_llm(self.bench, self.timeout), case, history, text)
        if last.invalid_tool_calls:
            raise ValueError("it called a tool in a way that cannot be read")
        if last.additional_kwargs.get("refusal") or last.response_metadata.get("finish_reason") == "content_filter":
            raise ValueError("it refused")
        words = last.text.strip()
        if not words:
            raise ValueError("its answer was empty")
        now = state.read(self.bench, case)
        step = replies.next_step(now)
        asked = step.asked if "?" in words else ""  # the prompt makes it ask the next question of the checklist
        made = [proposal for proposal in self.bench.store.proposals(case, "open") if proposal.id not in before]
        waiting = [
            f"_Proposal {proposal.id} ({proposal.kind}) waits for you. Nothing has started._" for proposal in made
        ]
        return replies.Said("\n\n".join([words, *waiting]), step.suggestions, asked, step.offer)

    # the record -------------------------------------------------------------------------------------------------------
    def _turns(self, case: str) -> list[Turn]:
        found = self.bench.store.turns_of_case(case, [SOURCE])
        return thread(found[max(found)]) if found else []

    def _keep(
        self, case: str, role: str, text: str, details: dict[str, Any] | None = None, instead_of: Turn | None = None
    ) -> None:
        """Add a turn after the last one, or in the place of an opening that nobody answered and that is out of date."""
        store = self.bench.store
        conversations = store.conversations(case, SOURCE)
        conversation = conversations[-1] if conversations else store.add_conversation(case, SOURCE)
        turns = thread(store.turns(conversation.id))
        parent = instead_of.parent if instead_of else turns[-1].id if turns else 0
        store.add_turn(conversation.id, parent, role, text, details=details)

    def _reply(self, case: str, text: str, suggestions: Sequence[str]) -> GuideReply:
        return GuideReply(text, tuple(suggestions), proposals.current(self.bench, case))


def _llm(bench: Workbench, timeout: float) -> BaseChatModel:
    """The LLM of the settings, on any OpenAI-compatible server that calls tools."""
    from langchain_openai import ChatOpenAI
    from pydantic import SecretStr

    settings = bench.settings
    return ChatOpenAI(
        model=settings.guide_model, base_url=settings.guide_base_url or None, timeout=timeout, max_retries=1,
        api_key=settings.guide_api_key if settings.guide_api_key.get_secret_value() else SecretStr("none"),
    )  # fmt: skip


def _message(turn: Turn) -> BaseMessage:
    from langchain_core.messages import AIMessage, HumanMessage

    if turn.role == "user":
        return HumanMessage(turn.content)
    return AIMessage(turn.content, additional_kwargs={"guide": turn.details})


def _said(message: AIMessage) -> replies.Said:
    marks: dict[str, Any] = message.additional_kwargs["guide"]
    return replies.Said(message.text, **marks)


def _details(said: replies.Said) -> dict[str, Any]:
    return {name: list(v) if isinstance(v, tuple) else v for name, v in asdict(said).items() if name != "text"}


def _same(last: Turn, said: replies.Said) -> bool:
    """Whether a recorded message asks or offers the same: then opening the case again adds nothing."""
    marks = [last.details.get("asked"), last.details.get("offer")]
    return last.content == said.text or (any(marks) and marks == [said.asked, said.offer])


def _reason(error: Exception, key: str) -> str:
    """One line about an error: no traceback, and not the key, which some servers repeat in their refusal."""
    text = " ".join(str(error).split()) or type(error).__name__
    if type(error).__name__ == "GraphRecursionError":
        text = "it kept calling tools without an answer"
    return (text.replace(key, "***") if key else text)[:160].rstrip(" .")
