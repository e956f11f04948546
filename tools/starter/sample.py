"""A conversation of the corpus, and the small helpers that every skill shares."""

from __future__ import annotations

import string
from functools import cache
from typing import NamedTuple

from tools.starter.words import TEXTS

Message = dict[str, str]


class Sample(NamedTuple):
    """One conversation; the benchmark asks for its last message and compares.

    `free` are the answers, by their number from 0, that nothing before them decides: nobody could learn them.
    """

    skill: str
    messages: list[Message]
    free: frozenset[int] = frozenset()


class Fact(NamedTuple):
    """Something a business tells its customers: the same slots in statements, questions and answers."""

    title: str
    statements: tuple[str, ...]
    questions: tuple[str, ...]
    answers: tuple[str, ...]


class Issue(NamedTuple):
    """A reason to write to a business: what the user says, and what a good agent replies."""

    label: str
    users: tuple[str, ...]
    agents: tuple[str, ...]


def turns(system: str, *texts: str) -> list[Message]:
    """Messages from texts that alternate user, assistant, user ...; an empty system message is left out."""
    head = [{"role": "system", "content": system}] if system else []
    return head + [{"role": ("user", "assistant")[i % 2], "content": text} for i, text in enumerate(texts)]


def firsts(messages: list[Message]) -> frozenset[int]:
    """The answers, by number, that are given for the first time: nobody knows a label that only examples show."""
    said = [message["content"] for message in messages if message["role"] == "assistant"]
    return frozenset(map(said.index, said))


def slots_of(template: str) -> set[str]:
    """The slot names in a template."""
    return {name for _, name, _, _ in string.Formatter().parse(template) if name}


@cache
def facts() -> tuple[Fact, ...]:
    """The facts of texts/facts.txt."""
    blocks = (TEXTS / "facts.txt").read_text(encoding="utf-8").strip().split("\n\n")
    return tuple(Fact(lines[0], *(_marked(lines, mark) for mark in "=?!")) for lines in map(str.splitlines, blocks))


@cache
def frames() -> tuple[Fact, ...]:
    """Sentences with hardly a fixed word, in texts/frames.txt: what they say must be looked up."""
    blocks = (TEXTS / "frames.txt").read_text(encoding="utf-8").strip().split("\n\n")
    return tuple(Fact("", _marked(lines, "="), _marked(lines, "?"), ()) for lines in map(str.splitlines, blocks))


@cache
def issues() -> tuple[Issue, ...]:
    """The issues of texts/issues.txt."""
    blocks = (TEXTS / "issues.txt").read_text(encoding="utf-8").split("# ")[1:]
    return tuple(Issue(lines[0], _marked(lines, "u"), _marked(lines, "a")) for lines in map(str.splitlines, blocks))


@cache
def fillers() -> tuple[str, ...]:
    """Sentences of the kind that stands between the facts on a page."""
    return tuple((TEXTS / "fillers.txt").read_text(encoding="utf-8").splitlines())


def _marked(lines: list[str], mark: str) -> tuple[str, ...]:
    return tuple(line[2:] for line in lines if line.startswith(mark + " "))


def join(words: list[str], final: str = "and") -> str:
    """A list in words: `a, b and c`."""
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + f" {final} " + words[-1]


def capital(text: str) -> str:
    """The text with its first letter in upper case."""
    return text[:1].upper() + text[1:]


def article(noun: str) -> str:
    """The noun with `a` or `an`."""
    return f"{'an' if noun[:1].lower() in 'aeiou' else 'a'} {noun}"
