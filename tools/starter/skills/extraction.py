"""Extraction: from a text to a JSON object, a JSON list, bullets or `key: value` lines."""

from __future__ import annotations

import json
from random import Random

from tools.starter.sample import Sample, capital, fillers, join, turns
from tools.starter.words import Words

FIELDS: dict[str, tuple[str, ...]] = {
    "name": (
        "My name is {x}.",
        "This is {x}.",
        "I am {x}.",
        "The customer is called {x}.",
        "{x} wrote to us.",
        "Ordered by {x}.",
    ),
    "order": (
        "The order number is {x}.",
        "It is about order {x}.",
        "I ordered under {x}.",
        "Order {x} is concerned.",
        "See order {x}.",
    ),
    "email": (
        "You can write to {x}.",
        "My email is {x}.",
        "The address is {x}.",
        "Mail goes to {x}.",
        "Reach me at {x}.",
    ),
    "phone": ("Call me on {x}.", "My number is {x}.", "The phone number is {x}.", "Ring {x} in the evening."),
    "city": (
        "I live in {x}.",
        "Please deliver to {x}.",
        "We are in {x}.",
        "It should go to {x}.",
        "The sender is from {x}.",
    ),
    "product": (
        "I bought the {x}.",
        "It is about the {x}.",
        "The product is the {x}.",
        "We need one {x}.",
        "The {x} was chosen.",
    ),
    "date": (
        "It should come on {x}.",
        "The date is {x}.",
        "We meet on {x}.",
        "I need it by {x}.",
        "It happened on {x}.",
    ),
    "price": ("I paid {x}.", "It cost {x}.", "The total is {x}.", "We agreed on {x}.", "The bill says {x}."),
    "time": ("Come at {x}.", "It starts at {x}.", "The time is {x}.", "We arrive at {x}."),
    "company": ("I work for {x}.", "The firm is {x}.", "It is for {x}.", "{x} will pay."),
    "colour": ("I want it in {x}.", "The colour is {x}.", "Please send the {x} one."),
    "quantity": ("We need {x} of them.", "I want {x} pieces.", "The number of pieces is {x}."),
}
SLOTS = {
    "name": "name",
    "order": "code",
    "email": "email",
    "phone": "phone",
    "city": "place",
    "product": "product",
    "date": "date",
    "price": "price",
    "time": "time",
    "company": "brand",
    "colour": "colour",
    "quantity": "n",
}
OBJECT = (
    "Extract {k} as JSON.",
    "Return a JSON object with the keys {k}.",
    "Find {k} in the text and answer as JSON.",
    "Give me {k} as a JSON object.",
    "Turn the message into JSON with {k}.",
    "Output JSON only, with the keys {k}.",
)
LINES = (
    "Extract {k}, one per line, as key: value.",
    "List {k} as key: value lines.",
    "Write {k} in the form key: value.",
    "Fill in these fields: {k}.",
)
BULLETS = ("List {k} as bullet points.", "Give {k} as bullets.", "Make a bullet list of {k}.")
LIST = (
    "List the {k} in the text as JSON.",
    "Extract all {k} as a JSON list.",
    "Return a JSON array of the {k}.",
    "Which {k} are mentioned? Answer with a JSON list.",
    "Find every {k} and return a list in JSON.",
)
LIST_BULLETS = (
    "List the {k} as bullet points.",
    "Which {k} are mentioned? Use bullets.",
    "Write each of the {k} on its own line with a dash.",
)
LIST_COMMA = (
    "List the {k}, separated by commas.",
    "Which {k} are mentioned? Separate them with commas.",
    "Name all {k} in one line.",
)
MANY = {
    "names": "person",
    "cities": "place",
    "products": "item",
    "codes": "code",
    "prices": "price",
    "companies": "brand",
    "colours": "colour",
    "emails": "email",
    "dates": "date",
    "words": "word",
    "full names": "name",
    "numbers": "big",
}
SCENES = (
    "We talked about {x} today.",
    "The notes mention {x}.",
    "Yesterday there was a report on {x}.",
    "Please have a look at {x}.",
    "On the list you find {x}.",
    "{x} came up in the meeting.",
    "I only remember {x}.",
    "First come {x}, in this order.",
)


def record(r: Random, w: Words) -> Sample:
    """Some fields of a message as JSON, lines or bullets; a field that is not there is null or `none`."""
    names = r.sample(list(FIELDS), r.randint(1, 5))
    values = {name: w.slot(r, SLOTS[name]) for name in names}
    sentences = [w.pick(r, FIELDS[name]).format(x=values[name]) for name in names]
    if r.random() < 0.4:
        sentences.insert(r.randint(0, len(sentences)), w.fill(r, w.pick(r, fillers()), {}))
    wanted: dict[str, str | None] = {name: values[name] for name in r.sample(names, r.randint(1, len(names)))}
    if r.random() < 0.2:
        wanted[r.choice([name for name in FIELDS if name not in names])] = None
    task, answer = _written(r, w, wanted)
    return Sample("extraction", _posed(r, task, " ".join(sentences), answer))


def _written(r: Random, w: Words, wanted: dict[str, str | None]) -> tuple[str, str]:
    keys = join(list(wanted))
    way = r.choice(("json", "json", "json", "lines", "bullets"))
    if way == "json":
        return w.pick(r, OBJECT).format(k=keys), json.dumps(wanted, ensure_ascii=False)
    if way == "lines":
        return w.pick(r, LINES).format(k=keys), "\n".join(
            f"{key}: {x or 'none'}" for key, x in wanted.items()
        )
    return w.pick(r, BULLETS).format(k=keys), "\n".join(f"- {x or 'none'}" for x in wanted.values())


def _posed(r: Random, task: str, text: str, answer: str) -> list[dict[str, str]]:
    if r.random() < 0.5:
        return turns(task, text, answer)
    return turns(
        "", r.choice(("{t}\n\n{x}", "{t}\nText: {x}", "{x}\n\n{t}", "{t} {x}")).format(t=task, x=text), answer
    )


def listing(r: Random, w: Words) -> Sample:
    """All names, cities, products ... of a text as a list."""
    kind = r.choice(list(MANY))
    values = list(dict.fromkeys(w.slot(r, MANY[kind]) for _ in range(r.randint(1, 5))))
    text = capital(w.pick(r, SCENES).format(x=join(values)))
    for _ in range(r.choice((0, 0, 1, 2))):
        text = r.choice(("{0} {1}", "{1} {0}")).format(text, w.fill(r, w.pick(r, NEUTRAL), {}))
    way, tasks = r.choice((("json", LIST), ("json", LIST), ("bullets", LIST_BULLETS), ("comma", LIST_COMMA)))
    answers = {
        "json": json.dumps(values, ensure_ascii=False),
        "bullets": "\n".join(f"- {x}" for x in values),
        "comma": ", ".join(values),
    }
    return Sample("listing", _posed(r, w.pick(r, tasks).format(k=kind), text, answers[way]))


NEUTRAL = (
    "Thank you for your help.",
    "It was a {adj} day.",
    "The {noun} is {adj}.",
    "We will write again soon.",
    "That is all for now.",
    "Nobody saw the {noun}.",
    "I was {verbing} at the time.",
    "The rest can wait.",
    "Let me know what you think.",
)
