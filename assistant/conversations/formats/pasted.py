"""Conversations out of pasted text: lines that begin with "User:" and "Assistant:", question and answer, JSON."""

from __future__ import annotations

from assistant.conversations.formats import json_lines, marks
from assistant.conversations.formats.found import BadRow, Tally
from assistant.conversations.formats.messages import conversation
from assistant.errors import AttuneError
from assistant.record.types import Message

REMEDY = "Write “User: …” and “Assistant: …” on lines of their own, with a line of --- between conversations."
SHOWN = 3  # problems that are told


def looks_like(text: str) -> bool:
    """Whether a message holds at least one question and one answer in a form that `parse` reads."""
    return (text.lstrip().startswith("{") and '"messages"' in text) or marks.looks_like(text)


def parse(text: str) -> list[list[Message]]:
    """The conversations of a pasted text, checked like those of a file. Raises AttuneError, with the form to use."""
    if text.lstrip().startswith(("{", "[")):
        return json_lines.parse(text, "The text")
    found, problems = [], []
    for number, messages in enumerate(marks.read(text), start=1):
        try:
            found.append(conversation({"messages": messages}, Tally()))
        except BadRow as problem:
            problems.append(f"conversation {number}: {problem}")
    if problems:
        more = f" (and {len(problems) - SHOWN} more)" if len(problems) > SHOWN else ""
        sentence = f"The text, {'; '.join(problems[:SHOWN])}{more}."
        raise AttuneError(sentence, f"{REMEDY} Nothing was taken.")
    if not found:
        raise AttuneError("I found no conversation in that text.", REMEDY)
    return found
