"""Text -> words, stems and numbers. Deterministic, and nothing to download."""

from __future__ import annotations

import re

_WORD = re.compile(r"[^\W_]+(?:[.,]\d+)*", re.UNICODE)
_NUMBER = re.compile(r"[A-Z]+\d+|\d+(?:[.,:]\d+)*%?")  # RET30, 12.50, 9:30, 5%
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_STOP = frozenset(
    "a about after all also am an and any are as at be because been but by can could did do does doing for from get "
    "got had has have he her here him his how i if in into is it its just let like me more my no not now of on only or "
    "our out please she should so some than thank thanks that the their them then there these they this to too us very "
    "was we were what when where which who why will with would you your hello hi hey".split()
)


def words(text: str) -> list[str]:
    """Lower-case words and numbers, in order."""
    return _WORD.findall(text.lower().replace("'", "").replace("’", ""))


def stems(text: str) -> list[str]:
    """The words that carry meaning, cut to their stems; all words where nothing else is left."""
    found = words(text)
    return [stem(word) for word in found if word not in _STOP] or [stem(word) for word in found]


def content(text: str) -> list[str]:
    """Like `stems`, but empty for a text of stop words only."""
    return [stem(word) for word in words(text) if word not in _STOP]


def numbers(text: str) -> frozenset[str]:
    """The numbers and the codes with a number in them that a text states: £1,000 and 1000 are one."""
    return frozenset(_NUMBER.findall(_THOUSANDS.sub("", text)))


def stem(word: str) -> str:
    """A light English stemmer: plurals, -ing, -ed and -ly, and a final e or y that they come with."""
    if len(word) <= 3 or not word.isalpha():
        return word
    for ending in ("ingly", "edly", "ings", "ing", "ies", "ied", "ed", "ly", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not word.endswith("ss"):
            word = word[: -len(ending)] + ("y" if ending in ("ies", "ied") else "")
            break
    if len(word) > 4 and word[-1] == word[-2] and word[-1] not in "aeiouls":
        word = word[:-1]  # stopped -> stopp -> stop
    return word[:-1] if len(word) > 3 and word[-1] in "ey" else word
