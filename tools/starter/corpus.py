"""The corpus: an endless, seeded stream of conversations in fixed shares of skills."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from tools.starter.sample import Sample
from tools.starter.skills import copying, dialogues, extraction, labels, patterns, reading, rewriting
from tools.starter.words import Words

Maker = Callable[[Random, Words], Sample]
SKILLS: dict[str, tuple[Maker, int]] = {  # name -> (maker, share)
    "reading": (reading.rag, 20),
    "reading+shots": (reading.rag_shots, 8),
    "context": (reading.context, 14),
    "copying": (copying.repeat, 12),
    "recall": (copying.recall, 8),
    "nth": (copying.nth, 2),
    "desk": (copying.desk, 5),
    "extraction": (extraction.record, 7),
    "listing": (extraction.listing, 5),
    "pattern": (patterns.invented, 8),
    "pattern-inline": (patterns.inline, 3),
    "sorting": (patterns.sorting, 4),
    "manners": (patterns.manners, 9),
    "style": (patterns.echo_style, 6),
    "labels": (labels.label, 6),
    "rewriting": (rewriting.rewrite, 4),
    "points": (rewriting.points, 2),
    "support": (dialogues.support, 10),
    "booking": (dialogues.booking, 2),
    "identity": (dialogues.identity, 1),
    "refusal": (dialogues.refusal, 2),
    "chat": (dialogues.chat, 1),
}


def conversation(r: Random, words: Words) -> Sample:
    """One conversation of a skill drawn by its share."""
    maker = r.choices([maker for maker, _ in SKILLS.values()], [share for _, share in SKILLS.values()])[0]
    return maker(r, words)
