"""What the built-in guide does with a message: tool calls for some intents, a plain reply for the others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from assistant.guide import replies
from assistant.guide.replies import Said
from assistant.guide.state import State
from assistant.guide.wording import Intent
from assistant.record.types import BRIEF_QUESTIONS, LIST_FIELDS, OPTIONAL_FIELDS

Call = tuple[str, dict[str, Any]]
STEPS = {
    "baseline": "build_baseline",
    "dataset": "build_dataset",
    "train": "propose_training",
    "evaluate": "evaluate",
    "switch": "propose_switch",
    "undo": "undo",
    "documents": "add_documents",
    "status": "job_status",
    "export": "export",
}
RESULTS = ("better", "cost", "stopped", "failures")
NOTHING_TRIED = "Nothing tried so far"


@dataclass(frozen=True)
class Marks:
    """What the guide's last message left for this turn: the field it asked for, the step it offered, what it noted."""

    asked: str = ""
    offer: str = ""
    recorded: tuple[str, ...] = ()


@dataclass(frozen=True)
class GuideTurn:
    """A message as it was understood: `intent` read from `text`, before the background of `marks` and `state`."""

    intent: Intent
    marks: Marks
    state: State


def calls(turn: GuideTurn) -> list[Call]:
    """Tools to call for a message; none when it only needs words."""
    intent, asked = turn.intent, turn.marks.asked
    if intent.kind in STEPS:
        return [_step(intent.kind, intent.options)]
    if intent.kind == "yes" and not asked and turn.marks.offer:
        return [_step(turn.marks.offer, {})]
    if intent.kind in RESULTS:
        return [("results", {"about": intent.kind})]
    if intent.kind == "paste":
        return [("add_conversations", {"text": intent.text})]
    if intent.kind in ("explain", "question"):
        return [("look_up", {"question": intent.text})]
    return [("record_answer", {"field": name, "answer": answer}) for name, answer in _answers(turn).items()]


def reply(turn: GuideTurn) -> Said:
    """What to say to a message for which no tool was called."""
    intent, asked, state = turn.intent, turn.marks.asked, turn.state
    if found := _SAY.get(intent.kind):
        return found(state, turn)
    if asked:
        return replies.question(state, asked).after(_not_recorded(turn))
    return replies.next_step(state).after(_not_understood(turn))


def _step(kind: str, options: dict[str, Any]) -> Call:
    return STEPS[kind], options


def _answers(turn: GuideTurn) -> dict[str, str]:
    """Answers to record, by field; "skip" for questions to be left open."""
    intent, asked, brief = turn.intent, turn.marks.asked, turn.state["brief"]
    if intent.kind == "facts":
        return {name: _added(brief, name, value) for name, value in intent.facts.items()}
    if intent.kind == "skip_all":
        return dict.fromkeys(turn.state["gaps"], "skip")
    if intent.kind == "skip":
        name = intent.field or asked
        return {name: "skip"} if name and not brief[name] else {}
    if intent.kind == "meant":
        name = next(iter(turn.marks.recorded[-1:]), asked)
        return {name: intent.text} if name else {}
    if not asked:
        return {}
    if intent.kind == "answer":
        return {asked: intent.text} if any(letter.isalnum() for letter in intent.text) else {}
    if intent.kind in ("no", "nothing") and asked == "alternatives":
        return {asked: NOTHING_TRIED}
    if intent.kind == "nothing" and asked == "costs":
        return {asked: intent.text}
    if intent.kind == "nothing" or (intent.kind == "no" and asked in (*LIST_FIELDS, *OPTIONAL_FIELDS, "format")):
        return {asked: "skip"} if not brief[asked] else {}
    return {}


def _added(brief: dict[str, Any], name: str, value: str | list[str]) -> str:
    """A list is added to what is there, text replaces it."""
    if not isinstance(value, list):
        return value
    if name in LIST_FIELDS:
        return "\n".join([*brief[name], *(part for part in value if part not in brief[name])])
    return "; ".join([*([brief[name]] if brief[name] else []), *(part for part in value if part not in brief[name])])


def _back(state: State, turn: GuideTurn) -> Said:
    asked = turn.marks.asked
    here = BRIEF_QUESTIONS.index(asked) if asked else len(BRIEF_QUESTIONS)
    return replies.question(state, BRIEF_QUESTIONS[max(0, here - 1)])


def _skip(state: State, turn: GuideTurn) -> Said:
    """A skip that records nothing: there was no question, or its answer is kept."""
    name = turn.intent.field or turn.marks.asked
    return replies.next_step(state).after(f"“{replies.TITLES[name].capitalize()}” stays as it was." if name else "")


def _yes(state: State, turn: GuideTurn) -> Said:
    if turn.marks.asked:
        return replies.question(state, turn.marks.asked).after("Good. Please say it in a few words.")
    return replies.next_step(state).after(_only_buttons(state))


def _no(state: State, turn: GuideTurn) -> Said:
    if turn.marks.asked:
        return replies.question(state, turn.marks.asked).after("Then please say what it should be, or “skip”.")
    if state["proposal"]:
        return Said("Then leave it: nothing happens unless you confirm it, and its button declines it.", ("Status",))
    return Said("Fine. Say “next” when you want to go on.", ("Next", "Status"))


def _clarify(state: State, turn: GuideTurn) -> Said:
    asked = turn.marks.asked
    return replies.clarify(state, asked) if asked else replies.help_text(state)


def _restart(state: State, turn: GuideTurn) -> Said:  # noqa: ARG001
    return replies.next_step(state).after(
        "Nothing has to be thrown away: say “change the goal” or “go back to the tone”, for example, and answer anew. "
        "For another use case make a new case."
    )


def _cancel(state: State, turn: GuideTurn) -> Said:  # noqa: ARG001
    return Said(
        "A running job is cancelled with its button in the Training tab; the last checkpoint is kept.", ("Status",)
    )


def _only_buttons(state: State) -> str:
    return (
        "Words start nothing here; that protects you from a text that pretends to be you." if state["proposal"] else ""
    )


def _not_recorded(turn: GuideTurn) -> str:
    if turn.intent.kind in ("explain", "question"):
        return (
            "I cannot answer that myself; the built-in guide knows its checklist and its glossary "
            "(say “explain LoRA”, for example)."
        )
    return "Please say it in a few words."


def _not_understood(turn: GuideTurn) -> str:
    if turn.intent.kind in ("explain", "question"):
        return _not_recorded(turn)
    return "I did not understand that. Say “help” for what I can do."


_SAY: dict[str, Callable[[State, GuideTurn], Said]] = {
    "why": lambda state, turn: replies.why(state, turn.marks.asked),
    "next": lambda state, turn: replies.next_step(state),  # noqa: ARG005
    "summary": lambda state, turn: replies.summary(state),  # noqa: ARG005
    "help": lambda state, turn: replies.help_text(state),  # noqa: ARG005
    "hello": lambda state, turn: replies.opening(state),  # noqa: ARG005
    "thanks": lambda state, turn: replies.next_step(state).after("You are welcome."),  # noqa: ARG005
    "ask": lambda state, turn: replies.question(state, turn.intent.field),
    "back": _back,
    "skip": _skip,
    "skip_all": _skip,
    "yes": _yes,
    "no": _no,
    "nothing": _skip,
    "cancel": _cancel,
    "clarify": _clarify,
    "restart": _restart,
}
