"""Why a verdict is overridden: in words that somebody who reads the history can follow."""

from __future__ import annotations

import re
import unicodedata

from assistant.errors import AttuneError

LEAST = 3  # words
UNSPACED = ("CJK", "HIRAGANA", "KATAKANA", "THAI", "LAO", "KHMER", "MYANMAR", "TIBETAN")  # no spaces between words
LETTERS = 2  # of such a script, about a word


def checked(reason: str) -> str:
    """The reason on one line. Raises AttuneError where it has fewer than three words."""
    plain = " ".join(reason.split())
    if words(plain) < LEAST:
        raise AttuneError(
            "To override the verdict takes a reason of at least three words.",
            "Say why, for example: “to see how real questions are answered for a week”.",
        )
    return plain


def words(text: str) -> float:
    """How many different words a text has, about; of scripts without spaces, every two letters are one."""
    found = {word.casefold() for word in re.findall(r"[^\W\d_]+", text)}
    return sum(len(word) / LETTERS if _unspaced(word) else 1 for word in found)


def _unspaced(word: str) -> bool:
    return unicodedata.name(word[0], "").startswith(UNSPACED)
