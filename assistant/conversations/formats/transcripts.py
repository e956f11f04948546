"""Plain transcripts: lines that begin with a name. Who asks and who answers is known by the words, told, or guessed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from assistant.conversations.formats import marks
from assistant.conversations.formats.exports import branches
from assistant.conversations.formats.found import Hints, ImportedConversation, Tally
from assistant.errors import AttuneError
from assistant.record.types import Message

NAME = "transcript"
_LINE = re.compile(
    r"^\s*(?:\[[\d\s:.,/apmAPM-]{4,25}\]\s*|\d[\d\s:.,/apmAPM-]{3,22}\s+[-\u2013]\s+|\(\d[\d:]{3,8}\)\s*)?"
    r"(?P<who>[^\W\d_][\w .'\u2019-]{0,38}?)\s*(?:\(\d{1,2}:\d\d(?::\d\d)?\))?\s*:\s+(?P<text>\S.*)$"
)
MOST_SPEAKERS = 12


def looks_like(sample: str, hints: Hints) -> bool:
    """Whether there are questions and answers by words that are known, or two who speak in turn."""
    if marks.looks_like(sample):
        return True
    names = _speakers(sample)
    if hints.of("assistant", "user"):
        return bool(names)
    lines = [line for line in sample.splitlines() if line.strip()]
    spoken = sum(names.values()) >= len(lines) / 2 or min(names.values(), default=0) > 1
    return 2 <= len(names) <= MOST_SPEAKERS and spoken and bool(_LINE.match(lines[0]))


def read(text: str, hints: Hints, name: str, told: Tally) -> Iterator[ImportedConversation]:
    """The conversations of a transcript. Raises AttuneError where it cannot be told who answers."""
    if not hints.of("assistant", "user") and marks.looks_like(text):
        for number, messages in enumerate(marks.read(text), start=1):
            if found := branches.said(messages, told):
                yield ImportedConversation(found, place=f"conversation {number}", format=NAME)
        return
    sides = _sides(text, hints, name, told)
    for number, block in enumerate(marks.blocks(text), start=1):
        if found := branches.said(_messages(block, sides), told):
            yield ImportedConversation(found, place=f"conversation {number}", format=NAME)


def _speakers(text: str) -> Counter[str]:
    """The names before colons and how often each stands there; one that stands once is no speaker where others do."""
    names = _names(text)
    often = Counter({name: count for name, count in names.items() if count > 1})
    return often if len(often) > 1 else names


def _names(text: str) -> Counter[str]:
    return Counter(" ".join(found["who"].split()) for line in text.splitlines() if (found := _LINE.match(line)))


def _sides(text: str, hints: Hints, name: str, told: Tally) -> dict[str, str]:
    """The role of each speaker, by name."""
    speakers = list(_speakers(text))
    if once := [each for each in _names(text) if each not in speakers]:
        told.doubt(f"In {name} lines that begin with {', '.join(once[:3])} were read as text of the line before.")
    answering = {each.casefold() for each in hints.of("assistant", "answer")}
    asking = {each.casefold() for each in hints.of("user", "question")}
    known = {each.casefold() for each in speakers}
    if answering or asking:
        named = [*hints.of("assistant", "answer"), *hints.of("user", "question")]
        if missing := [each for each in named if each.casefold() not in known]:
            raise AttuneError(
                f"Nobody called '{missing[0][:40]}' speaks in {name}.",
                f"Those who speak are {', '.join(speakers[:MOST_SPEAKERS])}.",
            )
        first = answering if answering else known - asking
        return {each: "assistant" if each.casefold() in first else "user" for each in speakers}
    if len(speakers) != 2:
        raise AttuneError(
            f"It is not clear who answers in {name}: {', '.join(speakers[:MOST_SPEAKERS])}.",
            "Say who answers: assistant=NAME.",
        )
    told.doubt(f"In {name} {speakers[0]} was read as the user and {speakers[1]} as the assistant.")
    return {speakers[0]: "user", speakers[1]: "assistant"}


def _messages(lines: list[str], sides: dict[str, str]) -> list[Message]:
    found: list[Message] = []
    for line in lines:
        mark = _LINE.match(line)
        role = sides.get(" ".join(mark["who"].split())) if mark else None
        if mark and role:
            found.append({"role": role, "content": mark["text"]})
        elif found:
            found[-1]["content"] += f"\n{line}"
    return [message | {"content": message["content"].rstrip()} for message in found]
