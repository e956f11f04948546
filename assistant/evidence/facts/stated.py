"""The numbers, codes, dates and names that an answer states: likeness does not tell, and people rely on them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from assistant.knowledge.search.words import numbers

_NAME = re.compile(r"(?<![.!?:\n])(?<!^)(?<=[\w,;)’'\"] )[^\W\d_a-z][\w’'-]+")


def stated(text: str) -> frozenset[str]:
    """Numbers, codes with a number in them, and names: words that begin large inside a sentence."""
    return numbers(text) | {name.casefold() for name in _NAME.findall(text) if name[0].isupper()}


def f1(found: frozenset[str], wanted: frozenset[str]) -> float:
    """How far two sets are the same, 0 to 1; two empty ones are."""
    return 2 * len(found & wanted) / (len(found) + len(wanted)) if found or wanted else 1.0


def compare(answers: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Of pairs (answer, approved answer) those whose approved one states a number or a code.

    `answers_with_numbers` counts them; `all_right`, how many state exactly the approved ones, none missing and none
    more; `recall` is the share of all approved ones that was stated, `precision` the share of all stated ones that is
    approved; None where there are none.
    """
    pairs = [(numbers(answer), wanted) for answer, approved in answers if (wanted := numbers(approved))]
    right = sum(len(wanted & found) for found, wanted in pairs)
    return {
        "answers_with_numbers": len(pairs),
        "all_right": sum(found == wanted for found, wanted in pairs),
        "recall": _share(right, sum(len(wanted) for _, wanted in pairs)),
        "precision": _share(right, sum(len(found) for found, _ in pairs)),
    }


def unsupported(answer: str, sources: frozenset[str]) -> frozenset[str]:
    """The numbers and codes of an answer that stand in none of its sources: documents, question, approved answer."""
    return numbers(answer) - sources


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None
