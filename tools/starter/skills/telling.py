"""Telling: a fact with its values as one sentence, and sentences of no kind, which only their own words find."""

from __future__ import annotations

import re
from random import Random
from typing import NamedTuple

from tools.starter.sample import Fact, capital
from tools.starter.words import Words, spoken

WORDS = re.compile(r"[^\W\d_]{3,}[\w-]*|\w*\d[\w.,:-]*\w|\d+")
LOOSE = tuple(
    f"{subject} {verb} {rest}."
    for subject in (
        "The {adj} {noun}", "{person}'s {noun}", "Every {noun}", "Our {adj} {noun}", "{brand}", "A {noun} from {place}",
        "No {noun}", "The {noun} and the {noun2}", "{name}", "One {adj} {item}", "The {noun} of {person}", "{word}",
        "Any {noun} of {brand}", "The {colour} {item}", "Order {code}", "The {material} {noun}", "Each {job}",
        "The {noun} in {place}", "Some {noun} or {noun2}", "The {dept} {noun}", "Form {code}",
        "What {person} calls {word}",
    )
    for verb in (
        "{verb}", "was {verb} with", "needs", "must not touch", "comes with", "is older than", "goes to", "leaves from",
        "replaces", "will not reach", "belongs to", "is paid by", "hides behind", "never met", "can be seen from",
    )
    for rest in (
        "the {noun3} near {place}", "{n} {adj2} {noun3} parts", "a {adj2} {noun3}", "{name2}", "the {colour2} {noun3}",
        "{brand2} in {place2}", "{code2}", "a {noun3} for {price}", "the {noun3} until {date}", "{word2}",
        "the {noun3} of {person2} at {time}", "{item2}, {colour2} and {adj2}", "every {noun3} on {day}", "{place2}",
        "the {job2} and the {noun3}", "{n} of the {noun3}", "room {n}", "the {noun3}, but only in {month}",
    )
)  # fmt: skip


class Told(NamedTuple):
    """A fact with its values, as one sentence."""

    fact: Fact
    statement: str
    slots: dict[str, str]

    @property
    def sentence(self) -> str:
        """The statement with its values."""
        return capital(spoken(self.statement.format(**self.slots)))


def told(r: Random, w: Words, fact: Fact) -> Told:
    """State a fact with fresh values. Kinds of fact are split into train and held-out as a whole."""
    slots: dict[str, str] = {}
    statement = r.choice(fact.statements)
    w.fill(r, statement, slots)
    return Told(fact, statement, slots)


def loose(r: Random, w: Words, statements: tuple[str, ...]) -> Told:
    """A sentence that no question fits but one with its own words."""
    return told(r, w, Fact("", (w.pick(r, statements),), (), ()))


def once(words: list[str], context: str) -> list[str]:
    """Those of the words that stand in the context just once."""
    return [word for word in words if len(re.findall(rf"\b{re.escape(word)}\b", context, re.I)) == 1]
