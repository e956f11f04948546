"""Whether answers state the numbers and codes of the approved ones: likeness does not tell, and people rely on them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from assistant.knowledge.search.words import numbers


def compare(answers: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Of pairs (answer, approved answer) those whose approved one states a number or a code.

    `answers_with_numbers` counts them; `all_right`, how many state exactly the approved ones, none missing and none
    more; `recall` is the share of all approved ones that was stated, None where there are none.
    """
    pairs = [(numbers(answer), wanted) for answer, approved in answers if (wanted := numbers(approved))]
    stated = sum(len(wanted & found) for found, wanted in pairs)
    every = sum(len(wanted) for _, wanted in pairs)
    return {
        "answers_with_numbers": len(pairs),
        "all_right": sum(found == wanted for found, wanted in pairs),
        "recall": round(stated / every, 4) if every else None,
    }
