"""The glossary: terms explained in plain words, read from terms.md."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

AROUND = 3  # words beside a term in a question that asks for nothing else


@dataclass(frozen=True)
class Term:
    """One entry: its name, other words for it, and a paragraph."""

    name: str
    aliases: tuple[str, ...]
    text: str

    @property
    def words(self) -> tuple[str, ...]:
        return (self.name.lower(), *self.aliases)


@cache
def glossary() -> tuple[Term, ...]:
    """Every entry of terms.md, in its order."""
    return tuple(_entries((Path(__file__).parent / "terms.md").read_text(encoding="utf-8")))


def find(wanted: str) -> Term | None:
    """The entry for a term, also when it is slightly misspelt; None when there is none."""
    words = {word: term for term in glossary() for word in term.words}
    key = _plain(wanted)
    for candidate in (key, key.removesuffix("s"), key.replace("-", " ")):
        if candidate in words:
            return words[candidate]
    close = difflib.get_close_matches(key, words, n=1, cutoff=0.84) if len(key) > 3 else []
    return words[close[0]] if close else None


def asked(question: str) -> Term | None:
    """The entry that a question is all about: the term alone, or with a few words around it ("what is LoRA?")."""
    term = mentioned(question)
    others = len(_plain(question).split()) - len(term.name.split()) if term else 0
    return find(question) or (term if others <= AROUND else None)


def mentioned(text: str) -> Term | None:
    """The entry whose longest name occurs in a question, such as "how many epochs are good?"."""
    plain = _plain(text)
    found = [
        (len(word), term)
        for term in glossary()
        for word in term.words
        if re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", plain)
    ]
    return max(found, key=lambda pair: pair[0])[1] if found else None


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"[\"'“”‘’`?!.,;:()]", " ", text.lower())).strip()


def _entries(markdown: str) -> list[Term]:
    found = []
    for block in re.split(r"^## ", markdown, flags=re.M)[1:]:
        name, _, rest = block.partition("\n")
        aka, _, text = rest.strip().partition("\n")
        aliases = tuple(alias.strip().lower() for alias in aka.removeprefix("aka:").split(","))
        found.append(Term(name.strip(), aliases, " ".join(text.split())))
    return found
