"""Text whose lines begin with "User:" and "Assistant:", or question and answer, as conversations; unchecked."""

from __future__ import annotations

import re

from assistant.record.types import Message

_ASKING = "user|customer|client|guest|visitor|human|caller|question|q"
_ANSWERING = "assistant|agent|support|bot|ai|reply|response|answer|a"
_MARK = re.compile(
    rf"^\s*(?:[-*>]\s+|(?P<number>\d{{1,3}}[.)])\s+)?[*_]{{0,2}}(?P<who>{_ASKING}|{_ANSWERING})\s*(?:\d{{1,3}}\s*)?[*_]{{0,2}}:[*_]{{0,2}}"
    r"\s*(?P<text>.*)$",
    re.I,
)
_BETWEEN = re.compile(
    r"^\s*(?:-{3,}|={3,}|\*{3,}|_{3,}|#{1,3}\s.*|(?:conversation|example|chat)\s*\d+\s*[:.]?)\s*$", re.I
)
_PAIR = ("question", "q")


def looks_like(text: str) -> bool:
    """Whether a text holds at least one question and one answer in a form that `read` reads."""
    sides = [_asks(mark["who"]) for line in text.splitlines() if (mark := _MARK.match(line))]
    return True in sides and False in sides[sides.index(True) :]


def blocks(text: str) -> list[list[str]]:
    """The lines of a text, apart where a line of --- or a heading parts them."""
    found: list[list[str]] = [[]]
    for line in text.split("\n"):
        if _BETWEEN.match(line):
            found.append([])
        else:
            found[-1].append(line)
    return [block for block in found if any(line.strip() for line in block)]


def read(text: str) -> list[list[Message]]:
    """The conversations of a text as they stand there.

    A line of --- or a heading parts conversations, so do a number and a "Question:" after an answer. An empty line
    before "User:" does too where none stands between a question and its answer; else all is one conversation.
    """
    lines = text.replace("\r\n", "\n").split("\n")
    apart = _blank_lines_part(lines)
    found: list[list[Message]] = [[]]
    blank = False
    for line in lines:
        mark = _MARK.match(line)
        if _BETWEEN.match(line):
            found.append([])
        elif mark:
            role = "user" if _asks(mark["who"]) else "assistant"
            answered = bool(found[-1]) and found[-1][-1]["role"] == "assistant"
            if role == "user" and answered and (mark["number"] or mark["who"].lower() in _PAIR or (blank and apart)):
                found.append([])
            _say(found[-1], role, mark["text"])
        elif found[-1]:
            found[-1][-1]["content"] += f"\n{line}"
        blank = not line.strip()
    return [[m | {"content": m["content"].strip()} for m in messages] for messages in found if messages]


def _say(messages: list[Message], role: str, text: str) -> None:
    """Add what one side said; twice in a row is one message."""
    if messages and messages[-1]["role"] == role:
        messages[-1]["content"] += f"\n{text}"
    else:
        messages.append({"role": role, "content": text})


def _blank_lines_part(lines: list[str]) -> bool:
    """Whether no answer has an empty line before it: then an empty line stands between conversations."""
    return not any(
        (mark := _MARK.match(line)) and not _asks(mark["who"]) and number and not lines[number - 1].strip()
        for number, line in enumerate(lines)
    )


def _asks(who: str) -> bool:
    return who.lower() in _ASKING.split("|")
