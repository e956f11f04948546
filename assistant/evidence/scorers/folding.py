"""Texts that differ only in how their characters are encoded or drawn, made the same; what carries meaning is kept."""

from __future__ import annotations

import unicodedata

import regex

# The ways of drawing one character that Unicode keeps for old encodings. Not here: superscripts, fractions, circled and
# mathematical letters, which NFKC would flatten too, though 10² is not 102.
_DRAWN = frozenset("compat final initial isolated medial narrow noBreak small vertical wide".split())
# Joiners stay (they make emoji and shape words); what no reader sees goes: soft hyphens, marks of direction and of
# emoji style, zero-width spaces, and the tatweel that stretches an Arabic word.
_UNSEEN = regex.compile("[\u00ad\u0640\u061c\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufe0e\ufe0f\ufeff]+")
_TYPED = str.maketrans(
    dict.fromkeys("\u2010\u2011\u2012\u2013\u2212", "-") | dict.fromkeys("‘’ʼ‛", "'") | dict.fromkeys("“”‟", '"')
)
_SPACE = regex.compile(r"\s+")


def composed(text: str) -> str:
    """NFC, with full-width, half-width, ligature and presentation forms as the plain characters; case is kept."""
    text = _UNSEEN.sub("", unicodedata.normalize("NFC", text))
    return text if text.isascii() else unicodedata.normalize("NFC", "".join(map(_plain, text)))


def folded(text: str, turkic: bool = False) -> str:
    """`composed`, without case, and with typewriter quotes and hyphens; `turkic`: I is the capital of ı, İ of i."""
    text = composed(text).translate(_TYPED)
    if turkic:
        text = text.replace("I", "ı").replace("İ", "i")
    return unicodedata.normalize("NFC", text.casefold())


def spaced(text: str) -> str:
    """One space where there is white space, none around."""
    return str(_SPACE.sub(" ", text)).strip()


def turkic(*texts: str) -> bool:
    """Whether a text has the dotless ı or the dotted İ, which only the alphabets have whose I is not i's capital."""
    return any("ı" in text or "İ" in unicodedata.normalize("NFC", text) for text in texts)


def _plain(character: str) -> str:
    kind, _, codes = unicodedata.decomposition(character).partition(" ")
    if not codes or kind.strip("<>") not in _DRAWN:
        return character
    return "".join(_plain(chr(int(code, 16))) for code in codes.split())
