"""Extraction: from a text to JSON, lists, bullets, CSV or `key: value` lines; values as they stand, in their order."""

from __future__ import annotations

import json
from collections.abc import Sequence
from random import Random

from tools.starter.sample import Message, Sample, capital, fillers, join, turns
from tools.starter.skills.material import BULLETS, asks, filled, kinds, notes, nouns, shaped
from tools.starter.words import Words, spoken

OBJECT = asks("extraction object")
LINES = asks("extraction lines")
POINTS = asks("extraction points")
CSV = asks("extraction csv")
ONE = asks("extraction one")
ABSENT = asks("extraction absent")
LIST = asks("extraction list")
LIST_BULLETS = asks("extraction list_bullets")
LIST_COMMA = asks("extraction list_comma")
GROUPS = asks("extraction groups")
ROWS = asks("extraction rows")
MANY: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {  # the group -> its names, the slots' kinds
    "people": (("people", "persons", "names", "names of people", "person names"), ("person", "name")),
    "places": (("places", "cities", "towns", "locations", "place names"), ("place",)),
    "companies": (("companies", "organisations", "businesses", "firms", "company names"), ("brand",)),
    "dates": (("dates", "days", "dates of the year"), ("date",)),
    "amounts": (("prices", "amounts", "amounts of money", "sums"), ("price",)),
    "items": (("products", "items", "articles", "goods", "things"), ("item",)),
    "codes": (("codes", "numbers and codes", "reference codes"), ("code",)),
    "emails": (("email addresses", "emails", "mail addresses"), ("email",)),
    "colours": (("colours", "colors"), ("colour",)),
}
COINED = asks("extraction coined")
TYPES = {"number": "n", "code": "code", "date": "date", "name": "name", "price": "price", "city": "place"}
PLAIN = asks("extraction plain")


def record(r: Random, w: Words) -> Sample:
    """Some fields of a message as JSON, lines, bullets or a row; a field that is not there is null or as told."""
    shape = r.choice(("", "", "", "snake", "camel", "title", "upper", "kebab", "capital"))
    keys: list[str] = []
    values: list[str] = []
    parts: list[str] = []
    known, coined = list(kinds("fields.txt").items()), r.random()
    for heading, texts in r.sample(known, r.choice((1, 2, 3, 3, 4, 5, 6, 8))):
        if coined < 0.4 and r.random() < 0.6:
            kind = r.choice(list(TYPES))
            key, value, texts = f"{r.choice(nouns())} {kind}", w.slot(r, TYPES[kind]), COINED
        else:
            names, slot = heading.split(": ")[1].split(" | ")
            key, value = r.choice(names.split(", ")), w.slot(r, slot)
        if key not in keys and value not in values:
            template = w.pick(r, texts)
            text = template.format(x=value, k=key)
            keys.append(shaped(key, shape))
            values.append(value)
            parts.append(spoken(text) if template.startswith("{x") else capital(spoken(text)))
    found: dict[str, str | None] = dict(zip(keys, values, strict=True))
    order = r.sample(range(len(keys)), len(keys))
    text = with_noise(r, w, [parts[i] for i in order])
    tasks = [written(r, w, some(r, found, shape)) for _ in range(w.times(r))]
    return Sample("extraction", posed(r, *tasks[0], text) + again(tasks[1:]))


def some(r: Random, found: dict[str, str | None], shape: str) -> dict[str, str | None]:
    """Fields to ask for, in any order; sometimes one among them that the text does not give."""
    names = r.sample(list(found), r.randint(1, len(found)))
    lost = missing(r, shape, set(found)) if r.random() < 0.22 else None
    if lost:
        names.insert(r.randint(0, len(names)), lost)
    return {name: found.get(name) for name in names}


def missing(r: Random, shape: str, used: set[str]) -> str | None:
    """A field that no sentence can give, if the other fields leave one."""
    name = f"{r.choice(nouns())} {r.choice(list(TYPES))}"
    return shaped(name, shape) if shaped(name, shape) not in used else None


def with_noise(r: Random, w: Words, sentences: list[str]) -> str:
    """The sentences in one paragraph or as lines, among others that give no field."""
    for _ in range(r.choices((0, 1, 2, 4, 25), (32, 32, 18, 16, 2))[0]):
        options: Sequence[str] = PLAIN if r.random() < 0.6 else fillers()
        sentences.insert(r.randint(0, len(sentences)), capital(w.fill(r, w.pick(r, options), {})))
    return r.choice((" ", " ", " ", "\n")).join(sentences)


def written(r: Random, w: Words, wanted: dict[str, str | None]) -> tuple[str, str]:
    """The task for these fields and its answer, in one of the formats."""
    names = list(wanted)
    if len(names) == 1 and r.random() < 0.6 and None not in wanted.values():
        return capital(w.ask(r, ONE).format(k=names[0])), str(wanted[names[0]])
    quote = r.choice(("{}", "{}", '"{}"', "`{}`"))
    listed = join([quote.format(name) for name in names]) if r.random() < 0.6 else ", ".join(names)
    if r.random() < 0.15:
        listed = "\n- " + "\n- ".join(names) + "\n"
    way = r.choices(("json", "lines", "bullets", "csv"), (50, 22, 14, 14))[0]
    none, told = ("null", "") if way == "json" else ("none", "")
    if None in wanted.values() and r.random() < 0.8:
        none = none if r.random() < 0.6 else r.choice(("none", "unknown", "-", "n/a", "missing", w.invented(r)))
        told = " " + capital(w.ask(r, ABSENT).format(n=none if none == "null" else f'"{none}"'))
    tasks = {"json": OBJECT, "lines": LINES, "bullets": POINTS, "csv": CSV}[way]
    task = w.ask(r, tasks).format(k=listed).replace("\n.", "\n").replace("\n,", "\n") + told
    if way == "json":
        data = {key: (None if none == "null" else none) if x is None else x for key, x in wanted.items()}
        return task, json.dumps(data, ensure_ascii=False)
    shown = {key: none if x is None else x for key, x in wanted.items()}
    if way == "lines":
        return task, "\n".join(f"{key}: {x}" for key, x in shown.items())
    return task, "; ".join(shown.values()) if way == "csv" else "\n".join(f"- {x}" for x in shown.values())


def posed(r: Random, task: str, answer: str, text: str) -> list[Message]:
    """The task in the system message or around the text."""
    task = task.strip()
    if r.random() < 0.5:
        return turns(task, text, answer)
    shape = r.choice(("{t}\n\n{x}", "{t}\nText: {x}", "{x}\n\n{t}", "{t} {x}", '{t}\n"{x}"', "Text:\n{x}\n\nTask: {t}"))
    return turns("", shape.format(t=task, x=text), answer)


def again(tasks: Sequence[tuple[str, str]]) -> list[Message]:
    """Further tasks about the same text, and their answers."""
    return turns("", *(part for task, answer in tasks for part in (task.strip(), answer)))


def listing(r: Random, w: Words) -> Sample:
    """All people, places, companies ... of a text, in order of appearance; sometimes in groups or as objects."""
    way = r.choices((one_kind, several_kinds, rows), (62, 16, 22))[0]
    return Sample("listing", way(r, w))


def story(r: Random, w: Words) -> tuple[str, dict[str, list[str]]]:
    """A text of notes, and what it mentions by group, each value once."""
    sentences: list[tuple[str, list[tuple[str, str]]]] = []
    for _ in range(r.choices((1, 2, 3, 5, 8, 12, 30), (16, 26, 26, 18, 8, 4, 2))[0]):
        sentences.append(filled(r, w, w.pick(r, notes())))
        if r.random() < 0.2:
            sentences.append((w.fill(r, w.pick(r, PLAIN), {}), []))
    found: dict[str, list[str]] = {group: [] for group in MANY}
    for _, pairs in sentences:
        for kind, value in pairs:
            for group, (_, slots) in MANY.items():
                if kind in slots and value not in found[group]:
                    found[group].append(value)
    between = r.choice((" ", " ", " ", "\n", "\n- "))
    text = between.join(sentence for sentence, _ in sentences)
    return ("- " + text if between == "\n- " else text), found


def one_kind(r: Random, w: Words) -> list[Message]:
    """One group as JSON, bullets or a row."""
    text, found = story(r, w)
    tasks = [one_group(r, w, found) for _ in range(w.times(r))]
    return posed(r, *tasks[0], text) + again(tasks[1:])


def one_group(r: Random, w: Words, found: dict[str, list[str]]) -> tuple[str, str]:
    """The task and the answer for a group that the text has."""
    group = r.choice([group for group, values in found.items() if values])
    values, name = found[group], r.choice(MANY[group][0])
    way = r.choice(("json", "json", "bullets", "comma"))
    if way == "json":
        return w.ask(r, LIST).format(k=name), json.dumps(values, ensure_ascii=False)
    if way == "bullets":
        return w.ask(r, LIST_BULLETS).format(k=name), "\n".join(f"- {x}" for x in values)
    return w.ask(r, LIST_COMMA).format(k=name), ", ".join(values)


def several_kinds(r: Random, w: Words) -> list[Message]:
    """Several groups as one JSON object of lists; a group may be empty."""
    text, found = story(r, w)
    groups = r.sample(list(MANY), r.randint(2, 4))
    names = [r.choice(MANY[group][0]) for group in groups]
    data = {name: found[group] for name, group in zip(names, groups, strict=True)}
    return posed(r, w.ask(r, GROUPS).format(k=join(names)), json.dumps(data, ensure_ascii=False), text)


ENTRIES = (  # how one entry stands in the text, and its keys in the order of its slots
    ("{n} x {item}", ("quantity", "item")),
    ("{n} of the {item}", ("quantity", "product")),
    ("{item} ({n})", ("item", "count")),
    ("{person} from {place}", ("name", "city")),
    ("{name} ({job})", ("name", "job")),
    ("{item} for {price}", ("item", "price")),
    ("{name}, {place}, {n}", ("name", "city", "age")),
    ("{code} - {item} - {price}", ("code", "item", "price")),
    ("{person} at {time}", ("name", "time")),
    ("{brand} in {place}", ("company", "city")),
    ("a {colour} {item} for {person}", ("colour", "item", "for")),
    ("{date}: {place}", ("date", "place")),
    ("{person} on {day} in {place}", ("name", "day", "city")),
    ("{code} for {name}", ("code", "name")),
    ("{item}: {n} pieces, {price}", ("item", "quantity", "price")),
    ("{name} <{email}>", ("name", "email")),
    ("{person}, {phone}", ("name", "phone")),
    ("invoice {code} of {date} over {price}", ("invoice", "date", "amount")),
)
BEFORE = ("Here is the list: ", "We need ", "Please note: ", "", "On the table we have ", "I wrote down ", "In: ")


def rows(r: Random, w: Words) -> list[Message]:
    """Entries of a list as JSON objects, or as lines of a table."""
    template, keys = w.pick(r, ENTRIES)
    entries = [filled(r, w, template) for _ in range(r.choice((1, 2, 2, 3, 4, 6)))]
    lines = [text for text, _ in entries]
    text = "\n".join(r.choice(BULLETS[:1]) + line for line in lines)
    if r.random() < 0.5:
        text = (w.pick(r, BEFORE) + "; ".join(lines) + ".").replace("..", ".")
    order = r.sample(range(len(keys)), len(keys))
    data = [{keys[i]: pairs[i][1] for i in order} for _, pairs in entries]
    task = w.ask(r, ROWS).format(k=join([keys[i] for i in order]))
    return posed(r, task, json.dumps(data, ensure_ascii=False), text)
