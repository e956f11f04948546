"""Labelling: the labels stand in the system message, plain or with what they mean."""

from __future__ import annotations

from random import Random

from tools.starter.sample import Sample, capital, issues, join, turns
from tools.starter.words import Words

TASKS = (
    "Label the message with one of: {l}.",
    "Classify each message as {o}.",
    "Answer with one label: {l}.",
    "Which of these topics fits: {l}? Answer with the topic only.",
    "Sort the message into {l}.",
    "Choose one category: {l}.",
    "You sort the mail of a {shop}. Reply with exactly one of {l}.",
    "Possible labels: {l}. Reply with the label and nothing else.",
)
MEANT = ("Use {t} for messages about {m}.", "{t} means {m}.", "Write {t} when it is about {m}.", "{t}: {m}")
GOOD = (
    "I love the {item}.",
    "What a {adj} {noun}, thank you!",
    "The {dept} team was wonderful.",
    "Great {item}, I would buy it again.",
    "Everything arrived early and in perfect shape.",
    "{person} was so kind to me.",
    "Best {shop} in {place}!",
    "It works perfectly.",
    "I am very happy with the {product}.",
    "Five stars for the {item}.",
)
BAD = (
    "I hate the {item}.",
    "What a terrible {noun}.",
    "The {dept} team was rude.",
    "Awful {item}, never again.",
    "Everything arrived late and broken.",
    "{person} was so unfriendly.",
    "Worst {shop} in {place}.",
    "It does not work at all.",
    "I am very unhappy with the {product}.",
    "One star, and that is too much for the {item}.",
)
FLAT = (
    "The {item} is {colour}.",
    "The parcel came on {day}.",
    "I bought the {item} in {place}.",
    "It has {n} pages.",
    "The {shop} is open on {day}.",
    "The {product} weighs {n} kilograms.",
    "My order is {code}.",
)
URGENT = (
    "I need help right now!",
    "Please answer at once, the {noun} is on fire.",
    "This is an emergency, call {phone}.",
    "My train leaves in {minutes} minutes and I have no ticket!",
    "It is urgent: the {item} is leaking.",
    "We need it today, not tomorrow.",
)
CALM = (
    "There is no hurry.",
    "Whenever you have time, please look at the {item}.",
    "Just a small question about the {noun}.",
    "No rush, but I would like a {colour} {item}.",
    "It can wait until {day}.",
    "Some day I would like to visit {place}.",
)
SETS: tuple[tuple[tuple[str, tuple[str, ...]], ...], ...] = (
    (("positive", GOOD), ("negative", BAD)),
    (("positive", GOOD), ("negative", BAD), ("neutral", FLAT)),
    (("good", GOOD), ("bad", BAD)),
    (("happy", GOOD), ("unhappy", BAD)),
    (("urgent", URGENT), ("not urgent", CALM)),
    (("high", URGENT), ("low", CALM)),
    (("praise", GOOD), ("complaint", BAD), ("other", FLAT)),
)


def label(r: Random, w: Words) -> Sample:
    """One to four messages with their labels."""
    kinds = _kinds(r)
    tags = [_cased(r, name) for name, _, _ in kinds]
    coined = r.random() < 0.35
    tags = (
        [r.choice((w.invented(r), w.code(r), w.word(r, "noun"), w.invented(r).upper())) for _ in kinds]
        if coined
        else tags
    )
    order = r.sample(range(len(kinds)), len(kinds))
    names = [tags[i] for i in order]
    system = w.fill(
        r, w.pick(r, TASKS).replace("{l}", ", ".join(names)).replace("{o}", join(names, "or")), {}
    )
    if coined or r.random() < 0.2:
        meaning = w.pick(r, MEANT)
        system += r.choice((" ", "\n")) + r.choice((" ", "\n")).join(
            meaning.format(t=tags[i], m=kinds[i][1]) for i in order
        )
    lines: list[str] = []
    for _ in range(r.choice((1, 1, 2, 3, 4))):
        index = r.randrange(len(kinds))
        lines += [w.fill(r, w.pick(r, kinds[index][2]), {}), tags[index]]
    return Sample("labels", turns(system, *lines))


def _kinds(r: Random) -> list[tuple[str, str, tuple[str, ...]]]:
    if r.random() < 0.4:
        return [(name, f"{name} things", texts) for name, texts in r.choice(SETS)]
    return [(one.label, one.label, one.users) for one in r.sample(issues(), r.randint(2, 5))]


def _cased(r: Random, name: str) -> str:
    return r.choice((name, name, name.upper(), capital(name)))
