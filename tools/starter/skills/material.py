"""Sentences by kind from texts/, and ways to write a name or a list, for the skills that answer exactly."""

from __future__ import annotations

import re
import string
from functools import cache
from random import Random

from tools.starter.words import TEXTS, Words, lists, spoken

NAME_SHAPES = ("{0}", "{0}", "snake", "upper", "capital", "title", "kebab", "camel", "scream")
BULLETS = ("- ", "* ", "• ")


@cache
def kinds(file: str) -> dict[str, tuple[str, ...]]:
    """The sentences of a file in texts/ by the heading (`# heading`) above them."""
    found = {}
    for block in ("\n" + (TEXTS / file).read_text(encoding="utf-8")).split("\n# ")[1:]:
        heading, *lines = block.strip().splitlines()
        found[heading] = tuple(line.replace("\\n", "\n") for line in lines)
    return found


def asks(name: str) -> tuple[str, ...]:
    """The wordings of a task, by their heading in texts/asks.txt."""
    return kinds("asks.txt")[name]


@cache
def notes() -> tuple[str, ...]:
    """Sentences with people, places, companies, dates and amounts in them."""
    return tuple((TEXTS / "notes.txt").read_text(encoding="utf-8").splitlines())


@cache
def stop_words() -> frozenset[str]:
    """Every word that stands in a sentence of the labelling skill: no topic may bear it."""
    files = ("kinds.txt", "tones.txt", "topics.txt")
    text = " ".join((TEXTS / file).read_text(encoding="utf-8") for file in files)
    return frozenset(re.findall(r"[a-z]+", text.lower()))


@cache
def nouns() -> tuple[str, ...]:
    """Nouns that no sentence of the labelling skill contains."""
    return tuple(word for word in lists()["noun"] if word not in stop_words())


def shaped(name: str, shape: str) -> str:
    """A name of one or more words, written in one of NAME_SHAPES."""
    if shape == "upper":
        return name.upper()
    if shape == "capital":
        return name.capitalize()
    words = name.split()
    if shape in ("snake", "scream"):
        return "_".join(words).upper() if shape == "scream" else "_".join(words)
    if shape == "title":
        return " ".join(word.capitalize() for word in words)
    if shape == "kebab":
        return "-".join(words)
    if shape == "camel":
        return words[0] + "".join(word.capitalize() for word in words[1:])
    return name


def block(r: Random, names: list[str]) -> str:
    """Names as a list over several lines: bullets, numbers, or one a line."""
    way = r.randrange(4)
    if way == 0:
        return "\n".join(f"{i}. {name}" for i, name in enumerate(names, 1))
    mark = "" if way == 1 else r.choice(BULLETS)
    return "\n".join(mark + name for name in names)


def row(r: Random, names: list[str]) -> str:
    """Names in one line: by commas, strokes, in quotes or brackets, the last perhaps after `or`."""
    mark = r.choice(("{}", "{}", "{}", '"{}"', "'{}'", "[{}]", "`{}`"))
    marked = [mark.format(name) for name in names]
    between = r.choice((", ", ", ", ", ", " | ", " / ", "; "))
    if between == ", " and r.random() < 0.3:
        return ", ".join(marked[:-1]) + r.choice((" or ", " and ")) + marked[-1]
    return between.join(marked)


def filled(r: Random, w: Words, template: str) -> tuple[str, list[tuple[str, str]]]:
    """The template's text, and the slots' kinds and values in order of appearance."""
    slots: dict[str, str] = {}
    text = w.fill(r, template, slots)
    order = [name for _, name, _, _ in string.Formatter().parse(template) if name]
    return text, [(name.rstrip("0123456789"), slots[name]) for name in order]


def sentence(r: Random, w: Words) -> str:
    """Any complete sentence: a note, or what a customer writes."""
    if r.random() < 0.6:
        text = w.fill(r, w.pick(r, notes()), {})
    else:
        one = kinds(r.choice(("kinds.txt", "tones.txt")))
        text = w.fill(r, w.pick(r, one[r.choice(list(one))]), {})
    return spoken(text[:1].upper() + text[1:])
