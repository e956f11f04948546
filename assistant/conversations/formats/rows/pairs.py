"""A question and its answer a record: Alpaca, prompt and completion, any two columns of a table."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from assistant.conversations.formats import messages
from assistant.conversations.formats.found import BadRow, Hints, ImportedConversation, Tally, keys
from assistant.conversations.formats.rows import values
from assistant.record.types import Message

QUESTIONS = """question questions instruction prompt query input user user_message user_input customer request ask asked
q frage anfrage pregunta domanda intrebare întrebare pergunta vraag fraga fråga вопрос 问题 質問 질문""".split()
ANSWERS = """answer answers output response completion reply target assistant assistant_message bot agent
expected_answer expected_response ideal reference_answer ground_truth expected_output a antwort respuesta risposta
raspuns răspuns resposta antwoord svar ответ 答案 回答 답변 réponse reponse""".split()
CONTEXTS = ("input", "context", "inputs")  # what an instruction is about
SYSTEMS = ("system", "system_prompt", "system_message")
JUDGED = ("label", "rating", "thumbs", "feedback")
UP, DOWN = (
    ("true", "1", "good", "up", "thumbs_up", "desirable"),
    ("false", "0", "-1", "bad", "down", "thumbs_down", "undesirable"),
)
QUESTIONS_AND_ANSWERS = "questions and answers"
FAMILIES = {("instruction", "output"): "Alpaca", ("prompt", "completion"): "prompts and completions"}
EMPTY = "rows without a question or an answer"
_MARK = re.compile(r"\s*(?:#{2,}|-+>|=>|\|>|-{3,}|\?{3,}|={3,})\s*$")  # how prompts of completion models end
_ENDS = (" END", "END", " ###", "###", "<|endoftext|>", "\n")


class _Empty(Exception):
    """A row in which a side says nothing."""


class Pairs:
    """Question and answer by the names of two keys or columns, guessed or told. One is made for each file."""

    def __init__(self, hints: Hints, head: Sequence[Any]) -> None:
        self.hints, self.name = hints, QUESTIONS_AND_ANSWERS
        self.legacy = _legacy([r for r in head if isinstance(r, Mapping)])

    def recognises(self, record: Any) -> bool:
        return isinstance(record, Mapping) and self.columns(list(record)) is not None

    def columns(self, names: Sequence[str]) -> tuple[str, str] | None:
        """The names of question and answer among these; None where they cannot be told."""
        question = _told(names, self.hints.of("question", "user")) or _known(names, QUESTIONS)
        answer = _told(names, self.hints.of("answer", "assistant")) or _known(names, ANSWERS)
        return (question, answer) if question and answer and question != answer else None

    def is_head(self, cells: Sequence[str]) -> bool:
        return self.columns([cell.strip() for cell in cells]) is not None

    def read(self, record: Mapping[str, Any], told: Tally) -> Iterator[ImportedConversation]:
        found = self.columns(list(record))
        if found is None:
            raise BadRow(f"it is not clear which of {keys(record)} are the question and the answer")
        question, answer = found
        self.name = FAMILIES.get((_plain(question), _plain(answer)), QUESTIONS_AND_ANSWERS)
        system = _told(list(record), self.hints.of("system")) or _known(list(record), SYSTEMS)
        context = next((name for name in record if _plain(name) in CONTEXTS and name not in found), None)
        judged = next((n for n in record if _plain(n) in JUDGED and _thumb(record[n]) is not None), None)
        history = next((n for n in record if _plain(n) == "history" and isinstance(record[n], list)), None)
        used = (question, answer, system, context, judged, history, "tools")
        for name in record:
            if name not in used and record[name] not in (None, "", []):
                told.leave(f'the field "{str(name)[:40]}" of rows')
        try:
            asked = self._asked(record[question], record.get(context) if context else None, told)
            said = self._said(record[answer], told)
        except _Empty:
            told.leave(EMPTY)
            return
        head: list[Message] = []
        if system and isinstance(record[system], str) and record[system].strip():
            head = [{"role": "system", "content": record[system]}]
        talk = [*head, *(_history(record[history]) if history else []), *asked, *said]
        row = {"messages": talk} | ({"tools": record["tools"]} if record.get("tools") else {})
        made = messages.conversation(_undeclared(row), told)
        if judged and _thumb(record[judged]) is False:
            made[-1]["weight"] = 0
            yield ImportedConversation(made, rejected=(len(made) - 1,))
        else:
            yield ImportedConversation(made)

    def _asked(self, value: Any, context: Any, told: Tally) -> list[Message]:
        value = _text_or_messages(value, told)
        if value is None:
            raise _Empty
        if isinstance(value, str):
            if self.legacy and value.endswith(self.legacy[0]):
                told.leave(f"the ends {self.legacy[0]!r} of prompts")
                value = value.removesuffix(self.legacy[0])
            if isinstance(context, str) and context.strip():
                value = f"{value}\n\n{context}"
            if not value.strip():
                raise _Empty
            return [{"role": "user", "content": value}]
        return values.asked(value, told)

    def _said(self, value: Any, told: Tally) -> list[Message]:
        value = _text_or_messages(value, told)
        if isinstance(value, str) and self.legacy:
            kept = value.removesuffix(self.legacy[1]) if self.legacy[1] else value
            if kept != value:
                told.leave(f"the ends {self.legacy[1]!r} of completions")
            value = kept.removeprefix(" ")
        if value is None or (isinstance(value, str) and not value.strip()):
            raise _Empty
        return values.said(value, told)


class Preferences:
    """Two answers to one prompt: {"prompt", "chosen", "rejected"}, each text or messages."""

    name = "preferences (chosen, rejected)"

    def recognises(self, record: Any) -> bool:
        return isinstance(record, Mapping) and {"chosen", "rejected"} <= set(record)

    def read(self, record: Mapping[str, Any], told: Tally) -> Iterator[ImportedConversation]:
        question = _known([n for n in record if n not in ("chosen", "rejected")], QUESTIONS)
        system = _known(list(record), SYSTEMS)
        for name in record:
            if name not in ("chosen", "rejected", "tools", question, system) and record[name] is not None:
                told.leave(f'the field "{str(name)[:40]}" of rows')
        good, bad = (_talk(values.decoded(record[name]), told) for name in ("chosen", "rejected"))
        head: list[Message] = []
        if system and isinstance(record[system], str) and record[system].strip():
            head = [{"role": "system", "content": record[system]}]
        if len(good) == len(bad) == 1:
            if not question:
                raise BadRow("there is no prompt beside both answers")
            head += values.asked(values.decoded(record[question]), told)
        elif good[:-1] != bad[:-1]:
            raise BadRow("both answers answer different conversations")
        talk = [*head, *good]
        if good[-1] == bad[-1]:
            raise BadRow("both answers are the same")
        if bad[-1]["role"] != "assistant":
            raise BadRow("the rejected answer is not from the assistant")
        row = {"messages": talk} | ({"tools": record["tools"]} if record.get("tools") else {})
        made = messages.conversation(_undeclared(row), told)
        yield ImportedConversation([*messages.context(made[:-1]), made[-1]], worse=(bad[-1],))


def _talk(value: Any, told: Tally) -> list[Message]:
    """An answer alone, or the whole conversation that it ends."""
    if isinstance(value, str):
        if "\n\nHuman:" in f"\n\n{value.lstrip()}"[:10]:
            parts = re.split(r"\n\n(Human|Assistant):", f"\n\n{value.strip()}")[1:]
            turns = zip(parts[::2], parts[1::2], strict=True)
            return [{"role": "user" if who == "Human" else "assistant", "content": text.strip()} for who, text in turns]
        if not value.strip():
            raise BadRow("an answer is empty")
        return [{"role": "assistant", "content": value}]
    if isinstance(value, Mapping):
        value = [value]
    return messages.listed([values.plain(one) for one in value] if isinstance(value, list) else value, "chosen", told)


def _undeclared(row: dict[str, Any]) -> dict[str, Any]:
    """The row with what its first message declares beside the messages, where a conversation is read from."""
    first = row["messages"][0]
    found = {name: first[name] for name in ("tools", "parallel_tool_calls") if name in first}
    clean = [{k: v for k, v in m.items() if k not in ("tools", "parallel_tool_calls")} for m in row["messages"]]
    return found | row | {"messages": clean}


def _history(given: Sequence[Any]) -> list[Message]:
    """Earlier exchanges as lists of two; they are context."""
    found: list[Message] = []
    for pair in given:
        if not (isinstance(pair, Sequence) and len(pair) == 2 and all(isinstance(text, str) for text in pair)):
            raise BadRow("the history is not a list of questions with answers")
        found += [{"role": "user", "content": pair[0]}, {"role": "assistant", "content": pair[1], "weight": 0}]
    return found


def _plain(name: object) -> str:
    return re.sub(r"[\s_-]+", "_", str(name).strip().casefold())


def _known(names: Sequence[str], known: Sequence[str]) -> str | None:
    """The name that comes first in the list of known ones."""
    plain = {_plain(name): name for name in reversed(list(names))}
    return next((plain[name] for name in known if name in plain), None)


def _told(names: Sequence[str], wanted: Sequence[str]) -> str | None:
    plain = {_plain(name): name for name in reversed(list(names))}
    return next((plain[_plain(name)] for name in wanted if _plain(name) in plain), None)


def _thumb(value: Any) -> bool | None:
    """A judgement: true, false, or none that is known."""
    text = str(value).strip().lower()
    return True if text in UP else False if text in DOWN else None


def _text_or_messages(value: Any, told: Tally) -> Any:
    """Text as it is, a list of messages as a list; whatever else is no text as the JSON that it is."""
    if isinstance(value, str):
        if value.lstrip().startswith("[") and '"role"' in value and '"content"' in value:
            return values.decoded(value)
        return value
    if value is None or values.are_messages(value):
        return value
    if not isinstance(value, int | float) or isinstance(value, bool):
        told.doubt(values.AS_JSON)
    return json.dumps(value, ensure_ascii=False, default=str)


def _legacy(head: Sequence[Mapping[str, Any]]) -> tuple[str, str] | None:
    """How completion models' rows end: the mark after each prompt, the one after each completion; None for others.

    Only where every prompt ends in the same mark: then OpenAI's old guide was followed, completions begin with a space.
    """
    prompts = [row.get("prompt") for row in head]
    answers = [row.get("completion") for row in head]
    if not head or not all(isinstance(text, str) for text in (*prompts, *answers)):
        return None
    marks = Counter(found[0] if (found := _MARK.search(str(text))) else "" for text in prompts)
    mark = next(iter(marks))
    if len(marks) > 1 or not mark:
        return None
    return mark, next((end for end in _ENDS if all(str(text).endswith(end) for text in answers)), "")
