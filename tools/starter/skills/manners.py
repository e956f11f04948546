"""Manners: shots show how a support desk opens and closes; what stands between follows from the prompt."""

from __future__ import annotations

from random import Random

from tools.starter.sample import Sample, capital, facts, turns
from tools.starter.skills.material import asks, sentence
from tools.starter.style import PLAIN, instruction, style
from tools.starter.words import Words, spoken

USERS = asks("manners users")
BODIES = asks("manners bodies")
SECOND = ("code", "code", "code", "place", "date", "name", "word", "product")
HEADINGS = asks("manners headings")
ASKS = asks("manners asks")
FIRST = frozenset({0})  # of the answers: it shows the manners that the others keep


def manners(r: Random, w: Words) -> Sample:
    """The last answer keeps to the shots' opening and closing; its body echoes the user or states a note."""
    business = {"brand": w.brand(r)}
    house = style(r, w, dict(business))
    system = instruction(r, w, business, house.rules if r.random() < 0.35 else [])
    if r.random() < 0.12:
        system = ""
    shots = r.choices((2, 3, 4, 5, 7), (30, 30, 20, 14, 6))[0]
    if r.random() < 0.5:
        cases = echoes(r, w, shots)
        return Sample("manners", turns(system, *(y for a, b in cases for y in (a, house.dress(b)))), FIRST)
    told = stated(r, w, shots + r.choice((0, 0, 1, 3)))
    cases, known = told[:shots], r.sample([body for _, body in told], len(told))
    bullet = r.choice(("\\n- ", " ", "\\n")).replace("\\n", "\n")
    notes = f"{r.choice(HEADINGS)}:{bullet}{bullet.join(known)}"
    full = f"{system}\n\n{notes}" if system else notes
    return Sample("manners", turns(full, *(y for a, b in cases for y in (a, house.dress(b)))), FIRST)


def echoes(r: Random, w: Words, count: int) -> list[tuple[str, str]]:
    """Messages that name two values, and one kind of reply that names them again."""
    second, body = r.choice(SECOND), w.pick(r, BODIES)
    body = w.fill(r, body, {"a": "{a}", "b": "{b}"})
    found = []
    for _ in range(count):
        values = {"a": w.entity(r, "item"), "b": w.slot(r, second)}
        user = spoken(w.pick(r, USERS).format(**values))
        found.append((user, body.format(**values)))
    return found


def stated(r: Random, w: Words, count: int) -> list[tuple[str, str]]:
    """Questions, and the notes that answer them, word for word."""
    found = []
    for fact in r.sample(facts(), count):
        slots: dict[str, str] = {}
        for question in fact.questions:
            w.fill(r, question, slots)
        body = capital(w.fill(r, w.pick(r, fact.statements), slots))
        found.append((w.fill(r, w.pick(r, fact.questions), slots), body))
    return found


def echo_style(r: Random, w: Words) -> Sample:
    """A style told in words only, and one to two sentences to dress in it."""
    house = style(r, w, {"brand": w.brand(r)})
    text = sentence(r, w)
    if r.random() < 0.25:
        text += " " + sentence(r, w)
    system = instruction(r, w, {}, house.rules or PLAIN.rules)
    return Sample("style", turns(system, w.ask(r, ASKS).format(x=text), house.dress(text)))
