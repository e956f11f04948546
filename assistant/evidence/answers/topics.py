"""What the topics of held-out conversations are called: by the words that set one apart from the others."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping

from assistant.knowledge.search import words

OTHER = "something else"
_WORDS = 2  # in a name


def named(said: Mapping[int, str], clusters: Mapping[int, int]) -> dict[int, str]:
    """`said`: what is asked in each conversation; `clusters`: its topic's number.

    A topic of one is called "something else"; where all are, nothing has a name ("").
    """
    stems = {item: frozenset(words.content(text)) for item, text in said.items()}
    frequent = Counter(stem for found in stems.values() for stem in found)
    spelled = words.spelled(said.values())
    members: dict[int, list[int]] = {}
    for item in said:
        members.setdefault(clusters.get(item, -1 - item), []).append(item)
    names = dict.fromkeys(said, OTHER)
    for mine in members.values():
        if len(mine) > 1:
            names |= dict.fromkeys(mine, _name([stems[item] for item in mine], frequent, len(said), spelled))
    return names if set(names.values()) != {OTHER} else dict.fromkeys(said, "")


def _name(mine: list[frozenset[str]], frequent: Mapping[str, int], total: int, spelled: Mapping[str, str]) -> str:
    """The words that most of them have and few others do."""
    here = Counter(stem for stems in mine for stem in stems if not stem.isdigit())
    shared = {stem: n for stem, n in here.items() if 2 * n >= len(mine) and n > 1} or here
    weights = {stem: n * math.log((total + 1) / frequent[stem]) for stem, n in shared.items()}
    best = sorted(weights, key=lambda stem: (-weights[stem], -len(stem), stem))[:_WORDS]
    return ", ".join(spelled.get(stem, stem) for stem in best) or OTHER
