"""What a clause of a brief asks for, where every word of it is understood: symbols -> kinds and arguments.

A clause is compiled only if one of these rules matches it from its first symbol to its last.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import regex

from assistant.evidence.checks.assertion import Argument
from assistant.evidence.checks.lexicon_reader import GUARD, LANGUAGE, NOT, NUMBER, QUOTE, UNKNOWN, LexToken

Found = list[tuple[str, Argument]]  # kind and argument
_UNITS = {"W": "words", "S": "sentences", "C": "characters", "I": "lines", "P": "paragraphs"}
_UNIT = "[WSCIP]"
_QUOTES = r"Q(?:[,ao]+[wWS]?Q)*"
_THINGS = r"[TH]?[MKZYDVv](?:[,ao]+[TH]?[MKZYDVv])*[TH]?"
_FORBIDDEN: dict[str, tuple[str, Argument]] = {
    "M": ("no_emoji", ""),
    "K": ("no_url", ""),
    "Z": ("no_list", ""),
    "Y": ("no_bullets", ""),
    "D": ("no_markdown", ""),
    "V": ("not_contains", "!"),
    "v": ("not_contains", "?"),
}
_GAP = regex.compile(  # a place to fill in: "Dear [name]"
    r"\.{3,}|…|\[[^]]*\]|\{[^}]*\}|<[^>]*>|_{2,}"
    r"|\b(?:NAME|FIRST NAME|SURNAME|DATE|NUMBER|X{2,}|NUME|NOM|NOMBRE|DATUM|NUMMER)\b"
)
LEAST_LETTERS = 2  # of a quoted text whose rest is a gap to fill in


@dataclass(frozen=True)
class Clause:
    """A part of a sentence. `denied`: it stands in a list of what must not be, so without a "not" it is denied."""

    tokens: tuple[LexToken, ...]
    denied: bool = False
    concord: bool = False

    @property
    def negations(self) -> int:
        return sum(token.symbol in "Xz" for token in self.tokens)

    @property
    def negative(self) -> bool | None:
        """Whether it forbids; None where two negations, or one amid what is listed, leave that open."""
        symbols = "".join(token.symbol for token in self.tokens)
        amid = regex.search(r"[QMKZYDVvJA].*[Xz].*[QMKZYDVvJA]", symbols)
        if (self.negations > 1 and not self.concord) or amid:
            return None
        worded = any(token.value == NOT for token in self.tokens if token.symbol in "LG")
        if self.denied and not self.negations and not worded and set("up") & set(symbols):
            return None  # "always" and "every" in a list of what must not be: a rule in the wrong list?
        return bool(self.negations) or (self.denied and not worded)

    @property
    def imperative(self) -> bool:
        """Whether its subject is the answer: it begins with a verb or a "no", or names the answer first."""
        shown = [token.symbol for token in self.tokens if token.symbol not in ".u,p~a"]
        return bool(shown) and shown[0] in "BFTHsXz"

    @property
    def goes_on(self) -> bool:
        """Whether it continues a list of quoted texts or an alternative that began before it."""
        shown = [token.symbol for token in self.tokens if token.symbol not in ".u,a"]
        return bool(shown) and shown[0] in (QUOTE, "o")

    @property
    def contrast(self) -> bool:
        """Whether it names the other of two words: in "use the word 'guest', not 'customer'" neither is a must."""
        shown = [token.symbol for token in self.tokens if token.symbol not in ".u,awWS"]
        return len(shown) > 1 and shown[0] in "Xz" and shown[1] == QUOTE

    @property
    def whole(self) -> bool:
        """Whether it names the answer itself, not a part of it."""
        return any(token.symbol == "s" for token in self.tokens)

    @property
    def neutral(self) -> bool:
        """Whether it says nothing beyond a tone."""
        return all(token.symbol in ".u~a,sp" for token in self.tokens)

    @property
    def length(self) -> bool:
        """Whether it names a length."""
        return any(token.symbol in _UNITS for token in self.tokens) and any(t.symbol == NUMBER for t in self.tokens)


def read(clause: Clause, field: str) -> Found | None:
    """The checks of a clause, or None where a word or the whole is not understood."""
    symbols = {token.symbol for token in clause.tokens}
    kept = _meaning(clause)
    shape = "".join(token.symbol for token in kept)
    if clause.negative is None or GUARD in symbols or not shape:
        return None
    if regex.match(r"[TH]?Ji", shape) and not clause.negative:
        return [("json", "")]
    if UNKNOWN in symbols:
        return None
    return (
        _length(shape, kept, clause)
        or _ends(shape, kept, clause)
        or _label(shape, kept, clause, field)
        or _words(shape, kept, clause)
        or _things(shape, clause, field)
        or _whole(shape, kept, clause)
    )


def literal(quote: str, place: str) -> str | None:
    """The part of a quoted text that is certain where it has gaps to fill in; None where that is too little.

    `place`: start, end or anywhere, which part must be there.
    """
    parts = [part.strip() for part in _GAP.split(quote)]
    if len(parts) > 1:
        named = [part for part in parts if part]
        usable = parts[:1] if place == "start" else parts[-1:] if place == "end" else named if len(named) == 1 else []
        quote = usable[0] if usable else ""
        if sum(letter.isalpha() for letter in quote) < LEAST_LETTERS:
            return None
    kept = quote.strip().rstrip(".,").rstrip()
    return kept or quote.strip() or None


def _meaning(clause: Clause) -> list[LexToken]:
    """The tokens that decide: without fillers, negations, subjects, and adjectives beside what they describe."""
    tokens = [token for token in clause.tokens if token.symbol not in ".uspXz:"]
    while tokens and tokens[0].symbol == ",":
        tokens = tokens[1:]
    kept: list[LexToken] = []
    for place, token in enumerate(tokens):
        after = next((other.symbol for other in tokens[place + 1 :] if other.symbol != "~"), "")
        before = kept[-1].symbol if kept else ""
        if token.symbol != "~" or not (after in {*_UNITS, LANGUAGE} or (before in _UNITS and not after)):
            kept.append(token)
    return kept


def _values(kept: Sequence[LexToken], symbol: str) -> list[LexToken]:
    return [token for token in kept if token.symbol == symbol]


def _length(shape: str, kept: Sequence[LexToken], clause: Clause) -> Found | None:
    """At most, at least, exactly, between: a number and a unit."""
    numbers = [token.value for token in _values(kept, NUMBER)]
    if not numbers or any(not isinstance(value, int) or value < 1 for value in numbers):
        return None
    counts = [int(value) for value in numbers]
    unit = next((_UNITS[token.symbol] for token in kept if token.symbol in _UNITS), "")
    if regex.fullmatch(rf"[TH]?(?:L?r?N[ro]N|bN[ar]N){_UNIT}L?", shape):
        low, high = counts
        both: Found = [(f"min_{unit}", low), (f"max_{unit}", high)]
        return None if clause.negative or low > high else both["L" in shape :]
    found = regex.fullmatch(rf"[TH]?(?:(?P<b>[LGEUO])r?N{_UNIT}|N{_UNIT}(?P<a>[LG])|N(?P<u>{_UNIT}))", shape)
    if not found:
        return None
    bound = found["b"] or found["a"]
    if bound is None:  # "two sentences"; "80 words" alone does not say whether more or fewer will do
        exact = found["u"] in "SIP" and not clause.negative
        return [(f"min_{unit}", counts[0]), (f"max_{unit}", counts[0])] if exact else None
    return _bounded(bound, unit, counts[0], bool(clause.negative))


def _bounded(bound: str, unit: str, count: int, negative: bool) -> Found | None:
    if negative:  # "never more than 80 words"; "not at most" says nothing clear
        return {"O": [(f"max_{unit}", count)], "U": [(f"min_{unit}", count)]}.get(bound)  # type: ignore[return-value]
    if bound == "E":
        return [(f"min_{unit}", count), (f"max_{unit}", count)]
    if bound == "U" and count == 1:
        return None
    limit = {"L": count, "G": count, "U": count - 1, "O": count + 1}[bound]
    return [(f"{'max' if bound in 'LU' else 'min'}_{unit}", limit)]


def _ends(shape: str, kept: Sequence[LexToken], clause: Clause) -> Found | None:
    """Start or end with quoted words; of several, any of them."""
    found = regex.fullmatch(rf"[TH]?(?P<at>[BF])[wWSI]?{_QUOTES}|[wWSI]?{_QUOTES}(?P<after>[BF])", shape)
    if not found:
        return None
    kind = "starts_with" if "B" in (found["at"], found["after"]) else "ends_with"
    texts = [literal(str(token.value), "start" if kind == "starts_with" else "end") for token in _values(kept, QUOTE)]
    known = [text for text in texts if text]
    if len(known) < len(texts) or (len(known) > 1 and not clause.negative and not _any(shape)):
        return None
    if clause.negative:
        return [(f"not_{kind}", text) for text in known]
    return [(kind, tuple(known) if len(known) > 1 else known[0])]


def _label(shape: str, kept: Sequence[LexToken], clause: Clause, field: str) -> Found | None:
    """One of several quoted labels as the whole answer."""
    named = regex.fullmatch(rf"H?yc+{_QUOTES}", shape) or (
        (clause.whole or field == "format") and regex.fullmatch(rf"y{_QUOTES}", shape)
    )
    labels = tuple(dict.fromkeys(str(token.value).strip() for token in _values(kept, QUOTE)))
    return [("one_of", labels)] if named and len(labels) > 1 and not clause.negative else None


def _words(shape: str, kept: Sequence[LexToken], clause: Clause) -> Found | None:
    """Quoted words that must, or must never, be in an answer."""
    found = regex.fullmatch(rf"(?P<b>[TH]?)(?P<w>[wWSI]?){_QUOTES}(?P<a>[TH]?)", shape)
    if not found or (found["b"] and found["a"]):
        return None
    verb = found["b"] or found["a"]
    texts = [literal(str(token.value), "anywhere") for token in _values(kept, QUOTE)]
    known = [text for text in texts if text]
    if len(known) < len(texts):
        return None
    if clause.negative:  # "not 'you'" alone may be about a form of address
        named = verb or found["w"] or not any(token.symbol == "X" for token in clause.tokens)
        return [("not_contains", text) for text in known] if named else None
    if verb != "T" and not (verb == "H" and found["w"]):  # "use 'you'" may ask for a form of address
        return None
    return [("contains", tuple(known))] if len(known) > 1 and _any(shape) else [("contains", text) for text in known]


def _things(shape: str, clause: Clause, field: str) -> Found | None:
    """Emoji, links, lists, Markdown, marks: forbidden, or a list or link asked for."""
    if not regex.fullmatch(_THINGS, shape):
        return None
    things = [symbol for symbol in shape if symbol in _FORBIDDEN]
    if clause.negative:
        return [_FORBIDDEN[symbol] for symbol in dict.fromkeys(things)]
    asked = {"Z": "has_list", "Y": "has_list", "K": "has_url"}.get(things[0])
    verb = shape[0] in "TH"
    clear = len(things) == 1 and asked and (verb or (field == "format" and things[0] != "K"))
    return [(str(asked), "")] if clear else None


def _whole(shape: str, kept: Sequence[LexToken], clause: Clause) -> Found | None:
    """JSON, or a language, as the whole answer."""
    if clause.negative:
        return None
    if regex.fullmatch(r"[TH]?JZ?", shape):
        return [("json", "")]
    named = _values(kept, LANGUAGE)
    return [("language", str(named[0].value))] if regex.fullmatch(r"[TH]?A", shape) else None


def _any(shape: str) -> bool:
    return "o" in shape and "a" not in shape
