"""The prompt: the brief as an instruction, and everything an answer may draw on, cut to the model's window."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from assistant.errors import AttuneError
from assistant.knowledge.search.words import content
from assistant.record.types import BRIEF_QUESTIONS, Case, Message, Passage, Variant

Count = Callable[[list[Message]], int]
Part = tuple[str, str]  # what it is (instruction, passages, example, history, question), and its text
SHORT_QUESTION = 4  # words with a meaning: a question with fewer is looked up together with the one before it
_TURN = re.compile(  # ChatML and Llama 3, DeepSeek, Llama 2, Gemma, BERT and T5, Mistral
    r"<(?=[|｜])|<(?=/?(?:s|bos|eos|pad|unk|mask)>)|<(?=<?/?SYS>>)|<(?=/?(?:start|end)_of_turn>)"
    r"|\[(?=/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS)\])"
)
_PROMPTS = Path(__file__).resolve().parents[2] / "prompts"


@dataclass(frozen=True)
class Prompt:
    """What a model is sent. `shots` is how many examples are in it; `dropped` says what did not fit, and why.

    `parts` holds for each message the parts that its content consists of; `left_out` what was dropped itself. `note`:
    why the passages were not found or ordered as the settings ask for. `unfound`: that there are documents and nothing
    in them fits the question.
    """

    messages: list[Message]
    passages: tuple[Passage, ...] = ()
    shots: int = 0
    dropped: list[str] = field(default_factory=list)
    tokens: int = 0
    parts: list[list[Part]] = field(default_factory=list)
    left_out: list[Part] = field(default_factory=list)
    note: str = ""
    unfound: str = ""


def instruction(case: Case) -> str:
    """The system prompt of the untrained variants. A line whose answer is missing from the brief is left out.

    Before anything is known the case's title alone would only mislead: the embedded model then answers in French.
    """
    brief = case.brief.to_json()
    if not any(brief[name] for name in BRIEF_QUESTIONS):
        return _template("plain")
    values = {name: _text(value) for name, value in brief.items()} | {"title": case.title or case.id}
    lines: list[str] = []
    for line in _template("instruction").splitlines():
        names = [name for name in values if f"{{{name}}}" in line]
        if any(not values[name] for name in names):
            if lines and lines[-1].endswith(":"):
                lines.pop()  # the title of the list that is missing
            continue
        for name in names:
            line = line.replace(f"{{{name}}}", values[name])
        lines.append(line)
    return "\n".join(lines)


def short_instruction(case: Case) -> str:
    """One line, for tuned variants: what the brief asks for is in the model. The same in training and serving."""
    return _template("short").replace("{title}", " ".join((case.title or case.id).split()))


def announcement() -> str:
    """What stands before the passages."""
    return _template("passages")


def query(messages: Sequence[Message]) -> str:
    """What to look up: the question, and the one before it where it is too short to stand alone."""
    asked = [str(message["content"]) for message in messages if message["role"] == "user"]
    if len(asked) > 1 and len(content(asked[-1])) < SHORT_QUESTION:
        return f"{asked[-1]}\n{asked[-2]}"
    return asked[-1] if asked else ""


def build(
    variant: Variant,
    messages: Sequence[Message],
    passages: Sequence[Passage],
    shots: Sequence[list[Message]],
    window: int,
    count: Count,
) -> Prompt:
    """The prompt that fits `window` tokens with room for the answer, as `count` counts them.

    What does not fit is dropped in this order: the least similar shots, the lowest passages, the oldest exchanges.
    The system instruction and the last question stay; AttuneError where they alone are too long. Whoever wrote them,
    no text of a message can end its turn or begin another one: see `harmless`.
    """
    room = window - min(variant.max_tokens, window // 2)
    system, talk = _own_system(variant.system, messages)
    history = [_all_plain(group) for group in _history(talk)]
    whole = _Parts(harmless(system), [_all_plain(shot) for shot in shots], list(passages), history, _plain(talk[-1]))
    drops = whole.steps
    low, high = 0, drops  # the smallest number of drops that fits lies in between
    tokens = count(whole.messages())
    if tokens <= room:
        high = 0
    elif count(whole.without(drops).messages()) > room:
        raise AttuneError(
            f"The message is too long for the model, which has room for {room} tokens besides its answer.",
            "Send a shorter message, or choose a model with a larger window.",
        )
    while low < high:
        middle = (low + high) // 2
        if count(whole.without(middle).messages()) <= room:
            high = middle
        else:
            low = middle + 1
    left = whole.without(high)
    built = left.messages()
    return Prompt(
        built,
        tuple(left.marked()),
        len(left.shots),
        _told(whole, left, room),
        tokens if high == 0 else count(built),
        left.parts(),
        _left_out(whole, left),
    )


@dataclass(frozen=True)
class _Parts:
    """What a prompt is made of. `history` is in exchanges, which are only dropped whole."""

    system: str
    shots: list[list[Message]]
    passages: list[Passage]
    history: list[list[Message]]
    question: Message

    @property
    def steps(self) -> int:
        return len(self.shots) + len(self.passages) + len(self.history)

    def without(self, drops: int) -> _Parts:
        """These parts after so many steps of dropping."""
        shots = min(drops, len(self.shots))
        passages = min(drops - shots, len(self.passages))
        history = drops - shots - passages
        return replace(
            self,
            shots=self.shots[shots:],
            passages=self.passages[: len(self.passages) - passages],
            history=self.history[history:],
        )

    def marked(self) -> list[Passage]:
        return [replace(passage, mark=mark) for mark, passage in enumerate(self.passages, start=1)]

    def messages(self) -> list[Message]:
        system = "".join(text for _, text in self._head())
        flat = [message for part in (*self.shots, *self.history) for message in part]
        head: list[Message] = [{"role": "system", "content": system}] if system else []
        return [*head, *flat, self.question]

    def parts(self) -> list[list[Part]]:
        """The parts of each message, in the order of `messages`."""
        head = self._head()
        shots = [[("example", str(message["content"]))] for shot in self.shots for message in shot]
        history = [[("history", str(message["content"]))] for group in self.history for message in group]
        return [*([head] if head else []), *shots, *history, [("question", str(self.question["content"]))]]

    def _head(self) -> list[Part]:
        """The parts of the system message; none where there is nothing to say."""
        if not self.passages:
            return [("instruction", self.system)] if self.system else []
        texts = [announcement(), *map(_cited, self.marked())]
        texts[-1] = texts[-1].rstrip()
        if not (system := self.system.lstrip()):
            return [("passages", text) for text in [texts[0], *(f"\n\n{text}" for text in texts[1:])]]
        return [("instruction", system), *(("passages", f"\n\n{text}") for text in texts)]


def _own_system(system: str, messages: Sequence[Message]) -> tuple[str, Sequence[Message]]:
    """A conversation's own system message follows the variant's, as it does in training; the rest is the talk."""
    own, talk = opening(messages)
    return ("\n\n".join([system, *own]).strip() if own else system), talk


def opening(messages: Sequence[Message]) -> tuple[list[str], list[Message]]:
    """The texts of the system messages that a conversation begins with, and the messages after them."""
    place = next((n for n, message in enumerate(messages) if message["role"] != "system"), len(messages))
    return [text for m in messages[:place] if (text := str(m["content"])).strip()], list(messages[place:])


def question(messages: Sequence[Message]) -> str:
    """The last message, which has to be the user's. Raises AttuneError where there is none."""
    if not messages or messages[-1]["role"] != "user" or not str(messages[-1]["content"]).strip():
        raise AttuneError("There is no question to answer.", "Write a message first.")
    return str(messages[-1]["content"])


def _history(messages: Sequence[Message]) -> list[list[Message]]:
    """The messages before the question, in groups that each begin with a message of the user."""
    question(messages)
    groups: list[list[Message]] = []
    for message in messages[:-1]:
        if message["role"] not in ("user", "assistant", "system", "tool"):
            raise AttuneError(
                f"A message with the role '{message['role']}' cannot be answered.",
                "Send only messages of the roles system, user, assistant and tool.",
            )
        if message["role"] == "user" or not groups:
            groups.append([])
        groups[-1].append(message)
    return groups


def harmless(text: str) -> str:
    """A text in which a space breaks what a chat template would read as the end of a turn: it is only text."""
    return _TURN.sub(r"\g<0> ", text)


def _plain(message: Message) -> Message:
    kept: Message = {name: message[name] for name in ("tool_calls", "tool_call_id") if name in message}
    return {"role": message["role"], "content": harmless(str(message["content"])), **kept}


def _all_plain(messages: Sequence[Message]) -> list[Message]:
    return [_plain(message) for message in messages]


def _cited(passage: Passage) -> str:
    """A passage with its mark."""
    return f"[{passage.mark}] " + harmless(f"{passage.heading or passage.document}: {passage.text}")


def _told(whole: _Parts, left: _Parts, room: int) -> list[str]:
    lost = (
        (len(whole.shots) - len(left.shots), "example", "least similar"),
        (len(whole.passages) - len(left.passages), "passage", "lowest ranked"),
        (len(whole.history) - len(left.history), "exchange", "oldest"),
    )
    return [
        f"{number} {noun}{'s' if number > 1 else ''} ({which} first) left out: the model reads {room} tokens at once."
        for number, noun, which in lost
        if number
    ]


def _left_out(whole: _Parts, left: _Parts) -> list[Part]:
    """What was dropped: the first words of each example and exchange, the place of each passage."""
    shots = whole.shots[: len(whole.shots) - len(left.shots)]
    history = whole.history[: len(whole.history) - len(left.history)]
    passages = whole.passages[len(left.passages) :]
    return [
        *(("example", str(shot[0]["content"])) for shot in shots),
        *(("passages", f"{passage.document}: {passage.heading or passage.text}") for passage in passages),
        *(("history", str(group[0]["content"])) for group in history),
    ]


def _template(name: str) -> str:
    return (_PROMPTS / f"{name}.md").read_text(encoding="utf-8").strip()


def _text(value: Any) -> str:
    """A field as a line, a list as a line for each entry."""
    if isinstance(value, list | tuple):
        return "\n".join(f"- {' '.join(str(entry).split())}" for entry in value if str(entry).strip())
    return " ".join(str(value).split())
