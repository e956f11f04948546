"""Copying: repeat names, numbers, codes and unknown words exactly, alone, in lists, in sentences and in given forms."""

from __future__ import annotations

from random import Random

from tools.starter.sample import Sample, capital, join, turns
from tools.starter.style import instruction
from tools.starter.words import Words

KINDS = (
    "code", "code", "word", "word", "name", "phone", "email", "product", "brand", "item", "price", "date", "url",
    "big", "street", "place", "noun", "person", "time", "jumble", "jumble", "foreign", "digits",
)  # fmt: skip
_VERBS = ("Repeat", "Copy", "Echo", "Write", "Say", "Type", "Print", "Return", "Give back", "Reproduce")
_WHATS = (
    "this", "the following", "this text", "exactly this", "these words", "the words after the colon", "this line",
    "the next words", "what follows", "the text below",
)  # fmt: skip
REPEAT = (
    *(f"{verb} {what}{mark}" for verb in _VERBS for what in _WHATS for mark in (": {x}", ":\n{x}")),
    *(f'{verb} "{{x}}"{end}' for verb in _VERBS for end in (".", "", " again.", " please", " and nothing else.")),
    "{x}\nRepeat the line above.", "{x}\n\nCopy this text.", "{x}\n(Say it again.)", 'What stands in quotes: "{x}"',
    "Echo: {x}", "Repeat after me: {x}", "Please repeat: {x}", "Copy exactly: {x}", "Repeat exactly: {x}",
    "Say it back to me: {x}", "Once more: {x}", "{x}\nWhat did I write above?", "<copy>{x}</copy>", "Text: {x}\nCopy:",
)  # fmt: skip
FACTS = (
    "my {k} is {x}", "the {k} is {x}", "I have the {k} {x}", "{k}: {x}", "you will need the {k} {x}",
    "please note the {k} {x}", "for the {k} take {x}", "{x} is the {k}", "we set the {k} to {x}", "{k} = {x}",
    "the {k} was changed to {x}", "write {x} as the {k}", "I chose {x} for the {k}", "they gave me the {k} {x}",
)  # fmt: skip
ASKS = (
    "What is my {k}?", "What was the {k}?", "Which {k} did I give you?", "Tell me the {k} again.", "The {k}?",
    "Repeat the {k}, please.", "Can you confirm the {k}?", "I forgot the {k}.", "Do you remember the {k}?",
    "And the {k}?", "Please look up the {k}.", "Say the {k}.", "{k}?", "Which one is the {k}?", "Read me the {k}.",
)  # fmt: skip
NAMES = (
    "order number", "ticket", "password", "room number", "locker code", "customer name", "nickname", "keyword", "PIN",
    "email", "phone number", "product", "address", "voucher code", "reference", "licence", "account name", "{noun}",
    "{noun} number", "{noun} code", "{adj} {noun}", "{noun} of the {noun2}", "name of the {noun}", "{noun} {noun2}",
)  # fmt: skip
ORDER = ("first", "second", "third", "fourth", "fifth", "sixth")
PLACES = (
    "What is the {nth} entry of this list? {l}", "{l}\nGive me the {nth} one.", "From the list {l}, name the {nth}.",
    "Take the {nth} of these: {l}", "List: {l}\nWhich one is the {nth}?", "{l}\n\nThe {nth}, please.",
    "Which is the {nth} here: {l}", "Say the {nth} entry: {l}", "Entries: {l}\nReturn the {nth}.", "{nth}: {l}",
    "Here is a list. {l}\nWhat comes {nth}?", "Read out the {nth} of these entries: {l}",
)  # fmt: skip
PARTS = (
    "name", "code", "product", "place", "date", "price", "email", "phone", "time", "brand", "word", "item", "street",
    "n",
)  # fmt: skip
SAYS = (
    "My {k} is {x}.", "The {k} is {x}.", "{k}: {x}.", "I give you the {k}, {x}.", "As {k} take {x}.", "{k} {x}.",
    "It has the {k} {x}.", "Please use {x} as {k}.", "For the {k}, {x}.", "And the {k}: {x}.", "Note the {k} {x}.",
)  # fmt: skip
FORMS = (
    "Thank you, {0}. I have found {1}.", "Thanks. {0} is noted, and {1} too.", "Got it: {0}, {1}.",
    "We will send {0} to {1}.", "Hello {0}, this is about {1}.", "{0} / {1}", "Booked: {0} ({1}).",
    "Your {0} is on its way to {1}.", "OK, {1} for {0}.", "I see {0} with {1} here.", "Dear {0}, we wrote down {1}.",
    "Entry: {0}; {1}", "{1} belongs to {0}.", "{0} -> {1}", "We have {0} under {1}. Is that right?",
    "Ticket {0} was opened for {1}.", "{0}, {1}: done", "Please keep {1}; {0} is saved.",
)  # fmt: skip
FORM_RULES = (
    "Confirm in this form: {f}", "Always reply in the form: {f}", "Answer like this: {f}", "Use this sentence: {f}",
    "Fill in the blanks of this reply: {f}", "Your reply is: {f}", "Reply with: {f}", "Write back: {f}",
    "Template: {f}", "The answer looks like this: {f}", "Every answer has the form {f}", "Put the values into: {f}",
)  # fmt: skip


def value(r: Random, w: Words) -> str:
    """A thing to copy: a code, a name, an unknown word, a number ..."""
    return w.slot(r, r.choice(KINDS))


def gibberish(r: Random, w: Words) -> str:
    """A few values and words in a row, sometimes in capitals or joined by odd marks."""
    words = [
        value(r, w) if r.random() < 0.6 else w.word(r, r.choice(("noun", "adj", "verb")))
        for _ in range(r.choice((1, 1, 2, 3, 4, 5, 7, 12)))
    ]
    text = r.choice((" ", " ", " ", ", ", " - ", "/", " | ")).join(words)
    return r.choice((text, text, text, text.upper(), capital(text), text.lower(), text.title()))


def repeat(r: Random, w: Words) -> Sample:
    """Repeat a text exactly, one to four times in a conversation."""
    echo = r.random() < 0.15
    system = r.choice(("Repeat what the user says.", "You are an echo.", "Copy each message exactly.")) if echo else ""
    lines: list[str] = []
    for _ in range(r.choice((1, 2, 3, 4))):
        text = gibberish(r, w)
        lines += [text if echo else w.ask(r, REPEAT).format(x=text), text]
    return Sample("copying", turns(system, *lines))


def recall(r: Random, w: Words) -> Sample:
    """Several values by name, then questions about some; answered by the bare value, or as the system message says."""
    kinds = list(dict.fromkeys(w.fill(r, w.pick(r, NAMES), {}) for _ in range(r.choice((1, 2, 3, 4, 5, 8)))))
    values = {kind: value(r, w) for kind in kinds}
    shape = w.ask(r, FACTS)
    told = [shape.format(k=kind, x=x) for kind, x in values.items()]
    if r.random() < 0.5:
        told = [w.ask(r, FACTS).format(k=kind, x=x) for kind, x in values.items()]
    text = r.choice((". ", ", ", "; ", "\n")).join(told)
    lines: list[str] = []
    for kind in r.sample(kinds, min(len(kinds), r.choice((1, 2, 3)) * w.times(r))):
        ask = w.ask(r, ASKS).format(k=kind)
        lines += [ask if lines else f"{capital(text)}. {ask}", values[kind]]
    if r.random() < 0.2:
        lines = [f"{capital(text)}.", f"Noted: {join(list(values.values()))}.", ask, values[kind]]
    return Sample("recall", turns("" if r.random() < 0.6 else instruction(r, w, {}, []), *lines))


def nth(r: Random, w: Words) -> Sample:
    """Name the entry at a place in a list."""
    entries = [value(r, w) for _ in range(r.randint(2, 6))]
    index = r.randrange(len(entries))
    shown = r.choice(
        (", ".join(entries), "\n".join(f"{i + 1}. {x}" for i, x in enumerate(entries)), " | ".join(entries))
    )
    return Sample("nth", turns("", w.ask(r, PLACES).format(nth=ORDER[index], l=shown), entries[index]))


def desk(r: Random, w: Words) -> Sample:
    """A customer gives names and codes; the agent says them back in the form that the system message gives."""
    form = w.pick(r, FORMS)
    marks = r.choice(("upper", "braces", "angles"))
    lines: list[str] = []
    parts = r.sample(PARTS, r.choice((2, 2, 3)))
    wanted = r.sample(parts, 2)
    named = [{"upper": p.upper(), "braces": "{" + p + "}", "angles": f"<{p}>"}[marks] for p in wanted]
    rule = w.ask(r, FORM_RULES).format(f=form.format(*named))
    for _ in range(r.choice((1, 1, 2, 3)) * w.times(r)):
        values = {part: w.slot(r, part) for part in parts}
        says = [w.ask(r, SAYS).format(k="number" if part == "n" else part, x=values[part]) for part in parts]
        lines += [" ".join(map(capital, says)), form.format(*(values[part] for part in wanted))]
    return Sample("desk", turns(instruction(r, w, {}, [rule]) if r.random() < 0.7 else rule, *lines))
