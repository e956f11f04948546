"""Figures of a whole set of answers that a mean score hides, as JSON of a size that does not grow with the set."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from statistics import fmean
from types import MappingProxyType
from typing import Any

from assistant.evidence.scorers import code, folding, json_records, json_schema, labels, overlap, quantities
from assistant.evidence.scorers.catalogue import SCORERS, canonical
from assistant.evidence.scorers.json_reading import json_of

Pairs = Sequence[tuple[str, str]]  # answer, approved answer
SHOWN = 12  # labels in a confusion matrix; the others are one
LONG = 40  # characters of a label
OTHER = "(other)"


def details(name: str, pairs: Pairs, schema: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """`answers`, `scored`, `perfect` (the share that scores 1), `empty`, and what the scorer `name` knows besides.

    `schema`: a JSON schema that answers of `json_records` should keep to. Shares are None where there is nothing to
    count. Raises AttuneError where there is no scorer of that name, or the schema is none.
    """
    name = canonical(name)
    found: dict[str, Any] = {"answers": len(pairs), "empty": sum(not answer.strip() for answer, _ in pairs)}
    if name in SCORERS:
        scores = [score for pair in pairs if (score := SCORERS[name](*pair)) is not None]
        found |= {"scored": len(scores), "perfect": _share([score == 1 for score in scores])}
    if name == "json_records":
        return found | _json(pairs, schema)
    return found | (_MORE[name](pairs) if name in _MORE else {})


def _labels(pairs: Pairs) -> dict[str, Any]:
    """`accuracy`, `macro_f1` over the labels that were approved, `confusion` where each answer is one label."""
    both = list(zip(labels.every(a for a, _ in pairs), labels.every(r for _, r in pairs), strict=True))
    found = [(frozenset(answer), frozenset(wanted)) for answer, wanted in both]
    known = sorted({label for _, wanted in found for label in wanted})
    values = [_label_f1(found, label) for label in known]
    several = any(len(wanted) > 1 for _, wanted in found)
    return {
        "accuracy": _share([answer == wanted for answer, wanted in found]),
        "macro_f1": round(fmean(values), 4) if values else None,
        "labels": len(known),
        "confusion": None if several or not found else _confusion(both),
    }


def _label_f1(found: Sequence[tuple[frozenset[str], frozenset[str]]], label: str) -> float:
    both = sum(label in answer and label in wanted for answer, wanted in found)
    stated = sum((label in answer) + (label in wanted) for answer, wanted in found)
    return 2 * both / stated


def _confusion(both: Sequence[tuple[list[str], list[str]]]) -> dict[str, Any]:
    """`labels`, and `counts`: a row for each approved label, a column for each answered one, in the same order."""
    pairs = [(" + ".join(sorted(set(answer))), " + ".join(wanted)) for answer, wanted in both]
    often = Counter(wanted for _, wanted in pairs)
    shown = sorted(often, key=lambda label: (-often[label], label))[:SHOWN]
    place = {label: number for number, label in enumerate(shown)}
    counts = [[0] * (len(shown) + 1) for _ in range(len(shown) + 1)]
    for answer, wanted in pairs:
        counts[place.get(wanted, len(shown))][place.get(answer, len(shown))] += 1
    return {"labels": [*(label[:LONG] for label in shown), OTHER], "counts": counts}


def _numbers(pairs: Pairs) -> dict[str, Any]:
    """`all_right`: the share of answers with exactly the approved numbers; `recall`, `precision` over all numbers."""
    stated = [(quantities.stated(answer), quantities.stated(wanted)) for answer, wanted in pairs]
    stated = [(found, wanted) for found, wanted in stated if wanted]
    matched = [quantities.matched(found, wanted) for found, wanted in stated]
    every, said = sum(len(wanted) for _, wanted in stated), sum(len(found) for found, _ in stated)
    right = [count == len(f) == len(w) for count, (f, w) in zip(matched, stated, strict=True)]
    return {"all_right": _share(right), "recall": _ratio(sum(matched), every), "precision": _ratio(sum(matched), said)}


def _json(pairs: Pairs, schema: Mapping[str, Any] | None) -> dict[str, Any]:
    """`valid_json`: the share of answers with JSON of the approved one's kind; `keeps_schema`; `too_long`: answers
    with a list that was compared place by place."""
    compared = [(answer, wanted) for answer, wanted in pairs if _read(wanted) is not None]
    agreements = [found for pair in compared if (found := json_records.compare(*pair))]
    kept = [json_schema.breach(answer, dict(schema)) is None for answer, _ in pairs] if schema is not None else []
    return {
        "valid_json": _share([_valid(answer, wanted) for answer, wanted in compared]),
        "keeps_schema": _share(kept),
        "too_long": sum(found.capped for found in agreements),
    }


def _valid(answer: str, reference: str) -> bool:
    (wanted,) = _read(reference) or (None,)
    found = _read(answer, wanted)
    return found is not None and (isinstance(found[0], (dict, list)) or not isinstance(wanted, (dict, list)))


def _read(text: str, like: Any = None) -> tuple[Any] | None:
    """The JSON of a text, in a tuple because null is a value; None where it holds none."""
    try:
        return (json_of(text, like),)
    except ValueError:
        return None


def _programs(pairs: Pairs) -> dict[str, Any]:
    """`python`: the share of answers that parse as Python, over those whose approved answer does."""
    python = [code.program(a) for a, wanted in pairs if code.syntax(code.program(wanted)) is not None]
    return {"python": _share([code.syntax(text) is not None for text in python])}


def _texts(pairs: Pairs) -> dict[str, Any]:
    """`length_ratio`: words answered for each word approved; `different`: the share of answers that are unlike all
    others, letter for letter: a model that says one thing to everybody has a low one."""
    said, approved = (sum(len(overlap.tokens(pair[side])) for pair in pairs) for side in (0, 1))
    unlike = len({folding.spaced(folding.folded(answer)) for answer, _ in pairs})
    return {"length_ratio": _ratio(said, approved), "different": _ratio(unlike, len(pairs))}


def _ratio(part: int, of: int) -> float | None:
    return round(part / of, 4) if of else None


def _share(values: Sequence[bool]) -> float | None:
    return _ratio(sum(values), len(values))


_MORE: Mapping[str, Callable[[Pairs], dict[str, Any]]] = MappingProxyType(
    {
        "exact": _labels,
        "numbers": _numbers,
        "code": _programs,
        "chrf": _texts,
        "token_f1": _texts,
        "rouge_l": _texts,
        "similarity": _texts,
    }
)
