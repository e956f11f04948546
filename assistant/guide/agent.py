"""The guide: an agent loop over the tools where an LLM is set, the checklist otherwise.

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
from assistant.guide import checklist, proposals, replies, state
from assistant.guide.agent_tools import AgentTools
from assistant.guide.tools import Tools
from assistant.record.threads import thread
from assistant.record.types import BRIEF_QUESTIONS, Message, Proposal, Turn

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

    `timeout` and `patience` are in seconds: of one request to the guide's LLM, and of a turn, after which it is asked
    nothing more.
    """

    def __init__(self, bench: Workbench, timeout: float = 60.0, patience: float = 180.0) -> None:
        self.bench, self.timeout, self.patience = bench, timeout, patience
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
            raise AttuneError(
                "The message is empty." if not text else f"The message has {len(text)} characters.",
                f"Write 1 to {LONGEST} characters; a longer text belongs in a document.",
            )
        with self._locks[case]:
            history = self._turns(case)[-REMEMBERED:]
            self._keep(case, "user", text)
            said, model = self._turn(case, history, text)
            self._keep(case, "assistant", said.text, _details(said) | {"model": model})
            return self._reply(case, said.text, said.suggestions)

    def history(self, case: str) -> list[Message]:
        """The conversation so far, as messages."""
        return [{"role": turn.role, "content": turn.content} for turn in self._turns(case)]

    # one turn ---------------------------------------------------------------------------------------------------------
    def _turn(self, case: str, history: Sequence[Turn], text: str) -> tuple[replies.Said, str]:
        note = ""
        if self.bench.settings.guide_model:
            try:
                return self._asked_llm(case, history, text), self.bench.settings.guide_model
            except Exception as error:  # whatever a foreign server does must not end the conversation: it is told below
                note = self._note(error)
        last = next((turn.details for turn in reversed(history) if turn.role == "assistant"), {})
        marks = checklist.Marks(last.get("asked", ""), last.get("offer", ""))
        return checklist.answer(Tools(self.bench, case), marks, text).after(note), "built-in"

    def _note(self, error: Exception) -> str:
        """What is said of the LLM's failure. One that is not its own is a bug, and logged with its traceback."""
        from assistant.guide import llm

        name, why = self.bench.settings.guide_model, llm.reason(error, self.bench.settings)
        if why is None:
            log.error("a turn of the guide's model failed", exc_info=error)
            return (
                "_That failed because of a bug in Attune; the details are in the log. "
                "The built-in guide takes this turn._"
            )
        log.warning("the guide's model failed: %s: %s", type(error).__name__, why)
        return f"_The guide's model {name} did not answer ({why}); the built-in guide takes this turn._"

    def _run(
        self, model: BaseChatModel, tools: AgentTools, history: Sequence[Turn], text: str, middleware: Sequence[Any]
    ) -> AIMessage:
        """The last message of the agent loop."""
        from langchain.agents import create_agent
        from langchain_core.messages import AIMessage, HumanMessage

        messages: list[BaseMessage] = [_message(turn) for turn in history]
        prompt = (Path(__file__).parent / "guide.md").read_text(encoding="utf-8")
        agent: Any = create_agent(model, tools.wrapped(), system_prompt=prompt, middleware=middleware)
        ended = agent.invoke({"messages": [*messages, HumanMessage(text)]}, {"recursion_limit": STEPS})
        last = ended["messages"][-1]
        if not isinstance(last, AIMessage):
            raise ValueError("the conversation ended without an answer")
        return last

    def _asked_llm(self, case: str, history: Sequence[Turn], text: str) -> replies.Said:
        from assistant.guide import llm

        store, tools = self.bench.store, AgentTools(self.bench, case)
        before = {proposal.id for proposal in store.proposals(case)}
        patience = llm.Patience(self.patience)
        try:
            last = self._run(llm.model(self.bench.settings, self.timeout), tools, history, text, [patience])
        finally:
            tools.propose_answers()  # also where the model failed later on
        words = llm.masked(llm.words(last), self.bench.settings)
        now = state.read(self.bench, case)
        step = replies.next_step(now)
        made = [proposal for proposal in store.proposals(case, "open") if proposal.id not in before]
        return replies.Said(
            "\n\n".join([words, *map(_waiting, made)]), step.suggestions, _asked(now, words), step.offer
        )

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


def _asked(now: state.State, words: str) -> str:
    """The question of the checklist that the model asked to the letter: only then is the next message its answer."""
    questions = replies.language(now).questions
    return next((name for name in BRIEF_QUESTIONS if questions[name].text in words), "")


def _waiting(proposal: Proposal) -> str:
    return f"_Proposal {proposal.id} ({proposal.kind}) waits for you. Nothing has started._"


def _message(turn: Turn) -> BaseMessage:
    from langchain_core.messages import AIMessage, HumanMessage

    if turn.role == "user":
        return HumanMessage(turn.content)
    return AIMessage(turn.content)


def _details(said: replies.Said) -> dict[str, Any]:
    return {name: list(v) if isinstance(v, tuple) else v for name, v in asdict(said).items() if name != "text"}


def _same(last: Turn, said: replies.Said) -> bool:
    """Whether a recorded message asks or offers the same: then opening the case again adds nothing."""
    marks = [last.details.get("asked"), last.details.get("offer")]
    return last.content == said.text or (any(marks) and marks == [said.asked, said.offer])
