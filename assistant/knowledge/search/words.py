"""Text -> words, stems and numbers, in any script. Deterministic, and nothing to download."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable

import regex

from assistant.knowledge.search.stop_words import STOP_WORDS

# Thai, Lao, Khmer, Burmese, Chinese and Japanese put no space between words: ICU's dictionaries tell them apart.
_UNSPACED = regex.compile(
    r"[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}"
    r"\p{Script=Myanmar}\u30fc]"
)
_WORD = regex.compile(r"[\p{L}\p{N}][\p{L}\p{M}\p{N}]*(?:[.,]\d+)*")  # a mark belongs to the letter before it
_NUMBER = regex.compile(r"[A-Z]+\d+|\d+(?:[.,:]\d+)*%?")  # RET30, 12.50, 9:30, 5%
_THOUSANDS = regex.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_UNSEEN = regex.compile(r"[\p{Default_Ignorable_Code_Point}\u0640]+")  # soft hyphens, joiners, the Arabic stretcher
_SMALL = regex.compile(r"([\p{dt=Super}\p{dt=Sub}\p{dt=Fraction}]+)")  # 10² is not 102
_LETTER, _LATIN = regex.compile(r"\p{L}"), regex.compile(r"[\p{Script=Latin}&&\p{L}]", regex.VERSION1)
_DIGIT = regex.compile(r"[\p{Nd}--[0-9]]", regex.VERSION1)


def latin(text: str) -> bool:
    """Whether most letters of a text are Latin ones; also where it has none."""
    letters = _LETTER.findall(text)
    return 2 * len(_LATIN.findall(text)) >= len(letters)


def plain(text: str) -> str:
    """A text as it is meant, however it was typed: composed, in usual widths and digits, without invisible signs."""
    if text.isascii():
        return text
    seen = _UNSEEN.sub("", text)
    parts = (
        unicodedata.normalize("NFC" if place % 2 else "NFKC", part) for place, part in enumerate(_SMALL.split(seen))
    )
    composed = unicodedata.normalize("NFC", "".join(parts))
    return str(_DIGIT.sub(lambda found: str(unicodedata.decimal(found[0])), composed))


def folded(text: str) -> str:
    """A text as it is compared: `plain` and without case. İ and ß are what they are typed as elsewhere: i and ss."""
    return unicodedata.normalize("NFC", plain(text).casefold().replace("i\u0307", "i"))


def words(text: str) -> list[str]:
    """Words and numbers without case, in order."""
    found = _WORD.findall(folded(text).replace("'", "").replace("’", ""))
    return [part for word in found for part in _parted(word)]


def length(text: str) -> int:
    """How many words a text has, for limits: what stands between spaces, and the words of scripts that have none."""
    return len(words(text)) if _UNSPACED.search(text) else len(text.split())


def stems(text: str) -> list[str]:
    """The words that carry meaning, cut to their stems; all words where nothing else is left."""
    found = words(text)
    return [stem(word) for word in found if word not in STOP_WORDS] or [stem(word) for word in found]


def content(text: str) -> list[str]:
    """Like `stems`, but empty for a text of stop words only."""
    return [stem(word) for word in words(text) if word not in STOP_WORDS]


def numbers(text: str) -> frozenset[str]:
    """The numbers and the codes with a number in them that a text states: £1,000 and 1000 are one."""
    return frozenset(_NUMBER.findall(_THOUSANDS.sub("", plain(text))))


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


def spelled(texts: Iterable[str]) -> dict[str, str]:
    """Each stem of the texts as it is mostly written in them."""
    written = Counter(word for text in texts for word in words(text))
    found: dict[str, str] = {}
    for word, _ in written.most_common():
        found.setdefault(stem(word), word)
    return found


def _parted(word: str) -> list[str]:
    """The words of a run of letters: itself, but for a script that puts no space between them."""
    if word.isascii() or not _UNSPACED.search(word):
        return [word]
    from icu4py.breakers import WordBreaker

    return [part for part in WordBreaker(word, "root") if _WORD.match(part)]
