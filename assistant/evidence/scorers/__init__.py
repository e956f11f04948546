"""How near an answer is to the one a person approved, from 0 to 1. None = could not be scored, never a silent 0.

Here: one module a kind of answer, the names they go by, which of them suits, what each does not see.
Not here: what is made of the scores (statistics, verdict), and asking for answers (runner).
"""

from __future__ import annotations

from assistant.evidence.scorers.catalogue import AUTO, KINDS, SCORERS, Scorer, canonical, ignores, scorer
from assistant.evidence.scorers.choice import ScorerChoice, choose, named, suggest
from assistant.evidence.scorers.details import details
from assistant.evidence.scorers.json_reading import json_of
from assistant.evidence.scorers.self_test import SelfTest, self_test
from assistant.evidence.scorers.similarity import Embed, embed

__all__ = [
    "AUTO",
    "KINDS",
    "SCORERS",
    "Embed",
    "Scorer",
    "ScorerChoice",
    "SelfTest",
    "canonical",
    "choose",
    "details",
    "embed",
    "ignores",
    "json_of",
    "named",
    "scorer",
    "self_test",
    "suggest",
]
