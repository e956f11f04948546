"""The tables of sentences, one a language: read once, and chosen by a setting or by the brief."""

from __future__ import annotations

import tomllib
import unicodedata
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from assistant.stages.interview import QUESTIONS, BriefQuestion

LANGUAGES = ("en", "ro", "de", "es", "fr")


@dataclass(frozen=True)
class Table:
    """One language: its names, exact words by meaning, titles and questions by field, and sentences by key.

    The first word of a meaning is the label of its button. `never` are words that are no answer to anything.
    """

    code: str
    names: tuple[str, ...]
    words: dict[str, tuple[str, ...]]
    never: dict[str, tuple[str, ...]]
    titles: dict[str, str]
    questions: dict[str, BriefQuestion]
    sentences: dict[str, str]

    def say(self, key: str, **values: Any) -> str:
        """A sentence with its values filled in."""
        return self.sentences[key].format(**values)

    def label(self, meaning: str) -> str:
        return self.words[meaning][0]

    def labels(self, *meanings: str) -> tuple[str, ...]:
        return tuple(self.words[meaning][0] for meaning in meanings)


@cache
def tables() -> dict[str, Table]:
    """Every table by its language."""
    return {code: _read(code) for code in LANGUAGES}


def chosen(setting: str, language: str) -> Table:
    """The table that the setting names; else the one whose language is exactly what the brief answers; else English."""
    named = (table for table in tables().values() if plain(language) in map(plain, table.names))
    return tables()[setting] if setting else next(named, tables()["en"])


def meaning(text: str) -> str:
    """What a message of exactly one known word means, in any of the languages; empty for any other message."""
    return _meanings().get(plain(text), "")


def plain(text: str) -> str:
    """A message without case, accents, doubled spaces, and what stands around its letters."""
    folded = unicodedata.normalize("NFKD", text.casefold().replace("’", "'"))
    kept = " ".join("".join(c for c in folded if not unicodedata.combining(c)).split())
    inside = [place for place, letter in enumerate(kept) if letter.isalnum()]
    return kept[inside[0] : inside[-1] + 1] if inside else ""


@cache
def _meanings() -> dict[str, str]:
    every = [pair for table in tables().values() for part in (table.words, table.never) for pair in part.items()]
    return {plain(word): key for key, words in every for word in words}


def _read(code: str) -> Table:
    found = tomllib.loads((Path(__file__).parent / f"{code}.toml").read_text(encoding="utf-8"))
    asked = {
        name: BriefQuestion(name, before=QUESTIONS[name].before, **_question(row))
        for name, row in found.get("questions", {}).items()
    }
    return Table(
        code,
        tuple(found["names"]),
        {key: tuple(words) for key, words in found["words"].items()},
        {key: tuple(words) for key, words in found["never"].items()},
        found["titles"],
        asked or QUESTIONS,
        found["say"],
    )


def _question(row: dict[str, Any]) -> dict[str, Any]:
    return {"text": row["text"], "why": row["why"], "suggestions": tuple(row["answers"])}
