"""How near an answer is to the one a person approved, from 0 to 1. None = could not be scored, never a silent 0."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from typing import Any

from assistant.errors import AttuneError

Scorer = Callable[[str, str], float | None]  # answer, reference


def exact(answer: str, reference: str) -> float:
    """1 when both are the same label, case and surrounding punctuation aside."""
    return float(_label(answer) == _label(reference))


def token_f1(answer: str, reference: str) -> float:
    """F1 of the two bags of words (SQuAD's measure)."""
    return _f1(Counter(_words(answer)), Counter(_words(reference)))


def chrf(answer: str, reference: str) -> float:
    """Sentence chrF (character 6-grams, recall weighted twice), sacrebleu's, scaled to 0-1."""
    from sacrebleu import sentence_chrf

    return float(sentence_chrf(answer, [reference]).score) / 100


def json_f1(answer: str, reference: str) -> float | None:
    """F1 of the sets of leaf values of two JSON texts; an answer that is not JSON scores 0, such a reference None."""
    wanted = _leaves_of(reference)
    if wanted is None:
        return None
    found = _leaves_of(answer)
    return 0.0 if found is None else _f1(found, wanted)


SCORERS: dict[str, Scorer] = {"chrf": chrf, "exact": exact, "json_f1": json_f1, "token_f1": token_f1}


def scorer(name: str) -> Scorer:
    if name not in SCORERS:
        raise AttuneError(f"There is no scorer called '{name}'.", f"Choose one of {', '.join(sorted(SCORERS))}.")
    return SCORERS[name]


def suggest(references: list[str]) -> str:
    """The scorer that suits these answers: JSON, a small set of labels, else running text."""
    if references and all(_leaves_of(text) is not None and text.strip()[:1] in "[{" for text in references):
        return "json_f1"
    if references and len({_label(text) for text in references}) <= len(references) / 3:
        return "exact"
    return "chrf"


def _label(text: str) -> str:
    return re.sub(r"^\W+|\W+$", "", text.strip().lower())


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def _f1(found: Counter[str], wanted: Counter[str]) -> float:
    if not found and not wanted:
        return 1.0
    return 2 * (found & wanted).total() / (found.total() + wanted.total())


def json_of(text: str) -> Any:
    """The JSON value of an answer, in a code fence or without.

    Raises ValueError for what is none, RecursionError for what is nested too deep.
    """
    return json.loads(re.sub(r"^```(?:json)?\s*|\s*```$", "", text.strip()))


def _leaves_of(text: str) -> Counter[str] | None:
    try:
        return Counter(set(_leaves(json_of(text), "")))
    except (ValueError, RecursionError):
        return None


def _leaves(value: Any, path: str) -> list[str]:
    if isinstance(value, dict):
        return [leaf for key, inner in value.items() for leaf in _leaves(inner, f"{path}.{key}")]
    if isinstance(value, list):
        return [leaf for inner in value for leaf in _leaves(inner, f"{path}[]")]
    return [f"{path}={json.dumps(value, ensure_ascii=False).lower()}"]
