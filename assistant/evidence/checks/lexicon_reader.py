"""A brief's words as symbols that mean the same in five languages: "at most 80 words", "max. 80 Wörter" are L N W.

The phrases of each language are data (lexicon/*.toml). Accents and case are set aside, and the longest phrase wins.
"""

from __future__ import annotations

import tomllib
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import regex

from assistant.evidence.checks import answer_language

LANGUAGES = ("en", "de", "ro", "es", "fr")
# One letter a symbol, so that the grammar is made of regular expressions over them.
LETTERS = {
    "fill": ".",
    "duty": "u",
    "subject": "s",
    "neutral": "~",
    "every": "p",
    "and": "a",
    "or": "o",
    "to": "r",
    "between": "b",
    "at_most": "L",
    "at_least": "G",
    "exactly": "E",
    "under": "U",
    "over": "O",
    "words": "W",
    "sentences": "S",
    "characters": "C",
    "lines": "I",
    "paragraphs": "P",
    "never": "X",
    "no": "z",
    "starts": "B",
    "ends": "F",
    "says": "T",
    "uses": "H",
    "the_word": "w",
    "emoji": "M",
    "url": "K",
    "list": "Z",
    "bullets": "Y",
    "markdown": "D",
    "exclamation": "V",
    "question_mark": "v",
    "json": "J",
    "with_fields": "i",
    "one_of": "y",
    "labels": "c",
    "percent": "%",
    "out_of": "d",
    "form": "f",
    "right": "h",
    "breaks": "k",
    "rules": "j",
    "figures": "m",
    "likeness": "l",
}
QUOTE, NUMBER, LANGUAGE, GUARD, UNKNOWN, COMMA, COLON = "Q", "N", "A", "!", "?", ",", ":"
_PUNCTUATION = {",": COMMA, ";": COMMA, ":": COLON, ".": ".", "!": ".", "*": ".", "'": ".", "’": "."}
_FOLDER = Path(__file__).resolve().parent / "lexicon"
_FIRST_PLACEHOLDER = 0xE000  # of Unicode's private use area: a quoted text while its surroundings are read
_QUOTED = regex.compile(
    r'"(?P<a>[^"\n]+)"|“(?P<b>[^“”\n]+)[”“]|„(?P<c>[^„“”"\n]+)[“”"]|«\s?(?P<d>[^«»\n]+?)\s?»|`(?P<e>[^`\n]+)`'
    r"|(?<![\p{L}\p{N}])'(?=\S)(?P<f>[^\n]+?)(?<=\S)'(?![\p{L}\p{N}])|‘(?=\S)(?P<g>[^\n]+?)(?<=\S)’(?![\p{L}\p{N}])"
)
_TOKEN = regex.compile(r"[\uE000-\uF8FF]|[1-9]\d{0,2}(?:[.,\u00a0\u202f]\d{3})+(?!\d)|\d+(?:[.,]\d+)?|[\p{L}\p{M}]+|\S")
_AMBIGUOUS = frozenset({"polish"})  # also a verb: a language only with its capital
MOST_QUOTES = 500
NOT = "not"  # the value of a bound that is worded as one: "no more than"


@dataclass(frozen=True)
class LexToken:
    """One phrase of a text: its symbol's letter, where it stands, and what a number, quote or language is."""

    symbol: str
    start: int
    end: int
    value: str | float = ""


@dataclass(frozen=True)
class Lexicon:
    """The phrases of one language: words -> letter of LETTERS, code of a language, or number.

    `success` goes before `phrases` where shares of answers are named. `concord`: two negations are one.
    """

    language: str
    concord: bool
    phrases: dict[tuple[str, ...], str]
    success: dict[tuple[str, ...], str]
    languages: dict[tuple[str, ...], str]
    numbers: dict[tuple[str, ...], int]
    openers: frozenset[str]
    longest: int

    def tokens(self, text: str, quotes: list[str], success: bool = False) -> list[LexToken]:
        """The phrases of a text that `unquoted` made, in order; what is in no list is UNKNOWN."""
        words = list(_TOKEN.finditer(text))
        bare = [_bare(word[0]) for word in words]
        found, place = [], 0
        while place < len(words):
            sizes = range(min(self.longest, len(words) - place), 0, -1)
            size = next((n for n in sizes if self._symbol(tuple(bare[place : place + n]), success)), 1)
            start, end = words[place].start(), words[place + size - 1].end()
            symbol, value = self._meaning(tuple(bare[place : place + size]), text[start:end], quotes, success)
            found.append(LexToken(symbol, start, end, value))
            place += size
        return found

    def _meaning(self, key: tuple[str, ...], shown: str, quotes: list[str], success: bool) -> tuple[str, str | float]:
        """The symbol and the value of a phrase."""
        place = ord(shown[0]) - _FIRST_PLACEHOLDER
        if 0 <= place < len(quotes):
            return QUOTE, quotes[place]
        if shown[0].isdecimal():
            return NUMBER, _number(shown)
        symbol = self._symbol(key, success) or _PUNCTUATION.get(shown, UNKNOWN)
        if symbol == LANGUAGE and key[0] in _AMBIGUOUS and not shown[0].isupper():
            return UNKNOWN, ""
        if symbol in (LETTERS["at_most"], LETTERS["at_least"]):
            return symbol, NOT if self.phrases.get(key[:1]) in (LETTERS["never"], LETTERS["no"]) else ""
        return symbol, self.numbers[key] if symbol == NUMBER else self.languages[key] if symbol == LANGUAGE else ""

    def _symbol(self, key: tuple[str, ...], success: bool) -> str | None:
        if success and key in self.success:
            return self.success[key]
        if key in self.phrases:
            return self.phrases[key]
        return NUMBER if key in self.numbers else LANGUAGE if key in self.languages else None


def unquoted(text: str) -> tuple[str, list[str]]:
    """A text with a placeholder for each quoted part, and those parts, at most MOST_QUOTES."""
    quotes: list[str] = []

    def taken(found: regex.Match[str]) -> str:
        if len(quotes) >= MOST_QUOTES:
            return str(found[0])
        quotes.append(next(value for value in found.groupdict().values() if value is not None))
        return chr(_FIRST_PLACEHOLDER + len(quotes) - 1)

    return _QUOTED.sub(taken, regex.sub(r"[\uE000-\uF8FF]", " ", text)), quotes


def requoted(text: str, quotes: list[str]) -> str:
    """The text with its quoted parts back, in plain quotes."""
    for place, quote in enumerate(quotes):
        text = text.replace(chr(_FIRST_PLACEHOLDER + place), f"'{quote}'")
    return text


@cache
def lexicon(language: str) -> Lexicon:
    """The phrases of one of LANGUAGES, read once."""
    table = tomllib.loads((_FOLDER / f"{language}.toml").read_text(encoding="utf-8"))
    guards = {_key(phrase): GUARD for phrase in table["guards"]["words"]}
    phrases = guards | _letters(table["symbols"])
    success = _letters(table["success"])
    numbers = {_key(word): value for word, value in table["numbers"].items()}
    languages = {_key(name): code for code, names in answer_language.names().items() for name in names}
    longest = max(len(key) for keys in (phrases, success, numbers, languages) for key in keys)
    openers = frozenset(_bare(word) for word in table["guards"]["openers"])
    return Lexicon(language, table["concord"], phrases, success, languages, numbers, openers, longest)


@cache
def limiting_words() -> frozenset[str]:
    """Words that are a condition, an exception or a guess in any language: also amid the words of another."""
    tables = (lexicon(code).phrases for code in LANGUAGES)
    return frozenset(key[0] for table in tables for key, symbol in table.items() if symbol == GUARD and len(key) == 1)


def languages_in(text: str) -> set[str]:
    """Codes of the languages that a text names in any language, outside of quotation marks."""
    bare, quotes = unquoted(text)
    found = (token for code in LANGUAGES for token in lexicon(code).tokens(bare, quotes))
    return {str(token.value) for token in found if token.symbol == LANGUAGE}


def first_word(text: str) -> str:
    """The first word as `Lexicon.openers` has it; empty where the text begins with none."""
    found = _TOKEN.search(text)
    return _bare(found[0]) if found else ""


def _letters(table: dict[str, Iterable[str]]) -> dict[tuple[str, ...], str]:
    """Words -> letter; where a phrase stands in two lists the first counts."""
    found: dict[tuple[str, ...], str] = {}
    for name, phrases in table.items():
        for phrase in phrases:
            found.setdefault(_key(phrase), LETTERS[name])
    return found


def _key(phrase: str) -> tuple[str, ...]:
    return tuple(_bare(found[0]) for found in _TOKEN.finditer(phrase))


def _bare(word: str) -> str:
    """Without case and accents."""
    apart = unicodedata.normalize("NFKD", word.casefold())
    return "".join(letter for letter in apart if not unicodedata.combining(letter)) or word


def _number(text: str) -> float:
    if regex.fullmatch(r"[1-9]\d{0,2}(?:[.,\u00a0\u202f]\d{3})+", text):
        return int(regex.sub(r"\D", "", text))
    return float(text.replace(",", ".")) if regex.search(r"[.,]", text) else int(text)
