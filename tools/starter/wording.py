"""What people ask, in other words: some give way to others of much the same sense."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from random import Random

FILE = Path(__file__).parent / "texts" / "synonyms.txt"


def exchanged(r: Random, template: str) -> str:
    """The template with some of its words, outside of slots, replaced."""
    return _known().sub(lambda met: _instead(r, met[0]), template)


@cache
def synonyms() -> dict[str, tuple[str, ...]]:
    """For each word or phrase of texts/synonyms.txt those beside it, itself among them."""
    lines = FILE.read_text(encoding="utf-8").splitlines()
    groups = [tuple(line.split(", ")) for line in lines]
    return {word: group for group in groups for word in group}


@cache
def _known() -> re.Pattern[str]:
    """Those words outside of slots, the longest first."""
    words = sorted(synonyms(), key=len, reverse=True)
    return re.compile(rf"(?<![\w{{'-])(?:{'|'.join(map(re.escape, words))})(?![\w}}'-])", re.IGNORECASE)


def _instead(r: Random, word: str) -> str:
    new = r.choice(synonyms()[word.lower()]) if r.random() < 0.6 else word
    return new[:1].upper() + new[1:] if word[:1].isupper() else new
