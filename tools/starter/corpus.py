"""The corpus: an endless, seeded stream of conversations in fixed shares of skills."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from tools.starter.sample import Sample
from tools.starter.skills import copying, dialogues, extraction, labels, patterns, picking, reading, refusing, rewriting
from tools.starter.words import Words

Maker = Callable[[Random, Words], Sample]
SKILLS: dict[str, tuple[Maker, int]] = {  # name -> (maker, share of the conversations)
    "reading": (reading.rag, 44),
    "reading+shots": (reading.rag_shots, 10),
    "context": (reading.context, 34),
    "pick": (picking.pick, 36),
    "copying": (copying.repeat, 16),
    "recall": (copying.recall, 20),
    "nth": (copying.nth, 8),
    "desk": (copying.desk, 12),
    "extraction": (extraction.record, 36),
    "listing": (extraction.listing, 26),
    "pattern": (patterns.invented, 34),
    "pattern-inline": (patterns.inline, 16),
    "sorting": (patterns.sorting, 6),
    "manners": (patterns.manners, 8),
    "style": (patterns.echo_style, 10),
    "labels": (labels.label, 26),
    "rewriting": (rewriting.rewrite, 16),
    "points": (rewriting.points, 5),
    "support": (dialogues.support, 6),
    "booking": (dialogues.booking, 9),
    "identity": (dialogues.identity, 2),
    "refusal": (refusing.refusal, 6),
    "chat": (dialogues.chat, 1),
}


def conversation(r: Random, words: Words) -> Sample:
    """One conversation of a skill drawn by its share."""
    maker = r.choices([maker for maker, _ in SKILLS.values()], [share for _, share in SKILLS.values()])[0]
    return maker(r, words)
