"""The JSON value of an answer: alone, in a fence of any kind, or after a sentence."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from assistant.evidence.scorers import fences

DEEPEST = 100  # levels: what is nested deeper is no record
_LONGEST = 200_000  # characters in which a value is looked for among prose
_TRIES = 200  # brackets that begin no value, after which the search ends
_OPENING = re.compile(r"[\[{]")
_NO_JSON = object()  # stands for NaN and Infinity, which Python reads and nobody else
_AGAIN = "{}\N{NULL}{}"  # where a repeated key's earlier value is kept: it counts as a field too many


def json_of(text: str, like: Any = None) -> Any:
    """The value that a text is or holds: the first complete one, of the kind of `like` where that is a list or object.

    A key given twice is kept twice. Raises ValueError where there is none, and for NaN, which is no JSON.
    """
    found = list(_values(text))
    for fits in (_alike, _same_kind):
        for value in found:
            if fits(value, like):
                return value
    if not found or _same_kind({}, like) or _same_kind([], like):
        raise ValueError("The text holds no such JSON value.")
    return found[0]


def plain_json(text: str) -> Any:
    """The value of a text that is JSON and nothing else, a fence around it aside. Raises ValueError."""
    text = text.strip().removeprefix("\ufeff")
    inside = fences.only_block(text)
    return _decoded(text if inside is None else inside)


def _values(text: str) -> Iterator[Any]:
    """Every value of a text: the text itself, or those in its fences, then those among its prose."""
    try:
        yield plain_json(text)
        return
    except ValueError:
        pass  # it is not JSON alone
    for inside in fences.blocks(text[:_LONGEST]):
        try:
            yield _decoded(inside)
        except ValueError:
            yield from _among_prose(inside)
    yield from _among_prose(text[:_LONGEST])


def _among_prose(text: str) -> Iterator[Any]:
    decoder, place, failed = _decoder(), 0, 0
    while failed < _TRIES and (opening := _OPENING.search(text, place)):
        try:
            value, place = decoder.raw_decode(text, opening.start())
            yield _shallow(value)
        except (ValueError, RecursionError) as error:  # what was read up to there is a broken value's inside
            broken = error.pos if isinstance(error, json.JSONDecodeError) else 0
            place, failed = max(place, opening.start() + 1, broken), failed + 1


def _decoded(text: str) -> Any:
    try:
        return _shallow(_decoder().decode(text.strip()))
    except RecursionError as error:
        raise ValueError("The value is nested too deep.") from error


def _decoder() -> json.JSONDecoder:
    return json.JSONDecoder(object_pairs_hook=_object, parse_constant=lambda _: _NO_JSON)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for number, (key, value) in enumerate(pairs):
        if key in found:
            found[_AGAIN.format(key, number)] = found[key]
        found[key] = value
    return found


def _shallow(value: Any) -> Any:
    """The value; ValueError where it is nested deeper than any record, or holds NaN."""
    level = [value]
    for _ in range(DEEPEST):
        if any(one is _NO_JSON for one in level):
            raise ValueError("NaN and Infinity are no JSON.")
        level = [inner for one in level if isinstance(one, (dict, list)) for inner in _inside(one)]
        if not level:
            return value
    raise ValueError("The value is nested too deep.")


def _inside(value: dict[str, Any] | list[Any]) -> list[Any]:
    return list(value.values()) if isinstance(value, dict) else value


def _same_kind(value: Any, like: Any) -> bool:
    return isinstance(like, (dict, list)) and type(value) is type(like)


def _alike(value: Any, like: Any) -> bool:
    """Of the same kind, and a list of what the other is a list of: "[1]" that cites a source is no list of records."""
    if not _same_kind(value, like):
        return False
    if not isinstance(value, list) or not value or not like:
        return True
    return isinstance(value[0], (dict, list)) == isinstance(like[0], (dict, list))
