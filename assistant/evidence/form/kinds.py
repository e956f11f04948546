"""Answers that are no prose: JSON with the same keys, or one of a few labels."""

from __future__ import annotations

import json
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from assistant.evidence.scorers import json_of

LONGEST = 6  # words of a label
TIMES = 3  # as many answers as labels, at least


@dataclass(frozen=True)
class SharedKeys:
    """Keys that nearly all JSON answers have at their top, and the share of the answers that are JSON and have them."""

    shared: tuple[str, ...]
    share: float


def keys(answers: Sequence[str], least: float) -> SharedKeys | None:
    """None where fewer than `least` of the answers are JSON objects or lists."""
    found = [value for answer in answers if isinstance(value := _json(answer), dict | list)]
    if len(found) < least * len(answers):
        return None
    counts = Counter(key for value in found for key in _top(value))
    shared = tuple(key for key, n in counts.items() if n >= least * len(answers))
    return SharedKeys(shared, round(sum(_has(value, shared) for value in found) / len(answers), 4))


def has_keys(answer: str, wanted: Sequence[str]) -> bool:
    return _has(_json(answer), wanted)


def empty(names: Sequence[str]) -> str:
    """JSON with these keys and nothing in them."""
    return json.dumps(dict.fromkeys(names), ensure_ascii=False)


def labels(answers: Sequence[str]) -> tuple[str, ...]:
    """The labels, most frequent first, where all answers are short and few differ; else nothing."""
    texts = [" ".join(unicodedata.normalize("NFC", answer).split()) for answer in answers]
    counts = Counter(texts)
    short = all(len(text.split()) <= LONGEST and len(text) <= 60 for text in counts)
    return tuple(text for text, _ in counts.most_common()) if short and len(counts) * TIMES <= len(texts) else ()


def _json(answer: str) -> Any:
    try:
        return json_of(answer)
    except (ValueError, RecursionError):
        return None


def _top(value: Any) -> list[str]:
    """The keys of an object; of a list those of its objects."""
    objects = [value] if isinstance(value, dict) else [one for one in value if isinstance(one, dict)]
    return list(dict.fromkeys(str(key) for one in objects for key in one))


def _has(value: Any, wanted: Sequence[str]) -> bool:
    return isinstance(value, dict | list) and set(wanted) <= set(_top(value))
