"""Patterns: one to eight examples show a format that nobody explains; the model goes on in the same way."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from random import Random

from tools.starter.sample import Sample, capital, firsts, turns
from tools.starter.skills.manners import echo_style, manners
from tools.starter.skills.material import asks, kinds, nouns, sentence
from tools.starter.words import Words

Rule = Callable[[Sequence[str]], str]
__all__ = ["echo_style", "inline", "invented", "manners", "sorting"]

HINTS = asks("patterns hints")
MARKS = "-> => = : | / — ~ :: » + is means for and needs with at >> # by // .. @".split()
WRAPS = (
    *("{}",) * 8,
    *'[{}] <{}> ({}) "{}" *{}* **{}** `{}` #{} {}! {}? {}. «{}» _{}_ @{} {}; ~{}~ <<{}>> [[{}]] ={}= %{} |{}|'.split(),
)
ENTRY: dict[str, Callable[[Words, Random], str]] = {
    "name": lambda w, r: w.slot(r, "name"),
    "code": lambda w, r: w.code(r),
    "word": lambda w, r: w.invented(r),
    "product": lambda w, r: w.slot(r, "product"),
    "place": lambda w, r: w.entity(r, "place"),
    "item": lambda w, r: w.entity(r, "item"),
    "pair": lambda w, r: f"{w.word(r, 'adj')} {w.word(r, 'noun')}",
    "noun": lambda w, r: w.word(r, "noun"),
    "two": lambda w, r: f"{w.invented(r)} {w.invented(r)}",
    "date": lambda w, r: w.slot(r, "date"),
    "time": lambda w, r: w.slot(r, "time"),
    "n": lambda w, r: w.slot(r, "n"),
    "big": lambda w, r: w.slot(r, "big"),
    "price": lambda w, r: w.slot(r, "price"),
    "email": lambda w, r: w.slot(r, "email"),
    "brand": lambda w, r: w.brand(r),
    "line": lambda w, r: sentence(r, w),
    "lines": lambda w, r: " ".join(sentence(r, w) for _ in range(r.randint(2, 6))),
}
SEVERAL_WORDS = ("name", "pair", "two")
NAMES = (
    ("Input", "Output"),
    ("Q", "A"),
    ("In", "Out"),
    ("Text", "Result"),
    ("From", "To"),
    ("Before", "After"),
    ("Message", "Reply"),
    ("Source", "Target"),
    ("x", "y"),
    ("Entry", "Form"),
    ("User", "System"),
    ("Given", "Wanted"),
)


def changed(r: Random, kind: str) -> Callable[[str], str]:
    """What happens to one field: mostly nothing, else a change that every example shows."""
    plain: list[Callable[[str], str]] = [str] * 6
    if kind in ("word", "noun", "place", "item", "pair", "two", "name"):
        plain += [str.upper, str.upper]
    if kind in ("place", "name"):
        plain += [str.lower]
    if kind in ("word", "noun", "pair", "two", "item"):
        plain += [str.title]
    if kind in SEVERAL_WORDS:
        joint = r.choice("-_/.+&")
        plain += [
            lambda x: x.split()[0],
            lambda x: x.split()[-1],
            lambda x: " ".join(reversed(x.split())),
            lambda x: joint.join(x.split()),
            lambda x: ", ".join(reversed(x.split())),
            lambda x: "".join(word[0] for word in x.split()).upper(),
        ]
    return r.choice(plain)


def rule(r: Random, w: Words, kind_of: list[str]) -> Rule:
    """A way to turn fields into an output, put together from pieces by chance."""
    changes = [changed(r, kind) for kind in kind_of]
    wraps = [r.choice(WRAPS) for _ in kind_of]
    order = r.sample(range(len(kind_of)), len(kind_of))
    if len(order) > 1 and r.random() < 0.2:
        order = order[:-1]
    mark = r.choice(MARKS)
    before, after, key = _any(r, w), _any(r, w), r.choice((w.word(r, "noun"), w.invented(r)))
    keys = [f"{key}{i}" if r.random() < 0.2 else r.choice((w.word(r, "noun"), w.invented(r))) for i in range(3)]
    middle = r.choice((" ", ", ", f" {mark} ", "\n", "; ", f" {w.invented(r)} ", "/", " | "))

    def fields(values: Sequence[str]) -> list[str]:
        return [wraps[i].format(changes[i](values[i])) for i in order]

    makers: tuple[Rule, ...] = (
        lambda v: f"{before} {mark} {middle.join(fields(v))} {after}",
        lambda v: f"{before} {mark} {middle.join(fields(v))}",
        lambda v: middle.join(fields(v)),
        lambda v: f"{middle.join(fields(v))} {mark} {before}",
        lambda v: json.dumps({keys[i]: changes[i](v[i]) for i in order}, ensure_ascii=False),
        lambda v: json.dumps([changes[i](v[i]) for i in order] + [before], ensure_ascii=False),
        lambda v: "\n".join(f"{keys[i]}: {changes[i](v[i])}" for i in order),
        lambda v: "\n".join(f"- {x}" for x in [*fields(v), before]),
        lambda v: f"<{key}>{middle.join(fields(v))}</{key}>",
        lambda v: f"{before}\n{middle.join(fields(v))}\n{after}",
        lambda v: f"The {key} of {' and '.join(fields(v))} {mark} {before}",
        lambda v: f"{capital(key)} {middle.join(fields(v))}, {after}!",
        lambda v: f"{fields(v)[0]} {mark} {fields(v)[0]}",
        lambda v: f"{before} {fields(v)[0]} {after} {fields(v)[-1]}.",
        lambda v: f"{key}({', '.join(fields(v))})",
    )
    return r.choice(makers)


def _any(r: Random, w: Words) -> str:
    way = r.randrange(6)
    if way == 0:
        return w.code(r)
    if way == 1:
        return w.word(r, "noun").upper()
    if way == 2:
        return f"{w.word(r, 'adj')} {w.word(r, 'noun')}"
    if way == 3:
        return w.word(r, "noun")
    word = w.invented(r)
    return word.capitalize() if way == 4 else word


def pairs(r: Random, w: Words, shots: int) -> list[tuple[str, str]]:
    """Inputs of one to three fields and their outputs, all by one rule."""
    kind_of = r.sample(list(ENTRY), r.choices((1, 2, 3), (45, 33, 22))[0])
    if len(kind_of) > 1 and {"line", "lines"} & set(kind_of):
        kind_of = ["name", "code"]
    make = rule(r, w, kind_of)
    between = r.choice((", ", ", ", " | ", "; ", " - ", "\n", " / ", " "))
    if between == " " and not set(kind_of) <= {"code", "word", "noun", "email", "n"}:
        between = ", "  # else nothing shows where a field ends
    names = [r.choice(nouns()) for _ in kind_of] if len(kind_of) > 1 and r.random() < 0.25 else []
    found: list[tuple[str, str]] = []
    while len(found) < shots:
        values = [ENTRY[kind](w, r) for kind in kind_of]
        shown = [f"{name}: {value}" for name, value in zip(names, values, strict=True)] if names else values
        text = ("\n" if names and between == " " else between).join(shown)
        if all(text != other for other, _ in found) or r.random() < 0.05:  # a small list must not stop it
            found.append((text, make(values)))
    return found


def amount(r: Random) -> int:
    """How many examples stand before the last one."""
    return r.choices((1, 2, 3, 4, 6, 8), (20, 25, 22, 15, 10, 8))[0]


def invented(r: Random, w: Words) -> Sample:
    """Examples of an invented format, as turns."""
    more = r.choice((0, 2, 4)) if w.dense else 0  # each further example is an answer to learn from
    lines = [text for pair in pairs(r, w, amount(r) + 1 + more) for text in pair]
    return Sample("pattern", turns(w.ask(r, HINTS) if r.random() < 0.5 else "", *lines), frozenset({0}))


def inline(r: Random, w: Words) -> Sample:
    """The same inside one message."""
    names = w.pick(r, NAMES)
    *shown, (last, answer) = pairs(r, w, amount(r) + 1)
    gap = r.choice(("\n", "\n\n"))
    if r.random() < 0.25 and not any("\n" in text for pair in shown for text in pair):
        arrow = r.choice((" -> ", " => ", " = ", "\t", " --> "))
        return Sample(
            "pattern-inline",
            turns("", "\n".join(f"{x}{arrow}{y}" for x, y in shown) + f"\n{last}{arrow}".rstrip(), answer),
        )
    body = gap.join(f"{names[0]}: {x}\n{names[1]}: {y}" for x, y in shown)
    task = w.ask(r, HINTS) + "\n" if r.random() < 0.3 else ""
    text = f"{task}{body}{gap}{names[0]}: {last}\n{names[1]}:"
    return Sample("pattern-inline", turns("", text, answer))


def sorting(r: Random, w: Words) -> Sample:
    """Examples show which tag belongs to which kind of message; the tags are words or inventions."""
    count = r.choice((2, 2, 3, 4))
    wrap = r.choice(WRAPS)
    about: list[Callable[[], str]] = []
    tags: list[str] = []
    chosen = r.sample(list(kinds("kinds.txt").items()), count)
    things = r.sample(nouns(), count)
    from_kinds = r.random() < 0.3
    for (heading, texts), thing in zip(chosen, things, strict=True):
        topic = heading.split(":")[0] if from_kinds else thing
        tags.append(r.choice((topic, topic.upper(), w.invented(r), w.code(r), w.word(r, "noun"))))
        if from_kinds:
            about.append(lambda t=texts: w.fill(r, w.pick(r, t), {}))  # type: ignore[misc]
        else:
            about.append(lambda t=thing: _about(r, w, t))  # type: ignore[misc]
    order = [*range(count), *(r.randrange(count) for _ in range(r.randint(1, 4)))]
    r.shuffle(order)
    lines: list[str] = []
    for index in [*order, r.choice(order)]:
        lines += [about[index](), wrap.format(tags[index])]
    messages = turns(w.ask(r, HINTS) if r.random() < 0.6 else "", *lines)
    return Sample("sorting", messages, firsts(messages))


def _about(r: Random, w: Words, thing: str) -> str:
    return capital(w.fill(r, w.pick(r, kinds("topics.txt")["topic"]), {"t": thing}))
