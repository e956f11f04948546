"""How long an answer is: words, sentences, characters, lines and paragraphs, as the least and the most it may be.

Where a script has no spaces, words are counted as word processors do: each Chinese or Japanese character is one. Thai,
Lao, Khmer and Burmese have neither spaces nor such a custom, so there only bounds are known. A line without an end
mark, such as a sign-off, may or may not be a sentence.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import regex

_EACH = r"[\p{Han}\p{Hiragana}\p{Katakana}]"
_UNBROKEN = r"[\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]"
_WORD = regex.compile(
    rf"(?P<each>{_EACH})|(?P<unbroken>(?:{_UNBROKEN}\p{{M}}*)+)|(?P<word>(?:(?!{_EACH}|{_UNBROKEN})[^\s—])+)"
)
_MEANS = regex.compile(r"[\p{L}\p{N}]")
_ENDED = regex.compile(r"[.!?…。！？｡؟।॥။።՞][\p{P}\p{S}\p{M}\uFE0F\u200D\s]*$")
_BLANK = regex.compile(r"\n\s*\n")


class Span(NamedTuple):
    """A count that is known exactly (both the same) or only between two bounds, both included."""

    least: int
    most: int

    def at_most(self, limit: int) -> bool | None:
        """Whether the count is at most `limit`; None where the bounds do not tell."""
        return True if self.most <= limit else False if self.least > limit else None

    def at_least(self, limit: int) -> bool | None:
        """Whether the count is at least `limit`; None where the bounds do not tell."""
        return True if self.least >= limit else False if self.most < limit else None


def words(text: str) -> Span:
    """Words: what stands between spaces and holds a letter or a digit; each character of Chinese and Japanese."""
    least = most = 0
    for found in _WORD.finditer(text):
        run = found["unbroken"]
        if run is None and not _MEANS.search(found[0]):
            continue
        least += 1
        most += len(regex.findall(r"\X", run)) if run else 1
    return Span(least, most)


def sentences(text: str) -> Span:
    """Sentences, each line by itself; lines without an end mark count only towards the most."""
    from sentencex import segment

    parts = [part for line in text.splitlines() for part in segment("en", line) if _MEANS.search(part)]
    ended = sum(bool(_ENDED.search(part)) for part in parts)
    return Span(max(ended, min(1, len(parts))), len(parts))


def characters(text: str) -> Span:
    """Characters as people see them: an accent or an emoji of several code points is one."""
    return _exactly(len(regex.findall(r"\X", text.strip())))


def lines(text: str) -> Span:
    """Lines that hold something."""
    return _exactly(sum(bool(line.strip()) for line in text.splitlines()))


def paragraphs(text: str) -> Span:
    """Blocks of text with an empty line between them."""
    return _exactly(sum(bool(part.strip()) for part in _BLANK.split(text)))


def _exactly(count: int) -> Span:
    return Span(count, count)


UNITS: dict[str, Callable[[str], Span]] = {
    "words": words,
    "sentences": sentences,
    "characters": characters,
    "lines": lines,
    "paragraphs": paragraphs,
}
