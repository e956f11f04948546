"""Every scorer by its name: what it is for, and what it does not see."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from assistant.errors import AttuneError
from assistant.evidence.scorers.code import code, sql
from assistant.evidence.scorers.json_records import json_records
from assistant.evidence.scorers.labels import exact
from assistant.evidence.scorers.overlap import chrf, rouge_l, token_f1
from assistant.evidence.scorers.quantities import numbers
from assistant.evidence.scorers.similarity import Embed, similarity

Scorer = Callable[[str, str], float | None]  # answer, reference -> 0 to 1, None = cannot be scored
AUTO = "auto"


@dataclass(frozen=True)
class ScorerKind:
    """A scorer for people: `suits`, the answers that it is for; `ignores`, what it does not see, a whole sentence."""

    suits: str
    ignores: str


SCORERS: Mapping[str, Scorer] = MappingProxyType(
    {
        "chrf": chrf,
        "code": code,
        "exact": exact,
        "json_records": json_records,
        "numbers": numbers,
        "rouge_l": rouge_l,
        "sql": sql,
        "token_f1": token_f1,
    }
)
KINDS: Mapping[str, ScorerKind] = MappingProxyType(
    {
        "exact": ScorerKind(
            "labels, one or several",
            "It ignores case, the order of several labels, quotes, emphasis and a final full stop; a wrong label is "
            "as wrong as any other.",
        ),
        "numbers": ScorerKind(
            "calculations and figures",
            "It ignores all words, the order of the numbers and what they count, and a unit that only one side names.",
        ),
        "json_records": ScorerKind(
            "JSON objects and lists",
            "It ignores prose around the JSON, case in values, and the order of keys, records and strings in a list; "
            "a text value is right or wrong as a whole.",
        ),
        "code": ScorerKind(
            "programs",
            "It ignores layout where layout means nothing, prose around a fence and, in Python, comments; "
            "whether the program runs is not tried.",
        ),
        "sql": ScorerKind(
            "SQL queries",
            "It ignores layout, comments and the case of what is not quoted; another query with the same result "
            "counts as different.",
        ),
        "chrf": ScorerKind(
            "running text",
            "It compares groups of letters, so it ignores meaning: a right answer in other words scores low, and a "
            "wrong number in the right sentence scores high.",
        ),
        "token_f1": ScorerKind(
            "running text, by words",
            "It ignores the order of words, case and punctuation, and that two words may mean the same.",
        ),
        "rouge_l": ScorerKind(
            "summaries",
            "It ignores case and punctuation, words that stand in another order, and that two words may mean the same.",
        ),
        "similarity": ScorerKind(
            "free wording, by meaning",
            'It compares what texts are about, so it hardly sees a number, a name or a "not" that is wrong.',
        ),
    }
)
_EARLIER = {"json_f1": "json_records"}  # what stored evaluations and case files may still say


def canonical(name: str) -> str:
    """Today's name of a scorer. Raises AttuneError where there is none of that name."""
    name = _EARLIER.get(name, name)
    if name not in KINDS:
        raise AttuneError(f"There is no scorer called '{name}'.", f"Choose one of {', '.join(sorted([AUTO, *KINDS]))}.")
    return name


def ignores(name: str) -> str:
    """What a scorer does not see, in one sentence."""
    return KINDS[canonical(name)].ignores


def scorer(name: str, embed: Embed | None = None) -> Scorer:
    """The scorer of a name; `embed` is what `similarity` needs (see similarity.embed). Safe to use from any thread.

    Raises AttuneError where there is none of that name, or its model is missing.
    """
    name = canonical(name)
    return similarity(embed) if name == "similarity" else SCORERS[name]
