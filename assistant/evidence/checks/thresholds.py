"""Shares that a brief names as its measure of success: "95 % of answers keep the house format"."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import regex

from assistant.evidence.checks import lexicon_reader
from assistant.evidence.checks.assertion import Argument
from assistant.evidence.checks.grammar import Clause, read
from assistant.evidence.checks.lexicon_reader import GUARD, NUMBER, Lexicon, LexToken

Bound = Literal["at_least", "at_most"]
SUBJECTS = ("format", "checks", "numbers", "likeness")
_SHARE = regex.compile(r"(?P<bound>[LGEUO]?)[.r]*(?:(?P<percent>N)%|(?P<n>N)[.d]{1,3}(?P<m>N)|(?P<all>p+))[.d]*s?")
_FIGURE = regex.compile(r"l[.urhd]*[LGO]?[.r]*NG?")
_KEYS = {"f": "format", "j": "checks", "m": "numbers"}
_CUTS = regex.compile(r",?\s+(?:and|und|și|y|et)\s+|,\s+|\.\s+|;\s*|\n+")


@dataclass(frozen=True)
class Threshold:
    """What must be reached. `subject`: one of SUBJECTS, or the id of a check; `share`: from 0 to 1.

    "No more than 5 % break the format" is format, at least 0.95.
    """

    text: str
    subject: str
    bound: Bound
    share: float


@dataclass(frozen=True)
class Reached:
    """What a clause of the field `success` asks for: a threshold, or checks that a share of the answers must keep."""

    text: str
    subject: str = ""
    share: float = 1.0
    found: tuple[tuple[str, Argument], ...] = ()


def cut(text: str) -> list[str]:
    """The clauses of a text, cut outside of quotes and brackets, each with its words as written."""
    bare, quotes = lexicon_reader.unquoted(text)
    inner = regex.compile(r"\([^()]*\)")
    held = [found[0] for found in inner.finditer(bare)]
    bare = inner.sub("\uf8fe", bare)
    parts = _CUTS.split(bare)
    found = []
    for part in parts:
        while "\uf8fe" in part:
            part = part.replace("\uf8fe", held.pop(0), 1)
        found.append(lexicon_reader.requoted(part, quotes).strip(" .,;"))
    return [part for part in found if part]


def share_of(text: str) -> Reached | None:
    """The share that one clause names and what it is a share of; None where either is not certain.

    Several languages may understand it; they must agree.
    """
    bare, quotes = lexicon_reader.unquoted(text)
    readings = [_read(bare, text, quotes, lexicon_reader.lexicon(code)) for code in lexicon_reader.LANGUAGES]
    found = list(dict.fromkeys(one for one in readings if one is not None))
    return found[0] if len(found) == 1 else None


def _read(bare: str, text: str, quotes: list[str], lexicon: Lexicon) -> Reached | None:
    tokens = lexicon.tokens(bare, quotes, success=True)
    shape = "".join(token.symbol for token in tokens)
    if GUARD in shape or any(t.symbol == "~" for t in tokens):
        return None
    if regex.fullmatch(rf"[.shd]*{_FIGURE.pattern}[.]*", shape):
        return _figure(text, tokens)
    for found in _SHARE.finditer(shape):
        before, after = tokens[: found.start()], tokens[found.end() :]
        if before and after:
            continue
        share = _share(found, tokens)
        rest = before or after
        if share is None or not rest:
            continue
        said = bare[rest[0].start : rest[-1].end]
        return _of(Reached(text, share=share), found["bound"], rest, lexicon.tokens(said, quotes), lexicon.concord)
    return None


def _share(found: regex.Match[str], tokens: list[LexToken]) -> float | None:
    """The share as a number from 0 to 1; None where the words name no sensible one."""
    if found["all"]:
        return None if found["bound"] else 1.0
    if found["percent"]:
        value = float(tokens[found.start("percent")].value) / 100
    else:
        part, whole = (float(tokens[found.start(name)].value) for name in ("n", "m"))
        if whole < 2 or part > whole:
            return None
        value = part / whole
    return value if 0 <= value <= 1 else None


def _of(named: Reached, bound: str, rest: list[LexToken], again: list[LexToken], concord: bool) -> Reached | None:
    """What the share is of: `rest` read for the words of success, `again` the same read for those of a check.

    At most is turned round, for it is a share of answers that break something.
    """
    few = bound in ("L", "U")
    if bound == "E" or (few and named.share > 0.5) or (not few and named.share < 0.5):
        return None  # "at most 95 % keep it" is hardly what was meant
    wanted = round(1 - named.share if few else named.share, 6)
    symbols = {token.symbol for token in rest}
    keys = symbols & set(_KEYS)
    if len(keys) == 1 and not symbols - keys - set(".ushpkdT"):
        broken = "k" in symbols
        clear = broken == few and ("h" in symbols) != broken
        return replace(named, subject=_KEYS[keys.pop()], share=wanted) if clear else None
    clause = Clause(tuple(again), denied=few, concord=concord)
    if few and clause.negations:
        return None
    found = read(clause, "success")
    return replace(named, share=wanted, found=tuple(found)) if found else None


def _figure(text: str, tokens: list[LexToken]) -> Reached | None:
    """A mean likeness that must be reached."""
    value = next(float(token.value) for token in tokens if token.symbol == NUMBER)
    low = any(token.symbol == "L" for token in tokens)
    return Reached(text, "likeness", value) if 0 < value <= 1 and not low else None
