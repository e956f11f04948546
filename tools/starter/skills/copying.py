"""Copying: repeat names, numbers, codes and unknown words exactly, alone, in lists and in sentences."""

from __future__ import annotations

from random import Random

from tools.starter.sample import Sample, capital, join, turns
from tools.starter.style import instruction
from tools.starter.words import Words

KINDS = (
    "code",
    "code",
    "word",
    "word",
    "name",
    "phone",
    "email",
    "product",
    "brand",
    "item",
    "price",
    "date",
    "url",
    "big",
    "street",
    "place",
    "noun",
    "person",
    "time",
)
REPEAT = (
    "Repeat exactly: {x}",
    "Copy this: {x}",
    "Say {x}.",
    "Write {x} again.",
    "Please echo {x}",
    "Type this text: {x}",
    "Give me back these words: {x}",
    "{x}\nRepeat the line above.",
    "Write down: {x}",
    "Echo: {x}",
    "Copy the text: {x}",
    "Say the following and nothing else: {x}",
    'Repeat after me: "{x}"',
    "What did I write here: {x}",
)
FACTS = (
    "my {k} is {x}",
    "the {k} is {x}",
    "I have the {k} {x}",
    "{k}: {x}",
    "you will need the {k} {x}",
    "please note the {k} {x}",
)
ASKS = (
    "What is my {k}?",
    "What was the {k}?",
    "Which {k} did I give you?",
    "Tell me the {k} again.",
    "Repeat the {k}, please.",
    "Can you confirm the {k}?",
)
TELLS = ("The {k} is {x}.", "Your {k} is {x}.", "You gave me the {k} {x}.", "It is {x}.")
NOTED = (
    "Thank you, I have noted {x}.",
    "Noted: {x}.",
    "Got it, {x}.",
    "I wrote down {x}.",
    "Thanks! I saved {x}.",
    "OK, {x}.",
)
ORDER = ("first", "second", "third", "fourth", "fifth", "sixth")
PLACES = (
    "What is the {nth} entry of this list? {l}",
    "{l}\nGive me the {nth} one.",
    "From the list {l}, name the {nth}.",
    "Take the {nth} of these: {l}",
    "List: {l}\nWhich one is the {nth}?",
)
TALK = (
    "Hello, this is {name}. I am writing about my {product} with the number {code}.",
    "Hi, {person} here, my order is {code} and my email is {email}.",
    "My name is {name}, the order number is {code}, and I live in {place}.",
    "I bought the {product} on {date}. The code is {code}.",
    "It is about {code}, the {item} for {name}.",
    "Please call me at {phone}. My ticket is {code}.",
    "I am {name} from {brand}, ticket {code}.",
    "The {product} has the number {code} and cost {price}.",
)
BACK = (
    "Thank you, {name}. I have found {code}.",
    "Thanks, {person}. I see order {code} and will write to {email}.",
    "Hello {name}, I have opened order {code} for {place}.",
    "I see the {product} from {date} with the code {code}.",
    "I have found {code}, the {item} for {name}.",
    "We will call {phone} about ticket {code}.",
    "Hello {name}, ticket {code} from {brand} is open.",
    "The {product} with the number {code} cost {price}, I see.",
)


def value(r: Random, w: Words) -> str:
    """A thing to copy: a code, a name, an unknown word, a number ..."""
    return w.slot(r, r.choice(KINDS))


def gibberish(r: Random, w: Words) -> str:
    """A few values and words in a row, sometimes in capitals or joined by odd marks."""
    words = [
        value(r, w) if r.random() < 0.6 else w.word(r, r.choice(("noun", "adj", "verb")))
        for _ in range(r.randint(1, 7))
    ]
    text = r.choice((" ", " ", " ", ", ", " - ", "/", " | ")).join(words)
    return r.choice((text, text, text, text.upper(), capital(text), text.lower(), text.title()))


def repeat(r: Random, w: Words) -> Sample:
    """Repeat a text exactly, one to four times in a conversation."""
    system = (
        ""
        if r.random() < 0.7
        else r.choice(("Repeat what the user says.", "You are an echo.", "Copy text exactly."))
    )
    lines: list[str] = []
    for _ in range(r.choice((1, 2, 3, 4))):
        text = gibberish(r, w)
        lines += [w.pick(r, REPEAT).format(x=text), text]
    return Sample("copying", turns(system, *lines))


def recall(r: Random, w: Words) -> Sample:
    """Several values by name, then questions about one of them."""
    kinds = r.sample(
        (
            "order number",
            "ticket",
            "password",
            "room number",
            "locker code",
            "customer name",
            "nickname",
            "keyword",
            "PIN",
            "email",
            "phone number",
            "product",
            "address",
            "voucher code",
            "reference",
            "licence",
            "account name",
        ),
        r.randint(1, 5),
    )
    values = {kind: value(r, w) for kind in kinds}
    shape = w.pick(r, FACTS)
    text = r.choice((". ", ", ", "; ", "\n")).join(shape.format(k=kind, x=x) for kind, x in values.items())
    tell = w.pick(r, TELLS)
    lines: list[str] = []
    for kind in r.sample(kinds, min(len(kinds), r.choice((1, 2, 3)))):
        ask = w.pick(r, ASKS).format(k=kind)
        lines += [ask if lines else f"{capital(text)}. {ask}", tell.format(k=kind, x=values[kind])]
    if r.random() < 0.3:
        lines = [
            capital(text) + ".",
            w.pick(r, NOTED).format(x=join(list(values.values()))),
            w.pick(r, ASKS).format(k=kind),
            tell.format(k=kind, x=values[kind]),
        ]
    return Sample("recall", turns("" if r.random() < 0.6 else instruction(r, w, {}, []), *lines))


def nth(r: Random, w: Words) -> Sample:
    """Name the entry at a place in a list."""
    entries = [value(r, w) for _ in range(r.randint(2, 6))]
    index = r.randrange(len(entries))
    shown = r.choice(
        (", ".join(entries), "\n".join(f"{i + 1}. {x}" for i, x in enumerate(entries)), " | ".join(entries))
    )
    return Sample("nth", turns("", w.pick(r, PLACES).format(nth=ORDER[index], l=shown), entries[index]))


def desk(r: Random, w: Words) -> Sample:
    """A customer gives names and codes; the agent says them back."""
    index = r.randrange(len(TALK))
    slots: dict[str, str] = {}
    user = w.fill(r, TALK[index], slots)
    return Sample(
        "desk",
        turns(instruction(r, w, {}, []) if r.random() < 0.7 else "", user, w.fill(r, BACK[index], slots)),
    )
