"""Patterns: one to six examples show a format that nobody explains; the model goes on in the same way."""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random

from tools.starter.sample import Sample, answer_for, capital, facts, issues, turns
from tools.starter.skills.reading import question_for, told
from tools.starter.style import PLAIN, instruction, style
from tools.starter.words import Words

Rule = Callable[[str], str]

HINTS = (
    "Follow the examples.",
    "Go on like this.",
    "Use the same format.",
    "Answer as in the examples.",
    "Do the same for each message.",
    "Continue the pattern.",
    "Convert each line.",
    "Rewrite the input.",
    "Format the entry.",
    "Process the message.",
)
MARKS = ("->", "=>", "=", ":", "|", "/", "—", "~", "::", "»", "+", "is", "means", "goes to", "and", "needs")
WRAPS = (
    "{}",
    "{}",
    "{}",
    "[{}]",
    "<{}>",
    "({})",
    '"{}"',
    "*{}*",
    "**{}**",
    "`{}`",
    "#{}",
    "{}!",
    "{}?",
    "{}.",
    "« {} »",
    "_{}_",
    "@{}",
    "{};",
)
ENTRY: dict[str, Callable[[Words, Random], str]] = {
    "name": lambda w, r: w.slot(r, "name"),
    "code": lambda w, r: w.code(r),
    "word": lambda w, r: w.invented(r),
    "product": lambda w, r: w.slot(r, "product"),
    "place": lambda w, r: w.entity(r, "place"),
    "pair": lambda w, r: f"{w.word(r, 'adj')} {w.word(r, 'noun')}",
    "noun": lambda w, r: w.word(r, "noun"),
    "line": lambda w, r: f"{w.entity(r, 'first')} {w.word(r, 'verb')} the {w.word(r, 'noun')}.",
    "order": lambda w, r: f"{w.slot(r, 'n')} x {w.entity(r, 'item')}",
    "date": lambda w, r: w.slot(r, "date"),
    "visit": lambda w, r: f"{w.entity(r, 'first')}, {w.entity(r, 'place')}, {w.slot(r, 'time')}",
    "big": lambda w, r: w.slot(r, "big"),
    "email": lambda w, r: w.slot(r, "email"),
}


def rule(r: Random, w: Words) -> Rule:
    """A way to turn an input into an output, put together from pieces by chance."""
    wrap = r.choice(WRAPS)
    before = r.choice(
        (
            "",
            w.invented(r),
            w.word(r, "noun"),
            w.invented(r).capitalize(),
            w.code(r),
            w.word(r, "noun").upper(),
        )
    )
    after = r.choice(("", "", w.invented(r), w.word(r, "adj"), w.code(r)))
    mark = r.choice(MARKS)
    key = r.choice((w.word(r, "noun"), w.invented(r)))
    makers: tuple[Rule, ...] = (
        lambda x: f"{before} {mark} {wrap.format(x)} {after}".strip(),
        lambda x: wrap.format(x),
        lambda x: f"{wrap.format(x)} {mark} {before or key}",
        lambda x: wrap.format(x.upper()),
        lambda x: x.lower(),
        lambda x: json.dumps({key: x}, ensure_ascii=False),
        lambda x: json.dumps([x, before or key], ensure_ascii=False),
        lambda x: f"{x} {mark} {x}",
        lambda x: wrap.format(x.split()[0]),
        lambda x: wrap.format(x.split()[-1]),
        lambda x: f"{key}: {x}",
        lambda x: " ".join(reversed(x.split())),
        lambda x: f"{x.split()[-1]}, {x.split()[0]}",
        lambda x: f"- {x}\n- {before or key}",
        lambda x: f"{capital(key)} {x}, {after or key}!",
        lambda x: f"<{key}>{x}</{key}>",
        lambda x: f"{before or key}\n{x}",
        lambda x: x.replace(" ", r_join),
        lambda x: f"The {key} of {x} {mark} {before or after or key}",
    )
    r_join = r.choice(("-", "_", "/", ".", "+"))
    return r.choice(makers)


def invented(r: Random, w: Words) -> Sample:
    """Examples of an invented format, as turns."""
    make, entry = rule(r, w), ENTRY[r.choice(list(ENTRY))]
    lines: list[str] = []
    for _ in range(r.randint(2, 7)):
        text = entry(w, r)
        lines += [text, make(text)]
    return Sample("pattern", turns(w.pick(r, HINTS) if r.random() < 0.5 else "", *lines))


def inline(r: Random, w: Words) -> Sample:
    """The same inside one message."""
    make, entry = rule(r, w), ENTRY[r.choice(list(ENTRY))]
    names = r.choice(
        (
            ("Input", "Output"),
            ("Q", "A"),
            ("In", "Out"),
            ("Text", "Result"),
            ("From", "To"),
            ("Before", "After"),
        )
    )
    shots = [entry(w, r) for _ in range(r.randint(2, 5))]
    body = "\n".join(f"{names[0]}: {text}\n{names[1]}: {make(text)}" for text in shots[:-1])
    return Sample(
        "pattern-inline", turns("", f"{body}\n{names[0]}: {shots[-1]}\n{names[1]}:", make(shots[-1]))
    )


def sorting(r: Random, w: Words) -> Sample:
    """Examples show which tag belongs to which kind of message; the tags are words or inventions."""
    kinds = r.sample(issues(), r.choice((2, 2, 3)))
    tags = [
        r.choice((kind.label, kind.label.upper(), w.invented(r), w.code(r), w.word(r, "noun")))
        for kind in kinds
    ]
    wrap = r.choice(WRAPS)
    order = [0, 1] + [r.randrange(len(kinds)) for _ in range(r.randint(1, 5))]
    lines: list[str] = []
    for index in [*order[:-1], r.choice(order[:-1])]:
        lines += [w.fill(r, w.pick(r, kinds[index].users), {}), wrap.format(tags[index])]
    return Sample("sorting", turns(w.pick(r, HINTS) if r.random() < 0.6 else "", *lines))


def manners(r: Random, w: Words) -> Sample:
    """Shots show how a support desk opens and closes its answers; the last answer keeps to it."""
    business = {"brand": w.brand(r)}
    house = style(r, w, dict(business))
    system = instruction(r, w, business, house.rules if r.random() < 0.35 else [])
    lines: list[str] = []
    known: list[str] = []
    for _ in range(r.randint(2, 6)):
        if r.random() < 0.5:
            issue, slots = r.choice(issues()), dict[str, str]()
            lines += [
                w.fill(r, w.pick(r, issue.users), slots),
                house.dress(w.fill(r, w.pick(r, issue.agents), slots)),
            ]
        else:
            one = told(r, w, r.choice(facts()))
            known.append(one.sentence)
            lines += [
                question_for(r, w, one),
                house.dress(capital(answer_for(r, one.fact, one.statement, one.slots))),
            ]
    notes = ""
    if known:
        heading = r.choice(("Facts", "Notes", "What you know", "Information"))
        notes = f"\n\n{heading}: {' '.join(r.sample(known, len(known)))}"
    return Sample("manners", turns(system + notes, *lines))


def echo_style(r: Random, w: Words) -> Sample:
    """A style told in words only, and a sentence to dress in it."""
    house = style(r, w, {"brand": w.brand(r)})
    text = told(r, w, r.choice(facts())).sentence
    ask = r.choice(
        (
            "Write this in our style: {x}",
            "Put this into the right form: {x}",
            "Tell the customer: {x}",
            "Pass this on: {x}",
            "Please send this message: {x}",
            "Reply to the guest with this information: {x}",
        )
    )
    system = instruction(r, w, {}, house.rules or PLAIN.rules)
    return Sample("style", turns(system, ask.format(x=text), house.dress(text)))
