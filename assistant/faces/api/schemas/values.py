"""Values of requests that are one of several things: each is refused by one sentence, which says what is allowed."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from pydantic import BeforeValidator, WithJsonSchema

AUTO = "auto"


def whole(low: int, high: int) -> tuple[Any, ...]:
    """What an annotation needs for "auto" or a whole number in these limits."""

    def fits(value: Any) -> bool:
        return _number(value) and value == int(value) and low <= value <= high

    return _auto(fits, f"a whole number from {low} to {high}", {"type": "integer", "minimum": low, "maximum": high})


def above_zero(high: int) -> tuple[Any, ...]:
    """What an annotation needs for "auto" or a number above 0 and not above this."""
    limits = {"type": "number", "exclusiveMinimum": 0, "maximum": high}
    return _auto(lambda value: _number(value) and 0 < value <= high, f"a number above 0 and up to {high}", limits)


def absent() -> tuple[Any, ...]:
    """What an annotation needs for a field of OpenAI's that has no use here: null and empty ones are taken."""

    def check(value: Any) -> None:
        if value:
            raise ValueError("this is not possible here; leave it out")

    return BeforeValidator(check), WithJsonSchema({"type": "null"})


def _auto(fits: Callable[[Any], bool], what: str, schema: dict[str, Any]) -> tuple[Any, ...]:
    def check(value: Any) -> Any:
        if value is None or value == AUTO or fits(value):
            return value
        raise ValueError(f'{json.dumps(value)[:40]} is not "auto" or {what}')

    return BeforeValidator(check), WithJsonSchema({"anyOf": [{"const": AUTO}, schema, {"type": "null"}]})


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < float("inf")
