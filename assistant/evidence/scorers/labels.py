"""Answers that are labels: one or several, whose symbols, signs and emoji tell them apart."""

from __future__ import annotations

import json
from collections.abc import Iterable

import regex

from assistant.evidence.scorers import folding, overlap, quantities

LONGEST = 6  # words of a label; a text with a longer part is a sentence, and no list of labels
_NESTED = 8  # layers of quotes, emphasis and full stops around a label
_STOPS = frozenset(".。।॥۔։።។။᙮᠃꓿꛳")
_EMPHASIS = regex.compile(r"^(\*{1,3}|`+)(?=[^\s*`])(.*[^\s*`])\1$", regex.DOTALL)
_QUOTE = regex.compile(r"[\p{Pi}\p{Pf}\"'„‚「『《〈」』》〉]")
_UNQUOTED = regex.compile(r"[^\p{Pi}\p{Pf}\"'„‚「『《〈」』》〉\s]")
_BULLET = regex.compile(r"^\s*(?:[-*+•·▪◦‣]|\p{Nd}{1,3}[.)])\s+(?=\S)")
_MEANS = regex.compile(r"[^\p{P}\s]")
# A comma between digits belongs to a number (0,5); whether it can is looked at where nothing but digits is there.
_BREAK = regex.compile(r"[\n;؛،、|]|,(?!\p{Nd})|(?<!\p{Nd}),")
_DIGITS = regex.compile(r"^\p{Nd}+(?:,\p{Nd}+)+$")


def exact(answer: str, reference: str) -> float:
    """1 for the same labels in any order. With several approved ones F1 of the two sets; with one the share of it in
    the answer's: who names all labels is no better than who guesses."""
    found, wanted = map(frozenset, pair(answer, reference))
    if not found or not wanted:
        return float(found == wanted)
    both = len(found & wanted)
    return both / len(found) if len(wanted) == 1 else 2 * both / (len(found) + len(wanted))


def pair(answer: str, reference: str) -> tuple[list[str], list[str]]:
    """The labels of both, written alike: without case, and a number as the number that it is."""
    turkic = folding.turkic(answer, reference)
    found, wanted = labels(answer, turkic), labels(reference, turkic)
    if len(found) > 1 or len(wanted) > 1:
        return labels(answer, turkic, several=True), labels(reference, turkic, several=True)
    return found, wanted


def labels(text: str, turkic: bool = False, several: bool = False) -> list[str]:
    """The labels of one text: none where it is empty. `several`: 1,2 is known to be two of them, not 1.2."""
    parts = _parts(folding.folded(text, turkic))
    if len(parts) == 1 and _DIGITS.match(parts[0]) and (several or quantities.whole(parts[0]) is None):
        parts = parts[0].split(",")
    return [_label(part) for part in parts]


def short(text: str) -> bool:
    """Whether every label of a text is short enough to be one."""
    return all(overlap.words(label) <= LONGEST for label in labels(text))


def _parts(text: str) -> list[str]:
    """The labels as they are written; the whole text where a part of it is too long to be a label."""
    text = text.strip()
    listed = _json_list(text)
    if listed is not None:
        return listed
    inner = text[1:-1].strip() if text[:1] == "[" and text[-1:] == "]" and _MEANS.search(text) else text
    parts = [part for part in map(str.strip, _BREAK.split(_unbulleted(inner))) if part]
    if len(parts) == 1 and inner.startswith(parts[0]) and _MEANS.search(parts[0]):
        return parts  # what ends in a comma
    if len(parts) < 2:
        return [inner] if inner else []
    return [text] if any(overlap.words(part) > LONGEST for part in parts) else parts


def _json_list(text: str) -> list[str] | None:
    """A JSON list of single values as their texts; None for anything else."""
    if text[:1] != "[" or text[-1:] != "]":
        return None
    try:
        found = json.loads(text, parse_int=str, parse_float=str, parse_constant=str)
    except (ValueError, RecursionError):
        return None
    if not found or any(isinstance(one, (dict, list)) for one in found):
        return None
    return [one if isinstance(one, str) else json.dumps(one) for one in found]


def _unbulleted(text: str) -> str:
    lines = [line for line in text.split("\n") if line.strip()]
    listed = len(lines) > 1 and all(_BULLET.match(line) for line in lines)
    return "\n".join(_BULLET.sub("", line) for line in lines) if listed else text


def _label(text: str) -> str:
    bare = _bare(text)
    number = quantities.whole(bare)
    return f"{number.value}{number.unit}" if number else bare


def _bare(text: str) -> str:
    """Without quotes, emphasis and a final full stop, unless nothing else is there."""
    text = folding.spaced(text)
    for _ in range(_NESTED):
        before = text
        if _QUOTE.match(text[:1]) and _QUOTE.match(text[-1:]) and _UNQUOTED.search(text[1:-1]):
            text = text[1:-1].strip()
        text = _EMPHASIS.sub(r"\2", text)
        if text[-1:] in _STOPS and _MEANS.search(text[:-1]):
            text = text[:-1].rstrip()
        if text == before:
            break
    return text


def every(texts: Iterable[str]) -> list[list[str]]:
    """The labels of each text, all written alike."""
    texts = list(texts)
    turkic = folding.turkic(*texts)
    return [labels(text, turkic) for text in texts]
