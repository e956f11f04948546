"""Words for the corpus: lists, invented words and codes, split into train and held-out beforehand."""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from random import Random
from typing import TypeVar
from zlib import crc32

from tools.starter.wording import exchanged

TEXTS = Path(__file__).parent / "texts"
BEFORE_VOWEL = re.compile(r"\b([Aa]) (?=[aeio]|u(?!ni|s))")
ENTITIES = ("first", "last", "place", "item")
SMALL_SHARE, INVENTED_SHARE = 0.5, 0.35  # of dense training text: short texts, names that stand in no list
REWORDED_SHARE = 0.5  # of what people ask, in dense training text
REAL = {"teas", "teapot", "mugs", "cups"}  # words of the demonstration's domain that syllables could make
ONSETS = (
    "b bl br c ch cl cr d dr f fl fr g gl gr h j k kr l m n p pl pr qu r s sh sk sl sn st t th tr v w y z"
).split()
VOWELS = "a e i o u ai ea ee ie oa oo ou au".split()
CODAS = ["", "", "", *"b ck d ff g l ll m n nd ng nt p r rk rn s sh st t th x zz".split()]


@cache
def lists() -> dict[str, tuple[str, ...]]:
    """Every word list by name, as written in texts/words.txt."""
    found = {}
    for line in (TEXTS / "words.txt").read_text(encoding="utf-8").splitlines():
        name, _, words = line.partition(" = ")
        parts = words.split(", ") if ", " in words else words.split()
        found[name] = tuple(dict.fromkeys(part.strip() for part in parts))
    return found


def spoken(text: str) -> str:
    """The text with `an` before a vowel and without a double full stop."""
    return BEFORE_VOWEL.sub(r"\1n ", text).replace("..", ".")


def held_out(text: str) -> bool:
    """Whether a name, place, item, invented word or phrase is for the benchmark only (about one in nine)."""
    return crc32(text.lower().encode()) % 9 == 0


T = TypeVar("T")


class Words:
    """Draws words and phrases; entities and templates each come from the train or from the held-out part."""

    def __init__(self, heldout_entities: bool = False, heldout_templates: bool = False, dense: bool = False) -> None:
        self.heldout_entities = heldout_entities
        self.heldout_templates = heldout_templates
        self.dense = dense
        self._kept: dict[int, tuple[Sequence[object], Sequence[object]]] = {}
        self._entities = {
            name: [word for word in lists()[name] if held_out(word) == heldout_entities] for name in ENTITIES
        }

    def pick(self, r: Random, options: Sequence[T]) -> T:
        """One template of a sequence that lives on, out of this object's part (of all, if that is empty)."""
        if id(options) not in self._kept:
            part = [one for one in options if held_out(str(one)) == self.heldout_templates]
            self._kept[id(options)] = (options, part or options)
        return r.choice(self._kept[id(options)][1])  # type: ignore[return-value]

    def ask(self, r: Random, options: Sequence[str]) -> str:
        """As `pick`, for what people ask in their own words; see `reworded`."""
        return self.reworded(r, self.pick(r, options))

    def reworded(self, r: Random, template: str) -> str:
        """In dense training text some words of the template may give way to others of much the same sense.

        A few dozen wordings are soon known by heart, and then one that was never seen is not understood. None that is
        held out comes about in this way.
        """
        if not self.dense or r.random() >= REWORDED_SHARE:
            return template
        other = exchanged(r, template)
        return other if held_out(other) == self.heldout_templates else template

    def times(self, r: Random) -> int:
        """How many times as many questions a conversation asks: once, or up to eight times in dense training text.

        Most of a prompt's cost is reading it; every further question about it teaches for little more.
        """
        return r.choice((1, 2, 3, 4, 6, 8)) if self.dense else 1

    def small(self, r: Random) -> bool:
        """Whether a text is kept short: most in dense training text, where choosing among little is learned first."""
        return self.dense and r.random() < SMALL_SHARE

    def entity(self, r: Random, kind: str) -> str:
        """A first name, last name, place or item of this object's part; in dense training text some are invented.

        The lists are short enough to be learned by heart, and names learned by heart are not copied.
        """
        if self.dense and r.random() < INVENTED_SHARE:
            word = self.invented(r)
            return word if kind == "item" else word.capitalize()
        return r.choice(self._entities[kind])

    def invented(self, r: Random) -> str:
        """A lower-case word that no dictionary has, of one to three syllables."""
        while True:
            count = r.choice((1, 2, 2, 2, 3))
            word = "".join(r.choice(ONSETS) + r.choice(VOWELS) + r.choice(CODAS) for _ in range(count))
            if len(word) > 3 and word not in REAL and held_out(word) == self.heldout_entities:
                return word

    def brand(self, r: Random) -> str:
        """The name of an invented business or product."""
        stem = self.invented(r).capitalize()
        shapes = ("{0}", "{0}", "{0}", "{0} & {1}", "{0} {1}", "{2} {0}", "{0}{3}", "{0} {2}")
        return r.choice(shapes).format(
            stem,
            self.entity(r, "last"),
            self.word(r, "noun").capitalize(),
            r.choice(("ly", "io", "Works", "Hub", "Go", "Box", "24")),
        )

    def word(self, r: Random, name: str) -> str:
        """A word of an unsplit list (noun, adj, colour, ...)."""
        return r.choice(lists()[name])

    def code(self, r: Random) -> str:
        """An order number, ticket or product code of one of many shapes."""
        shape = r.choice(
            (
                "######",
                "@@-####",
                "@@@-###-##",
                "#-####",
                "@####",
                "@@##@",
                "####-@",
                "@@@@##",
                "########",
                "@@/####/##",
                "#@#@#",
                "****-##",
                "@-##-@@",
                "ORD-#####",
                "INV-####",
                "TK######",
                "REF@@##",
            )
        )
        return "".join(self._symbol(r, mark) for mark in shape)

    def _symbol(self, r: Random, mark: str) -> str:
        pools = {"#": string.digits, "@": string.ascii_uppercase, "*": string.ascii_lowercase}
        return r.choice(pools[mark]) if mark in pools else mark

    def slot(self, r: Random, name: str) -> str:
        """The text for a template's slot; digits at the end of its name tell two slots of a kind apart."""
        kind = name.rstrip("0123456789")
        maker = MAKERS.get(kind)
        if maker is not None:
            return maker(self, r)
        return self.entity(r, kind) if kind in ENTITIES else self.word(r, kind)

    def fill(self, r: Random, template: str, slots: dict[str, str]) -> str:
        """Fill a template; a slot met for the first time gets a value, which is kept in `slots`."""
        for _, name, _, _ in string.Formatter().parse(template):
            if name and name not in slots:
                slots[name] = self.slot(r, name)
        return spoken(template.format(**slots))


def _number(low: int, high: int) -> Callable[[Words, Random], str]:
    return lambda _, r: str(r.randint(low, high))


def _price(_: Words, r: Random) -> str:
    amount = r.choice((f"{r.randint(1, 40)}", f"{r.randint(1, 999)}.{r.choice(('00', '50', '90', '95', '99', '25'))}"))
    return r.choice(("${}", "€{}", "£{}", "{} euros", "{} dollars", "{} EUR")).format(amount)


def _time(_: Words, r: Random) -> str:
    if r.random() < 0.5:
        return f"{r.randint(0, 23):02d}:{r.choice(('00', '15', '30', '45'))}"
    return f"{r.randint(1, 12)} {r.choice(('am', 'pm', 'a.m.', 'p.m.'))}"


def _email(w: Words, r: Random) -> str:
    name = r.choice((w.entity(r, "first").lower(), w.word(r, "noun"), "help", "info", "support", "hello", "orders"))
    name = name.encode("ascii", "ignore").decode()
    return f"{name}@{w.invented(r)}.{r.choice(('com', 'org', 'net', 'example', 'eu', 'shop'))}"


def _phone(w: Words, r: Random) -> str:
    shape = r.choice(("0## #### ###", "+## ### ### ###", "555-####", "0###-######", "+1 ### ### ####"))
    return "".join(w._symbol(r, mark) for mark in shape)


def _date(w: Words, r: Random) -> str:
    day, month = r.randint(1, 28), w.word(r, "month")
    return r.choice(
        (
            f"{day} {month}",
            f"{month} {day}",
            f"{day} {month} {r.randint(2019, 2031)}",
            f"{r.randint(2019, 2031)}-{r.randint(1, 12):02d}-{day:02d}",
        )
    )


def _name(w: Words, r: Random) -> str:
    return f"{w.entity(r, 'first')} {w.entity(r, 'last')}"


def _product(w: Words, r: Random) -> str:
    name = w.invented(r).capitalize()
    item = w.entity(r, "item")
    return r.choice(
        (
            f"{name} {r.randint(2, 900)}",
            f"{name} {item}",
            f"{name} {r.choice(('Pro', 'Mini', 'Plus', 'X', 'Go'))}",
            f"{w.word(r, 'colour')} {item}",
            f"{w.word(r, 'material')} {item}",
        )
    )


def _jumble(_: Words, r: Random) -> str:
    """Letters, digits and marks without any sense, in one to four groups."""
    pools = (string.ascii_lowercase, string.ascii_uppercase, string.digits, string.ascii_letters + string.digits)
    groups = []
    for _group in range(r.choice((1, 1, 2, 3, 4))):
        pool = r.choice(pools)
        groups.append("".join(r.choice(pool) for _ in range(r.randint(2, 9))))
    return r.choice(("-", "", "_", ".", "/", ":", "#", "+", " ")).join(groups)


def _foreign(_: Words, r: Random) -> str:
    """A made-up word with letters that English does not have."""
    letters = r.choice(
        ("áàâäãåæçèéêëìíîïñòóôöøùúûüýß", "ąćčďęěłńňřśšťůźżž", "αβγδεζηθικλμνξοπρστυφω", "абвгдежзиклмнопрстуфя")
    )
    plain = string.ascii_lowercase if letters[0] in "áą" else letters
    word = "".join(r.choice(letters if r.random() < 0.3 else plain) for _ in range(r.randint(3, 8)))
    return r.choice((word, word.capitalize()))


def _digits(_: Words, r: Random) -> str:
    return "".join(r.choice(string.digits) for _ in range(r.choice((3, 5, 6, 8, 10, 13, 16))))


MAKERS: dict[str, Callable[[Words, Random], str]] = {
    "n": _number(2, 99),
    "days": _number(2, 90),
    "hours": _number(2, 72),
    "minutes": _number(3, 90),
    "years": _number(1, 15),
    "pct": _number(2, 75),
    "big": lambda _, r: f"{r.randint(100, 99999):{r.choice(('', ','))}}",
    "year": _number(1890, 2025),
    "degrees": _number(20, 95),
    "floor": _number(1, 30),
    "price": _price,
    "time": _time,
    "email": _email,
    "phone": _phone,
    "date": _date,
    "name": _name,
    "product": _product,
    "code": Words.code,
    "brand": Words.brand,
    "word": Words.invented,
    "jumble": _jumble,
    "foreign": _foreign,
    "digits": _digits,
    "person": lambda w, r: w.entity(r, "first"),
    "url": lambda w, r: f"{w.invented(r)}.{r.choice(('com', 'org', 'example'))}/{w.word(r, 'noun')}",
}
