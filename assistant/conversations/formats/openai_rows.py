"""OpenAI's two formats of rows, read to the letter: conversations, and one answer preferred to another.

Nothing is tidied: a row is kept as it was written, in its order, with its tools and weights. A training file of a
program is refused where something of it could not be trained on; an import leaves that out and tells it.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from assistant.conversations.formats import messages
from assistant.conversations.formats.found import BadRow, ImportedConversation, Tally
from assistant.errors import AttuneError
from assistant.record.types import Message

LEAST, SHOWN = 10, 3  # rows of a training file; problems that are told
CHAT = '{"messages": [{"role": "user", "content": "..."}, {"role": "assistant", "content": "..."}]}'
PREFERENCE = (
    '{"input": {"messages": [{"role": "user", "content": "..."}]}, '
    '"preferred_output": [{"role": "assistant", "content": "..."}], '
    '"non_preferred_output": [{"role": "assistant", "content": "..."}]}'
)
T = TypeVar("T")


@dataclass(frozen=True)
class PreferenceRow:
    """A prompt with two answers: the one that is wanted and the one that is not."""

    prompt: list[Message]
    chosen: str
    rejected: str


class ChatRows:
    """{"messages": [...]}, with tools where there are some."""

    name = "OpenAI chat rows"

    def recognises(self, record: Any) -> bool:
        said = record.get("messages") if isinstance(record, Mapping) else None
        first = said[0] if isinstance(said, list) and said else None
        other = isinstance(first, Mapping) and "role" not in first and {"from", "speaker", "type", "lc"} & set(first)
        return isinstance(said, list) and not other

    def read(self, record: Mapping[str, Any], told: Tally) -> Iterator[ImportedConversation]:
        _unused(record, ("messages", "tools", "functions", "parallel_tool_calls", "system"), told)
        found, system = messages.conversation(record, told), record.get("system")
        if isinstance(system, str) and system.strip():  # as Anthropic's rows have it
            head = messages.declared([{"role": "system", "content": system}], record)
            found = [*head, *messages.declared(found, {})]
        yield ImportedConversation(found)


class PreferenceRows:
    """{"input": {"messages": [...]}, "preferred_output": [...], "non_preferred_output": [...]}."""

    name = "OpenAI preference rows"

    def recognises(self, record: Any) -> bool:
        return isinstance(record, Mapping) and "preferred_output" in record

    def read(self, record: Mapping[str, Any], told: Tally) -> Iterator[ImportedConversation]:
        _unused(record, ("input", "preferred_output", "non_preferred_output"), told)
        prompt, chosen, rejected = _judged(record, told)
        yield ImportedConversation([*messages.context(prompt), chosen], worse=(rejected,))


def conversations(data: bytes, name: str, least: int = LEAST) -> list[list[Message]]:
    """The rows of a file for supervised training. Raises AttuneError that names the first bad lines."""
    return list(_each(data, name, lambda row: messages.conversation(row, Tally(strict=True)), CHAT, least))


def pairs(data: bytes, name: str, least: int = LEAST) -> list[PreferenceRow]:
    """The rows of a file for preference training. Raises AttuneError that names the first bad lines."""
    return list(_each(data, name, _pair, PREFERENCE, least))


def check_lines(data: bytes, name: str) -> None:
    """Refuse a file that is not JSON lines; what the lines hold is checked when it is known what for."""
    for _ in _each(data, name, lambda _: None, CHAT, 1):
        pass


def _each(data: bytes, name: str, read: Callable[[dict[str, Any]], T], shape: str, least: int) -> Iterator[T]:
    """The rows one after another, none of them kept: a file may have millions. What is wrong is told at its end."""
    good, bad = 0, 0
    problems: list[str] = []  # the first ones
    for number, line in enumerate(io.BytesIO(data.removeprefix(b"\xef\xbb\xbf")), start=1):
        if not line.strip():
            continue
        try:
            row = read(_object(line))
        except BadRow as problem:
            bad += 1
            if bad <= SHOWN:
                problems.append(f"line {number}: {problem}")
        else:
            good += 1
            yield row
    if problems:
        more = f" (and {bad - SHOWN} more)" if bad > SHOWN else ""
        raise AttuneError(f"{name}, {'; '.join(problems)}{more}.", f"Each line is one JSON object: {shape}.")
    if good < least:
        raise AttuneError(f"{name} has {good} rows, and training needs at least {least}.", "Add more examples.")


def _object(line: bytes) -> dict[str, Any]:
    try:
        value = json.loads(line.decode("utf-8"), parse_constant=no_number)
    except UnicodeDecodeError:
        raise BadRow("this is not UTF-8") from None
    except (ValueError, RecursionError):
        raise BadRow("this is not valid JSON") from None
    if not isinstance(value, dict):
        raise BadRow("this is not a JSON object")
    return value


def no_number(name: str) -> None:
    """NaN and infinity, which Python reads, are no JSON."""
    raise ValueError(name)


def _pair(row: dict[str, Any]) -> PreferenceRow:
    prompt, *answers = _judged(row, Tally(strict=True))
    if any(answer.get("tool_calls") for answer in answers):
        raise BadRow("preferences between tool calls are not trained on here")
    return PreferenceRow(prompt, *(str(answer["content"]) for answer in answers))


def _judged(row: Mapping[str, Any], told: Tally) -> tuple[list[Message], Message, Message]:
    """The prompt, the answer that is wanted and the one that is not."""
    asked = row.get("input")
    if not isinstance(asked, Mapping):
        raise BadRow('there is no object called "input"')
    prompt = messages.declared(messages.listed(asked.get("messages"), "input.messages", told), asked)
    if prompt[-1]["role"] not in ("user", "tool"):
        raise BadRow("the last message of the input is not from the user")
    chosen, rejected = _answer(row, "preferred_output", told), _answer(row, "non_preferred_output", told)
    if chosen == rejected:
        raise BadRow("both outputs are the same")
    return prompt, chosen, rejected


def _answer(row: Mapping[str, Any], name: str, told: Tally) -> Message:
    found = messages.listed(row.get(name), name, told)
    if len(found) != 1 or found[0]["role"] != "assistant":
        raise BadRow(f'"{name}" is not one assistant message')
    return {key: value for key, value in found[0].items() if key != "weight"}


def _unused(record: Mapping[str, Any], used: tuple[str, ...], told: Tally) -> None:
    for key in record:
        if key not in used and record[key] is not None:
            told.leave(f'the field "{str(key)[:40]}" of rows')
