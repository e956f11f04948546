"""Rewriting by rules that the wish names exactly: edits, tone by a fixed list of words, templates, lists."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from random import Random

from tools.starter.sample import Message, Sample, capital, turns
from tools.starter.skills.material import asks, sentence
from tools.starter.words import TEXTS, Words

Edit = tuple[str, str, str]  # the wish, the text, the answer

FORMAL = asks("rewriting formal")
CASUAL = asks("rewriting casual")
FRONT = asks("rewriting front")
BACK = asks("rewriting back")
UPPER = asks("rewriting upper")
LOWER = asks("rewriting lower")
QUOTE = asks("rewriting quote")
SWAP = asks("rewriting swap")
FIRST = asks("rewriting first")
LAST = asks("rewriting last")
NAMING = asks("rewriting naming")
WITHOUT = asks("rewriting without")
NO_HELLO = asks("rewriting no_hello")
TURN = asks("rewriting turn")
FILL = asks("rewriting fill")
GREETINGS = ("Hello!", "Hi there!", "Good morning.", "Dear {name},", "Hi {person},", "Good day.", "Hey {person}!")
POINTS = {
    "- ": ("bullets", "a bullet list", "dashes", "bullet points", "a list with dashes", "points with dashes"),
    "1. ": ("a numbered list", "numbered points", "numbers", "numbered lines", "steps", "numbered steps"),
    "": ("separate lines", "one sentence per line", "lines", "a line for each sentence", "single lines"),
    "* ": ("stars", "a list with stars", "points with stars", "starred lines", "starred points", "stars in front"),
}
POINTS_ASKS = asks("rewriting points_asks")
BACK_ASKS = asks("rewriting back_asks")
SHAPES = ("{a}\n\n{x}", "{a} {x}", "{x}\n\n{a}", "{a}\nText: {x}", '{a}\n"{x}"', "Text: {x}\nTask: {a}")


@cache
def lexicon() -> tuple[dict[str, str], tuple[str, ...]]:
    """Casual words with the formal ones, one to one, and sentences in casual words."""
    lines = (TEXTS / "casual.txt").read_text(encoding="utf-8").splitlines()
    pairs = dict(line[2:].split(" = ") for line in lines if line.startswith("> "))
    return pairs, tuple(line for line in lines if not line.startswith("> "))


@cache
def _finder() -> re.Pattern[str]:
    words = sorted(lexicon()[0], key=len, reverse=True)
    return re.compile(rf"(?<![\w'])(?:{'|'.join(map(re.escape, words))})(?![\w'])")


def both(r: Random, w: Words) -> tuple[str, str]:
    """One message in casual and in formal words."""
    pairs, texts = lexicon()
    template = w.pick(r, texts)
    slots = {"o": r.choice(("hi", "hey")), "c": r.choice(("cheers", "bye", "thx"))}
    casual = formal = template
    formal = _finder().sub(lambda m: pairs[m[0]], template.replace("{o}", slots["o"]).replace("{c}", slots["c"]))
    formal = re.sub(r"\bi\b", "I", formal)
    w.fill(r, casual, slots)
    casual, formal = w.fill(r, casual, slots), w.fill(r, formal, slots)
    return casual, re.sub(r"(^|[.!?] )([a-z])", lambda m: m[1] + m[2].upper(), formal)


def rewrite(r: Random, w: Words) -> Sample:
    """A text and what to do with it: another tone, or one or two exact edits."""
    if r.random() < 0.3:
        return Sample("rewriting", tone(r, w))
    name = r.choice(list(EDITS))
    wish, text, answer = EDITS[name](r, w)
    if name in ("swap", "nth", "word", "greeting", "turn") and r.random() < 0.25:
        wish, answer = added(r, w, wish, answer)
    if r.random() < 0.35:
        return Sample("rewriting", turns(wish, text, answer))
    return Sample("rewriting", turns("", r.choice(SHAPES).format(a=wish, x=text), answer))


def tone(r: Random, w: Words) -> list[Message]:
    """Casual into formal words or back, sometimes with a start or an end."""
    casual, formal = both(r, w)
    text, answer, asks = r.choice(((casual, formal, FORMAL), (formal, casual, CASUAL)))
    ask = w.ask(r, asks)
    if r.random() < 0.3:
        lines = [text, answer]
        for _ in range(r.choice((0, 1, 2))):
            other = both(r, w)
            lines = [*(other if asks is FORMAL else other[::-1]), *lines]
        return turns(ask.format(x="").strip(" :?") + ".", *lines)
    if r.random() < 0.25:
        wish, answer = added(r, w, "", answer)
        return turns("", ask.format(x=text) + "\n" + wish.strip(), answer)
    return turns("", ask.format(x=text), answer)


def added(r: Random, w: Words, wish: str, answer: str) -> tuple[str, str]:
    """The wish and the answer with a given text in front or behind."""
    maker = r.choice(("name", "word", "brand", "person", "sign", "code", "noun"))
    piece = w.slot(r, maker)
    piece = r.choice(("{}", "{}", "[{}]", "#{}", "{}:", "{}!", "- {}")).format(piece)
    quote = r.choice(('"{}"', "'{}'", "“{}”"))
    front = r.random() < 0.5
    more = w.ask(r, FRONT if front else BACK).format(q=quote.format(piece))
    return f"{wish} {more}".strip(), f"{piece} {answer}" if front else f"{answer} {piece}"


def _text(r: Random, w: Words, low: int = 1, high: int = 4) -> list[str]:
    found: list[str] = []
    count = r.randint(low, high)
    while len(found) < count:
        one = sentence(r, w)
        if one not in found:
            found.append(one)
    return found


def _add(r: Random, w: Words) -> Edit:
    text = " ".join(_text(r, w, 1, 3))
    return (lambda made: (made[0], text, made[1]))(added(r, w, "", text))


def _case(r: Random, w: Words) -> Edit:
    text = " ".join(_text(r, w, 1, 2))
    way = r.randrange(3)
    if way == 2:
        return w.ask(r, QUOTE), text, f'"{text}"'
    return (w.ask(r, UPPER), text, text.upper()) if way else (w.ask(r, LOWER), text, text.lower())


def _swap(r: Random, w: Words) -> Edit:
    kind = r.choice(("person", "place", "code", "item", "date", "time", "brand", "price"))
    old, new = w.slot(r, kind), w.slot(r, kind)
    templates = {
        "person": ("{x} will call you back.", "Please ask {x} about it.", "This is for {x}, with love."),
        "place": ("We meet in {x}.", "The train to {x} is late.", "Our office is in {x}."),
        "code": ("Your number is {x}.", "Please keep {x} at hand.", "We have looked at {x}."),
        "item": ("The {x} is ready.", "You left the {x} here.", "Please bring the {x}."),
        "date": ("We come on {x}.", "It ends on {x}.", "The {x} suits us."),
        "time": ("We start at {x}.", "Be there at {x}.", "From {x} on we are open."),
        "brand": ("{x} sent the bill.", "You ordered from {x}.", "We work with {x}."),
        "price": ("It costs {x}.", "You owe us {x}.", "We pay {x} for it."),
    }[kind]
    sentences = [*_text(r, w, 0, 2), r.choice(templates).replace("{x}", "\0")]
    r.shuffle(sentences)
    text = " ".join(sentences)
    quote = r.choice(("{}", "{}", '"{}"'))
    wish = w.ask(r, SWAP).format(a=quote.format(old), b=quote.format(new))
    source = text.replace("\0", old)
    return capital(wish) if wish[0].islower() and quote != "{}" else wish, source, source.replace(old, new)


def _nth(r: Random, w: Words) -> Edit:
    sentences = _text(r, w, 2, 6)
    first = r.random() < 0.5
    return w.ask(r, FIRST if first else LAST), " ".join(sentences), sentences[0 if first else -1]


def _by_word(r: Random, w: Words) -> Edit:
    """One sentence is chosen, or left out, by a name or a word that no other sentence has."""
    while True:
        sentences = _text(r, w, 2, 6)
        chosen = r.choice(sentences)
        rest = " ".join(one for one in sentences if one is not chosen).lower()
        words = re.findall(r"[\w-]{4,}(?=[ ,.?!])", chosen[len(chosen.split()[0]) :])
        words = [word for word in words if word.lower() not in rest and chosen.count(word) == 1]
        if words:
            break
    word = r.choice(words)
    mark = r.choice(("{}", '"{}"')).format(word)
    if r.random() < 0.7:
        return w.ask(r, NAMING).format(a=mark), " ".join(sentences), chosen
    kept = " ".join(one for one in sentences if one is not chosen)
    return w.ask(r, WITHOUT).format(a=mark), " ".join(sentences), kept


def _greeting(r: Random, w: Words) -> Edit:
    text = " ".join(_text(r, w, 1, 3))
    return w.ask(r, NO_HELLO), f"{w.fill(r, r.choice(GREETINGS), {})} {text}", text


def _turn(r: Random, w: Words) -> Edit:
    sentences = _text(r, w, 2, 4)
    return w.ask(r, TURN), " ".join(sentences), " ".join([sentences[-1], *sentences[:-1]])


FORMS = (
    ("{name} bought the {item} for {price}.", ("name", "item", "price")),
    ("{person} lives in {place} and works as a {job}.", ("person", "place", "job")),
    ("Order {code} with the {item} goes to {place}.", ("code", "item", "place")),
    ("{person} comes on {day} at {time}.", ("person", "day", "time")),
    ("We sent the {item} to {name} on {date}.", ("item", "name", "date")),
    ("{brand} pays {price} to {name}.", ("brand", "price", "name")),
    ("You reach {name} under {phone}.", ("name", "phone")),
    ("The {item} from {brand} is {colour}.", ("item", "brand", "colour")),
    ("{name} has the number {code} and the address {email}.", ("name", "code", "email")),
    ("In {place}, {person} sold {n} pieces.", ("place", "person", "n")),
)
GAPS = {"place": "city", "n": "number", "brand": "company", "person": "first name", "code": "code"}


def _fill(r: Random, w: Words) -> Edit:
    template, slots = r.choice(FORMS)
    values: dict[str, str] = {}
    text = w.fill(r, template, values)
    used = r.sample(slots, r.randint(2, len(slots)))
    mark = r.choice(("<{}>", "[{}]", "{{{}}}", "({})"))
    joint = r.choice((" ", ", ", " / ", " - ", f" {w.word(r, 'noun')} ", f" {w.invented(r)} ", ": "))
    ends = r.choice((("", ""), (f"{w.invented(r)} ", ""), ("", f" {w.invented(r)}"), ("*", "*")))
    form = ends[0] + joint.join(mark.format(GAPS.get(slot, slot)) for slot in used) + ends[1]
    answer = ends[0] + joint.join(values[slot] for slot in used) + ends[1]
    return w.ask(r, FILL).format(q=form), text, answer


EDITS: dict[str, Callable[[Random, Words], Edit]] = {
    "add": _add,
    "case": _case,
    "swap": _swap,
    "nth": _nth,
    "word": _by_word,
    "greeting": _greeting,
    "turn": _turn,
    "fill": _fill,
}


def points(r: Random, w: Words) -> Sample:
    """Sentences into bullets, numbers or lines, or such a list back into one paragraph."""
    sentences = _text(r, w, 2, 6)
    mark = r.choice(list(POINTS))
    marked = [f"{i}. {x}" if mark == "1. " else mark + x for i, x in enumerate(sentences, 1)]
    if r.random() < 0.15:
        return Sample("points", turns("", w.ask(r, BACK_ASKS).format(x="\n".join(marked)), " ".join(sentences)))
    ask, way = w.ask(r, POINTS_ASKS), w.pick(r, POINTS[mark])
    if r.random() < 0.2:
        return Sample("points", turns(ask.format(w=way, x="").strip(" :\n"), " ".join(sentences), "\n".join(marked)))
    return Sample("points", turns("", ask.format(w=way, x=" ".join(sentences)), "\n".join(marked)))
