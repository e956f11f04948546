"""Which language an answer is in, told offline by py3langid's model, and the names people call languages by."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import regex

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

LIKELY, SURE = 0.7, 0.9  # probabilities from which it is believed that an answer is in the language, and in another
_ENOUGH = 20  # letters; of scripts with a character a syllable or word, a third
_DENSE = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}]")
_LETTER = regex.compile(r"\p{L}")
# Links, addresses, codes and what holds a digit say nothing about the language.
_NO_WORDS = regex.compile(r"```.*?```|`[^`\n]*`|\S*(?:://|www\.|@|\d)\S*|\b\p{Lu}{2,}\b", regex.DOTALL)
# Written so alike that short texts are often taken for one another.
_ALIKE = ({"no", "da"}, {"hr", "sr", "bs"}, {"cs", "sk"}, {"es", "gl", "pt"}, {"id", "ms"})
_NAMES = Path(__file__).resolve().parent / "lexicon" / "languages.toml"


@cache
def names() -> dict[str, tuple[str, ...]]:
    """ISO 639-1 codes of the languages that a check may name, each with its names; the English one is first."""
    return {code: tuple(found) for code, found in tomllib.loads(_NAMES.read_text(encoding="utf-8")).items()}


def name(code: str) -> str:
    """The English name of a language of `names`."""
    return names()[code][0]


def code_of(text: str) -> str | None:
    """The code of a language by its code or one of its names, case aside; None for any other word."""
    wanted = text.strip().casefold()
    return next((code for code, known in names().items() if wanted == code or wanted in map(str.casefold, known)), None)


def written_in(text: str, code: str) -> bool | None:
    """Whether a text is in the language; None where it is too short, or too like another language, to tell."""
    plain = _NO_WORDS.sub(" ", text)
    letters = len(_LETTER.findall(plain)) + 2 * len(_DENSE.findall(plain))
    if letters < _ENOUGH:
        return None
    found, sure = _identifier().classify(plain)
    if found == code:
        return True if sure >= LIKELY else None
    alike = any({found, code} <= group for group in _ALIKE)
    return False if sure >= SURE and not alike else None


@cache
def _identifier() -> LanguageIdentifier:
    """The detector, read once (about a second), among the languages that have a name here."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    found = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    found.set_languages(list(names()))
    return found
