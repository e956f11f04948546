"""A text as it is compared: words, numbers and operators, without case, and without the marks that end a sentence."""

from __future__ import annotations

import regex

from assistant.knowledge.search.words import folded

_QUOTES = regex.compile(r"[\p{Pi}\p{Pf}\"'`„「」『』《》〈〉【】]")
_ENDS = ".,;:!?…。，、；：！？।॥؟،؛۔။"
_ENDING = regex.compile(  # what ends a sentence or a clause: behind a word, or at the end of a line
    rf"(?<=[\p{{L}}\p{{M}}\p{{N}})\]])[{_ENDS}]+(?=\s|$|[)\]])|(?<=[^\s,]),(?=\s)|[。，、；！？।॥؟،؛۔။]+|[{_ENDS}]+\s*$",
    regex.MULTILINE,
)
_AROUND = regex.compile(r"(?<!\S)[(\[]+(?=[\p{L}\p{N}])|(?<=[\p{L}\p{M}\p{N}])[)\]]+(?!\S)|[（）]")  # (tenor)
_HYPHEN = regex.compile(r"(?<=\p{L})[-_](?=\p{L})|(?<=\p{L}\p{M}*\s)-+(?=\s\p{L}{2})")
_DASH = regex.compile(r"[‐‑‒–—−]")
_SHOWN = regex.compile(r"\p{Extended_Pictographic}")
_TOKEN = regex.compile(r"[\p{L}\p{N}][\p{L}\p{M}\p{N}]*(?:[.,:]\d+)*|[^\p{L}\p{M}\p{N}\s]+")
_TELLING = regex.compile(r"\p{N}|^[^\p{L}\p{M}\p{N}]+$")


def canonical(text: str) -> str:
    """Tokens with a space between them; the text itself without case where it has none: "?!" is a message, too."""
    bare = _ENDING.sub(" ", _DASH.sub("-", _QUOTES.sub("", folded(text))))
    bare = _HYPHEN.sub(" ", _SHOWN.sub(" ", _AROUND.sub(" ", bare)))
    return " ".join(_TOKEN.findall(bare)) or folded(text).strip()


def telling(text: str) -> tuple[str, ...]:
    """The numbers and operators of a canonical text, sorted: two that differ in one of them differ in what they say."""
    return tuple(sorted(token for token in text.split() if _TELLING.search(token)))
