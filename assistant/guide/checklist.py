"""The guide without an LLM: one question at a time, and the whole message is its answer.

It never guesses which field words belong to. Besides answers it understands the exact words of the tables; a question
is looked up in the written knowledge; what cannot be an answer is not noted.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from assistant.conversations.formats import pasted
from assistant.guide import replies
from assistant.guide.replies import Said
from assistant.guide.sentences import table as sentences
from assistant.guide.state import State
from assistant.guide.tools import Tools
from assistant.record.types import OPTIONAL_FIELDS
from assistant.stages import baseline, dataset, evaluate, finetune, interview

STEPS: dict[str, tuple[str, dict[str, Any]]] = {  # word -> the tool it calls
    "baseline": ("build_baseline", {}),
    "measure": ("measure_baseline", {}),
    "dataset": ("build_dataset", {}),
    "train": ("propose_training", {}),
    "evaluate": ("evaluate", {}),
    "switch": ("propose_switch", {}),
    "undo": ("undo", {}),
    "export": ("export", {}),
    "failures": ("results", {"about": "failures"}),
}
BESIDE = ("add_conversations", "results", "export")  # tools after which the question stands
BEFORE = {  # word -> the stage whose questions come first, and what may forbid the step
    "measure": ("dataset", baseline.unmeasurable),
    "dataset": ("dataset", dataset.blocked),
    "train": ("finetune", finetune.blocked),
    "evaluate": ("evaluate", evaluate.blocked),
}


@dataclass(frozen=True)
class Marks:
    """What the guide's last message left for this turn: the field it asked for, the step it offered."""

    asked: str = ""
    offer: str = ""


@dataclass(frozen=True)
class GuideTurn:
    """A message, what the last one left for it, and what is true before it."""

    tools: Tools
    text: str
    marks: Marks
    state: State

    def now(self) -> State:
        """What is true after something was done."""
        return self.tools.status()


def answer(tools: Tools, marks: Marks, text: str) -> Said:
    """Take one message of a person and say what comes next."""
    turn = GuideTurn(tools, text.strip(), marks, tools.status())
    meant = sentences.meaning(turn.text)
    if meant in STEPS:
        return _step(turn, meant)
    if meant:
        return _WORDS[meant](turn)
    if pasted.looks_like(turn.text):
        return _done(turn, "add_conversations", {"text": turn.text})
    if is_question(turn.text, one_line=marks.asked in OPTIONAL_FIELDS):
        return _looked_up(turn)
    if not any(letter.isalnum() for letter in turn.text):
        return _repeated(turn, "no_words")
    return _noted(turn) if marks.asked else _not_asked(turn)


def is_question(text: str, one_line: bool = False) -> bool:
    """Whether a text ends in a question mark of any script, or begins with "¿". With `one_line` several lines are none:
    a good answer to a customer may well end in a question."""
    if one_line and "\n" in text.strip():
        return False
    letters = [place for place, letter in enumerate(text) if letter.isalnum()]
    head, tail = (text[: letters[0]], text[letters[-1] + 1 :]) if letters else ("", text)
    greek = bool(letters) and "GREEK" in unicodedata.name(text[letters[-1]], "") and ";" in tail
    return "¿" in head or "՞" in text or greek or any(map(_asks, tail))


def _asks(letter: str) -> bool:
    name = unicodedata.name(letter, "")
    return "QUESTION" in name or "INTERROBANG" in name


# what is noted --------------------------------------------------------------------------------------------------------
def _noted(turn: GuideTurn) -> Said:
    """The whole message, under the question that was asked."""
    name = turn.marks.asked
    result = turn.tools.call("record_answer", field=name, answer=turn.text)
    state = turn.now()
    table = replies.language(state)
    if "error" in result:
        return replies.again(state, name).after(replies.outcome(state, result))
    noted = table.say("noted", title=table.titles[name], answer=turn.text, back=table.label("back"))
    return _onward(turn, state, noted)


def _skip(turn: GuideTurn) -> Said:
    name = turn.marks.asked
    if name not in turn.state["gaps"]:
        return replies.next_step(turn.state)
    turn.tools.call("record_answer", field=name, answer=interview.SKIP)
    state = turn.now()
    table = replies.language(state)
    return _onward(turn, state, table.say("skipped", title=table.titles[name]))


def _onward(turn: GuideTurn, state: State, told: str) -> Said:
    """The next step after an answer. A step that waited for these questions goes on waiting."""
    said = replies.next_step(state).after(told)
    return replace(said, offer=said.offer or turn.marks.offer) if said.asked else said


def _back(turn: GuideTurn) -> Said:
    taken = interview.take_back(turn.tools.bench.store, turn.tools.case)
    if not taken:
        return _repeated(turn, "nothing_back")
    state = turn.now()
    table = replies.language(state)
    told = table.say("taken_back", title=", ".join(table.titles[name] for name in taken))
    return replies.again(state, taken[0]).after(told)


# what is not noted ----------------------------------------------------------------------------------------------------
def _looked_up(turn: GuideTurn) -> Said:
    """A question: what the knowledge has on it, and the question that stands."""
    found = replies.looked_up(turn.tools.call("look_up", question=turn.text))
    if found:
        return replies.again(turn.state, turn.marks.asked).after(found)
    return _repeated(turn, "only_notes") if turn.marks.asked else _not_asked(turn, "found_nothing", "")


def _not_asked(turn: GuideTurn, key: str = "not_asked", found: str | None = None) -> Said:
    """Where no question is open nothing is noted; what the knowledge has on the words is said."""
    table = replies.language(turn.state)
    if found is None:
        found = replies.looked_up(turn.tools.call("look_up", question=turn.text))
    understood = table.say("understood", words=replies.words(table))
    return replies.next_step(turn.state).after(table.say(key), found or understood)


def _repeated(turn: GuideTurn, key: str) -> Said:
    """A sentence, and the question again."""
    table = replies.language(turn.state)
    return replies.again(turn.state, turn.marks.asked).after(table.say(key, skip=table.label("skip")))


def _yes(turn: GuideTurn) -> Said:
    if turn.marks.asked:
        return _repeated(turn, "say_what")
    if turn.marks.offer:
        return _step(turn, turn.marks.offer)
    told = replies.language(turn.state).say("buttons_only") if turn.state["proposal"] else ""
    return replies.next_step(turn.state).after(told)


def _no(turn: GuideTurn) -> Said:
    return _repeated(turn, "say_what") if turn.marks.asked else replies.next_step(turn.state)


# what a word does -----------------------------------------------------------------------------------------------------
def _step(turn: GuideTurn, meant: str) -> Said:
    """Call the tool of a word; first ask what the stage needs, unless the word is said again."""
    if meant in BEFORE and turn.marks.offer != meant:
        stage, blocked = BEFORE[meant]
        due = [name for name in turn.state["gaps"] if interview.QUESTIONS[name].before == stage]
        if due and not blocked(turn.tools.bench.store, turn.tools.case):
            table = replies.language(turn.state)
            told = table.say("questions_first", count=len(due), word=table.label(meant))
            return replace(replies.question(turn.state, due[0]).after(told), offer=meant)
    return _done(turn, *STEPS[meant])


def _done(turn: GuideTurn, tool: str, arguments: dict[str, Any]) -> Said:
    """Call a tool; what it did, and the question that stands or what comes next."""
    result = turn.tools.call(tool, **arguments)
    state = turn.now()
    told = replies.outcome(state, result)
    if turn.marks.asked in state["gaps"] and ("error" in result or tool in BESIDE):
        return replies.question(state, turn.marks.asked).after(told)
    if "proposal" in result or "error" in result:  # an answer to another question might overtake the proposal
        return Said(told, replies.language(state).labels("why", "next", "status"))
    return replies.next_step(state).after(told)


def _status(turn: GuideTurn) -> Said:
    jobs = turn.tools.call("job_status").get("jobs", [])
    return replies.again(turn.state, turn.marks.asked).after(replies.status(turn.state, jobs))


def _help(turn: GuideTurn) -> Said:
    table = replies.language(turn.state)
    return replies.again(turn.state, turn.marks.asked).after(table.say("help", words=replies.words(table)))


_WORDS: dict[str, Callable[[GuideTurn], Said]] = {
    "skip": _skip,
    "back": _back,
    "why": lambda turn: replies.why(turn.state, turn.marks.asked),
    "next": lambda turn: replies.next_step(turn.state, turn.marks.asked),
    "status": _status,
    "summary": lambda turn: replies.again(turn.state, turn.marks.asked).after(replies.summary(turn.state)),
    "help": _help,
    "yes": _yes,
    "no": _no,
    "hello": lambda turn: replies.again(turn.state, turn.marks.asked),
    "thanks": lambda turn: _repeated(turn, "you_are_welcome"),
}
