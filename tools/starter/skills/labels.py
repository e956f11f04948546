"""Labelling: two to eighty labels stand in the system message, plain, described, or shown by examples."""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random

from tools.starter.sample import Sample, capital, firsts, turns
from tools.starter.skills.material import NAME_SHAPES, asks, block, kinds, nouns, row, shaped
from tools.starter.words import Words

Case = tuple[str, str]  # a label, and a message that belongs to it
Draw = Callable[[], Case]

TASKS = asks("labels tasks")
BLOCKS = asks("labels blocks")
MEANT = asks("labels meant")
DESCRIBED = asks("labels described")
NONE = asks("labels none")
AS_JSON = (
    'Answer as JSON: {"label": "..."}',
    'Reply in the form {"label": "..."}',
    'The output is {"label": "..."}',
    'Write it as {"label": "..."}',
)
HINTS = (
    "Follow the examples.",
    "Label the messages as in the examples.",
    "Go on like this.",
    "Use the same labels.",
    "Classify the last message in the same way.",
    "Each message has one label.",
    "Learn from the examples.",
)
TONES = (
    {"positive": "positive", "negative": "negative"},
    {"positive": "positive", "negative": "negative", "neutral": "neutral"},
    {"good": "positive", "bad": "negative"},
    {"happy": "positive", "unhappy": "negative"},
    {"satisfied": "positive", "not satisfied": "negative"},
    {"urgent": "urgent", "not urgent": "calm"},
    {"high priority": "urgent", "low priority": "calm"},
    {"high": "urgent", "low": "calm"},
    {"praise": "positive", "complaint": "complaint", "question": "question"},
    {"thanks": "thanks", "question": "question", "order": "order", "complaint": "complaint"},
    {"question": "question", "order": "order"},
    {"yes": "yes", "no": "no"},
    {"spam": "spam", "not spam": "mail"},
    {"spam": "spam", "ham": "mail"},
    {"junk": "spam", "normal": "mail"},
    {"greeting": "greeting", "goodbye": "goodbye"},
    {"greeting": "greeting", "goodbye": "goodbye", "thanks": "thanks", "question": "question"},
    {"agrees": "yes", "disagrees": "no", "asks": "question"},
    {"greeting": "greeting", "order": "order", "complaint": "complaint", "goodbye": "goodbye"},
)
VERBS = (
    "change changed,cancel cancelled,block blocked,open opened,close closed,move moved,renew renewed,"
    "return returned,check checked,print printed,confirm confirmed,refund refunded,activate activated,"
    "extend extended,delete deleted,transfer transferred,verify verified,replace replaced,update updated,"
    "unlock unlocked,share shared,repair repaired,clean cleaned,sell sold,rent rented,upload uploaded,"
    "download downloaded,copy copied,book booked,send sent,find found,freeze frozen,charge charged,"
    "reject rejected,accept accepted,delay delayed,label labelled,paint painted,store stored,sign signed"
).split(",")
BUSINESS = (
    "card,account,transfer,loan,bill,passport,ticket,contract,licence,subscription,policy,parcel,profile,"
    "limit,pin,currency,top up,cheque,statement,mortgage,deposit,fee,locker,device,receipt,photo,document,"
    "address,membership,badge,voucher,report,key,room,seat,meter,cable,username,file,timetable"
).split(",")


def label(r: Random, w: Words) -> Sample:
    """One to four messages with their labels."""
    way = r.choices((topics, described, intents, tones, issues, shots), (24, 18, 24, 12, 14, 8))[0]
    messages = way(r, w)
    return Sample("labels", messages, firsts(messages) if way is shots else frozenset())


def count(r: Random) -> int:
    """How many labels: mostly few, sometimes up to eighty."""
    return r.randint(*r.choices(((2, 6), (7, 20), (21, 80)), (60, 30, 10))[0])


def around(r: Random, w: Words, text: str) -> str:
    """The message, sometimes with a greeting or a farewell."""
    parts = kinds("topics.txt")
    if r.random() < 0.2:
        text = f"{w.fill(r, w.pick(r, parts['around']), {})} {text}"
    return f"{text} {w.fill(r, w.pick(r, parts['after']), {})}" if r.random() < 0.2 else text


def told(r: Random, w: Words, text: str, **slots: str) -> str:
    """A filled sentence around the given words, with its surroundings."""
    return around(r, w, capital(w.fill(r, text, dict(slots))))


def ask(r: Random, w: Words, names: list[str], draw: Draw, rest: Draw | None = None) -> list[dict[str, str]]:
    """The plain labels in a system message or before the text, and messages with their labels."""
    other = r.choice(("other", "none", "unknown", "none of these", "something else", w.invented(r)))
    with_other = rest is not None and r.random() < 0.3
    if with_other and r.random() < 0.5:
        names = [*names, other]
    blocks = r.random() < (0.5 if len(names) < 12 else 0.75)
    written = block(r, names) if blocks else row(r, names)
    task = w.fill(r, w.ask(r, BLOCKS if blocks else TASKS).replace("{l}", "\0"), {}).replace("\0", written)
    if with_other:
        task += r.choice((" ", "\n")) + w.ask(r, NONE).format(t=other)

    def one() -> Case:
        if with_other and rest is not None and r.random() < 0.3:
            return other, rest()[1]
        return draw()

    return posed(r, w, task, one)


def posed(r: Random, w: Words, task: str, draw: Draw) -> list[dict[str, str]]:
    """The task and one to four messages; seldom all in one message, or with JSON as the answer."""
    wrapped = r.random() < 0.08
    if wrapped:
        task += "\n" + w.ask(r, AS_JSON)
    cases = [draw() for _ in range(r.choice((1, 1, 1, 2, 3, 4)) * w.times(r))]
    answers = [json.dumps({"label": tag}, ensure_ascii=False) if wrapped else tag for tag, _ in cases]
    if r.random() < 0.2:
        shape = r.choice(("{t}\n\n{x}", "{t}\n\nMessage: {x}", "{t}\nText: {x}", "{x}\n\n{t}", '{t}\n"{x}"'))
        return turns("", shape.format(t=task, x=cases[0][1]), answers[0])
    return turns(task, *(text for (_, x), y in zip(cases, answers, strict=True) for text in (x, y)))


def things(r: Random, w: Words, amount: int) -> list[str]:
    """Topics of one or two words that share no word with each other."""
    found: list[str] = []
    used: set[str] = set()
    coined = r.choice((0.0, 0.0, 0.15, 0.5))
    while len(found) < amount:
        noun = r.choice(nouns())
        other = w.invented(r) if r.random() < coined else r.choice(nouns())
        way = r.randrange(4)
        thing = w.entity(r, "item") if way == 3 else (noun, f"{noun} {other}", f"{other} {noun}")[way]
        if not used & set(thing.split()) and len(set(thing.split())) == len(thing.split()):
            used |= set(thing.split())
            found.append(thing)
    return found


def topics(r: Random, w: Words) -> list[dict[str, str]]:
    """The message contains the words of its label, perhaps in another form."""
    amount, shape = count(r), r.choice(NAME_SHAPES)
    *inside, outside = things(r, w, amount + 1)
    texts = kinds("topics.txt")["topic"]

    def about(thing: str) -> Case:
        regular = not thing.endswith(("s", "x", "h", "y", "f", "fe", "man"))
        spoken = thing + "s" if regular and r.random() < 0.1 else thing
        return shaped(thing, shape), told(r, w, w.pick(r, texts), t=spoken)

    return ask(r, w, [shaped(one, shape) for one in inside], lambda: about(r.choice(inside)), lambda: about(outside))


def described(r: Random, w: Words) -> list[dict[str, str]]:
    """Invented or plain labels, each with its meaning."""
    amount = min(count(r), 60)
    names: list[str] = []
    way = r.choice(("word", "loud", "code", "noun", "number", "letter" if amount <= 26 else "code"))
    while len(names) < amount:
        if way in ("word", "loud"):
            name = w.invented(r).upper() if way == "loud" else w.invented(r)
        elif way in ("code", "noun"):
            name = w.code(r) if way == "code" else w.word(r, "noun")
        else:
            name = str(len(names) + 1) if way == "number" else "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[len(names)]
        if name not in names:
            names.append(name)
    if r.random() < 0.35 and amount <= 20:
        kept = r.sample(list(kinds("kinds.txt").items()), amount)
        meanings = [heading.split(": ")[r.randrange(2)] for heading, _ in kept]
        draws: list[Draw] = [
            lambda name=name, texts=texts: (name, told(r, w, w.pick(r, texts)))  # type: ignore[misc]
            for name, (_, texts) in zip(names, kept, strict=True)
        ]
    else:
        meanings = things(r, w, amount)
        texts = kinds("topics.txt")["topic"]
        draws = [
            lambda name=name, thing=thing: (name, told(r, w, w.pick(r, texts), t=thing))  # type: ignore[misc]
            for name, thing in zip(names, meanings, strict=True)
        ]
    meant = w.pick(r, MEANT)
    lines = [meant.format(t=t, m=m) for t, m in zip(names, meanings, strict=True)]
    r.shuffle(lines)
    task = w.fill(r, w.ask(r, DESCRIBED), {})
    body = " ".join(lines) if meant[-1] == "." and r.random() < 0.4 else "\n".join(lines)
    if r.random() < 0.3 and "\n" in body:
        body = "\n".join("- " + line for line in lines)
    return posed(r, w, f"{task}\n{body}", lambda: r.choice(draws)())


def intents(r: Random, w: Words) -> list[dict[str, str]]:
    """Labels of a verb and a noun, among others with the same verb or the same noun."""
    amount, shape = count(r), r.choice(("snake", "snake", *NAME_SHAPES))
    wide = max(2, round(amount**0.5))
    verbs = [one.split() for one in r.sample(VERBS, wide)]
    objects = r.sample(BUSINESS, -(-amount // wide) + 1)
    if r.random() < 0.4:
        objects = things(r, w, len(objects))
    form = r.choice(("{base} {t}", "{base} {t}", "{t} {base}", "{t} {past}", "{past} {t}"))
    pairs = [(base, past, thing) for base, past in verbs for thing in objects]
    pairs = r.sample(pairs, min(len(pairs), max(2, amount)))

    def named(base: str, past: str, thing: str) -> str:
        return shaped(form.format(base=base, past=past, t=thing), shape)

    def draw() -> Case:
        base, past, thing = r.choice(pairs)
        text = w.pick(r, kinds("topics.txt")[r.choice(("do", "done"))])
        return named(base, past, thing), told(r, w, text, base=base, past=past, t=thing)

    return ask(r, w, [named(*pair) for pair in pairs], draw)


def tones(r: Random, w: Words) -> list[dict[str, str]]:
    """Sentiment, urgency, spam and other kinds of speech."""
    names, shape = r.choice(TONES), r.choice(NAME_SHAPES)
    order = r.sample(list(names), len(names))

    def draw() -> Case:
        name = r.choice(order)
        return shaped(name, shape), told(r, w, w.pick(r, kinds("tones.txt")[names[name]]))

    return ask(r, w, [shaped(name, shape) for name in order], draw)


def issues(r: Random, w: Words) -> list[dict[str, str]]:
    """What customers write about, by kind."""
    kept = r.sample(list(kinds("kinds.txt").items()), r.choice((2, 3, 4, 5, 6, 8, 12, 20)))
    shape = r.choice(NAME_SHAPES)

    def case(one: tuple[str, tuple[str, ...]]) -> Case:
        return shaped(one[0].split(": ")[0], shape), told(r, w, w.pick(r, one[1]))

    names = [shaped(heading.split(": ")[0], shape) for heading, _ in kept]
    return ask(r, w, names, lambda: case(r.choice(kept)))


def shots(r: Random, w: Words) -> list[dict[str, str]]:
    """Examples alone show the labels; the last message shares its topic with one of them."""
    from_kinds = r.random() < 0.3
    amount = r.randint(2, 6)
    coined = r.random() < 0.5
    texts = kinds("topics.txt")["topic"]
    draws: list[Draw] = []
    chosen = r.sample(list(kinds("kinds.txt").items()), amount) if from_kinds else []
    for i, thing in enumerate(things(r, w, amount)):
        name = w.invented(r) if coined else thing
        if from_kinds:
            heading, own = chosen[i]
            name = w.invented(r) if coined else heading.split(": ")[0]
            draws.append(lambda n=name, t=own: (n, told(r, w, w.pick(r, t))))  # type: ignore[misc]
        else:
            draws.append(lambda n=name, t=thing: (n, told(r, w, w.pick(r, texts), t=t)))  # type: ignore[misc]
    order = [*range(amount), *(r.randrange(amount) for _ in range(r.randint(0, 4)))]
    r.shuffle(order)
    cases = [draws[i]() for i in [*order, r.choice(order)]]
    system = w.ask(r, HINTS) if r.random() < 0.6 else ""
    return turns(system, *(text for name, message in cases for text in (message, name)))
