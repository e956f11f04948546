"""The corpus: an endless, seeded stream of conversations in fixed shares of skills."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from tools.starter.sample import Sample
from tools.starter.skills import copying, dialogues, extraction, labels, patterns, reading, rewriting
from tools.starter.words import Words

Maker = Callable[[Random, Words], Sample]
SKILLS: dict[str, tuple[Maker, int]] = {  # name -> (maker, share of the conversations)
    "reading": (reading.rag, 22),
    "reading+shots": (reading.rag_shots, 8),
    "context": (reading.context, 20),
    "copying": (copying.repeat, 16),
    "recall": (copying.recall, 9),
    "nth": (copying.nth, 3),
    "desk": (copying.desk, 8),
    "extraction": (extraction.record, 9),
    "listing": (extraction.listing, 9),
    "pattern": (patterns.invented, 10),
    "pattern-inline": (patterns.inline, 5),
    "sorting": (patterns.sorting, 4),
    "manners": (patterns.manners, 8),
    "style": (patterns.echo_style, 6),
    "labels": (labels.label, 14),
    "rewriting": (rewriting.rewrite, 7),
    "points": (rewriting.points, 3),
    "support": (dialogues.support, 6),
    "booking": (dialogues.booking, 7),
    "identity": (dialogues.identity, 1),
    "refusal": (dialogues.refusal, 3),
    "chat": (dialogues.chat, 1),
}


def conversation(r: Random, words: Words) -> Sample:
    """One conversation of a skill drawn by its share."""
    maker = r.choices([maker for maker, _ in SKILLS.values()], [share for _, share in SKILLS.values()])[0]
    return maker(r, words)
