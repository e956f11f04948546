"""The corpus: an endless, seeded stream of conversations in fixed shares of skills."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from tools.starter.sample import Sample
from tools.starter.skills import copying, dialogues, extraction, labels, patterns, reading, rewriting
from tools.starter.words import Words

Maker = Callable[[Random, Words], Sample]
SKILLS: dict[str, tuple[Maker, int]] = {  # name -> (maker, share of the conversations)
    "reading": (reading.rag, 20),
    "reading+shots": (reading.rag_shots, 6),
    "context": (reading.context, 18),
    "copying": (copying.repeat, 12),
    "recall": (copying.recall, 14),
    "nth": (copying.nth, 4),
    "desk": (copying.desk, 8),
    "extraction": (extraction.record, 12),
    "listing": (extraction.listing, 12),
    "pattern": (patterns.invented, 14),
    "pattern-inline": (patterns.inline, 7),
    "sorting": (patterns.sorting, 5),
    "manners": (patterns.manners, 8),
    "style": (patterns.echo_style, 8),
    "labels": (labels.label, 14),
    "rewriting": (rewriting.rewrite, 9),
    "points": (rewriting.points, 4),
    "support": (dialogues.support, 4),
    "booking": (dialogues.booking, 10),
    "identity": (dialogues.identity, 1),
    "refusal": (dialogues.refusal, 4),
    "chat": (dialogues.chat, 1),
}


def conversation(r: Random, words: Words) -> Sample:
    """One conversation of a skill drawn by its share."""
    maker = r.choices([maker for maker, _ in SKILLS.values()], [share for _, share in SKILLS.values()])[0]
    return maker(r, words)
