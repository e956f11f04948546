"""The corpus: an endless, seeded stream of conversations in fixed shares of skills."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from tools.starter.sample import Sample
from tools.starter.skills import copying, dialogues, extraction, labels, patterns, picking, reading, rewriting
from tools.starter.words import Words

Maker = Callable[[Random, Words], Sample]
SKILLS: dict[str, tuple[Maker, int]] = {  # name -> (maker, share of the conversations)
    "reading": (reading.rag, 24),
    "reading+shots": (reading.rag_shots, 5),
    "context": (reading.context, 30),
    "pick": (picking.pick, 70),
    "copying": (copying.repeat, 14),
    "recall": (copying.recall, 24),
    "nth": (copying.nth, 6),
    "desk": (copying.desk, 10),
    "extraction": (extraction.record, 24),
    "listing": (extraction.listing, 14),
    "pattern": (patterns.invented, 20),
    "pattern-inline": (patterns.inline, 10),
    "sorting": (patterns.sorting, 6),
    "manners": (patterns.manners, 6),
    "style": (patterns.echo_style, 9),
    "labels": (labels.label, 24),
    "rewriting": (rewriting.rewrite, 10),
    "points": (rewriting.points, 4),
    "support": (dialogues.support, 2),
    "booking": (dialogues.booking, 9),
    "identity": (dialogues.identity, 1),
    "refusal": (dialogues.refusal, 4),
    "chat": (dialogues.chat, 1),
}


def conversation(r: Random, words: Words) -> Sample:
    """One conversation of a skill drawn by its share."""
    maker = r.choices([maker for maker, _ in SKILLS.values()], [share for _, share in SKILLS.values()])[0]
    return maker(r, words)
