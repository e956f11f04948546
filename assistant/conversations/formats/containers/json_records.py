"""JSON in text: a value a line, an array of values, one object; record by record, with the line or number of each."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any, TextIO

from assistant.conversations.formats.found import BadRow, Tally
from assistant.conversations.formats.openai_rows import no_number

NO_JSON = "this is not valid JSON"
PIECE = 1 << 16  # characters, at first; more where a value is longer
LONGEST = 1 << 29  # characters of one value
TWICE = "keys that stand twice in an object (the last counts)"
_BEGIN = re.compile(r"\s*(?:\{|\[\s*(?:[\[{\"\]]|$))")
Placed = tuple[str, Any]  # where a record stands, and the record or the BadRow that it is


def looks_like(head: str) -> bool:
    """Whether a text begins as an object or a list of objects, lists or texts: transcripts begin with "[10:30]"."""
    return bool(_BEGIN.match(head))


def records(file: TextIO, told: Tally) -> Iterator[Placed]:
    """Each record with its place ("line 3" or "record 3"); a BadRow in place of one that is no JSON."""
    decoder = _decoder(told)
    first = _first_lines(file)
    if _a_value_a_line(first, decoder):
        yield from _lines(file, decoder)
    elif next((line for line in first if line.strip()), "").lstrip().startswith("["):
        yield from _array(_Window(file, decoder))
    else:
        yield from _one(file, decoder)


def _first_lines(file: TextIO) -> list[str]:
    """The first two lines with something in them; the file stands at its begin again."""
    found: list[str] = []
    for line in _each_line(file):
        if line.strip():
            found.append(line)
        if len(found) == 2:
            break
    file.seek(0)
    return found


def _a_value_a_line(first: list[str], decoder: json.JSONDecoder) -> bool:
    """Whether each line is a value: the first one is whole, or it is broken and the next one begins a value anew."""
    if not first:
        return False
    whole = not isinstance(_parsed(first[0], decoder), BadRow)
    if len(first) == 1:
        return not first[0].lstrip().startswith("[")
    opening = first[0].lstrip()[:1]
    alone = len(first[0].strip()) == 1  # a bracket on a line of its own opens something pretty
    return whole or (not alone and opening == "{" and first[1].startswith("{"))


def _lines(file: TextIO, decoder: json.JSONDecoder) -> Iterator[Placed]:
    for number, line in enumerate(_each_line(file), start=1):
        if line.strip():
            yield f"line {number}", _parsed(line, decoder)


def _each_line(file: TextIO) -> Iterator[str]:
    """Lines that end in \\n alone: other marks of a line's end may stand in a text."""
    rest = ""
    while piece := file.read(PIECE):
        lines = (rest + piece).split("\n")
        rest = lines.pop()
        yield from lines
        if len(rest) > LONGEST:
            break
    yield rest


def _parsed(text: str, decoder: json.JSONDecoder) -> Any:
    try:
        return decoder.decode(text.strip().removeprefix("\ufeff"))
    except (ValueError, RecursionError):
        return BadRow(NO_JSON)


def _one(file: TextIO, decoder: json.JSONDecoder) -> Iterator[Placed]:
    """One value, or several of them one after the other."""
    window = _Window(file, decoder)
    number = 0
    while window.begin():
        number += 1
        value = window.value()
        yield f"record {number}", value
        if isinstance(value, BadRow):
            return


def _array(window: _Window) -> Iterator[Placed]:
    """The values of an array, none of them kept."""
    window.begin()
    window.skip(1)
    for number in range(1, 1 << 62):
        sign = window.begin()
        if sign == "]":
            window.skip(1)
            if window.begin():
                yield f"record {number}", BadRow("something follows the end of the list")
            return
        if number > 1:
            if sign != ",":
                yield f"record {number}", BadRow(f"{NO_JSON} (near line {window.line})")
                return
            window.skip(1)
            window.begin()
        line = window.line
        value = window.value()
        if isinstance(value, BadRow):
            yield f"record {number}", BadRow(f"{value} (near line {line})")
            return
        yield f"record {number}", value


class _Window:
    """What of a text is looked at now: values are taken from its front, more is read when one is not whole."""

    def __init__(self, file: TextIO, decoder: json.JSONDecoder) -> None:
        self._file, self._decoder = file, decoder
        self._text, self._at, self.line = "", 0, 1

    def begin(self) -> str:
        """The next character that is no space; "" at the end."""
        while True:
            while self._at < len(self._text) and self._text[self._at] in " \t\r\n\ufeff":
                self.line += self._text[self._at] == "\n"
                self._at += 1
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more(PIECE):
                return ""

    def skip(self, count: int) -> None:
        self._at += count

    def value(self) -> Any:
        """The next value; a BadRow where there is none."""
        size = PIECE
        while True:
            try:
                value, end = self._decoder.raw_decode(self._text, self._at)
            except (ValueError, RecursionError):
                end = -1
            if end >= 0 and (end < len(self._text) or not self._more(PIECE)):  # a number may go on in what follows
                self.line += self._text.count("\n", self._at, end)
                self._at = end
                return value
            if end < 0 and (len(self._text) - self._at > LONGEST or not self._more(size)):
                return BadRow(NO_JSON)
            size *= 2

    def _more(self, size: int) -> bool:
        piece = self._file.read(size)
        self._text, self._at = self._text[self._at :] + piece, 0
        return bool(piece)


def _decoder(told: Tally) -> json.JSONDecoder:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        if len(made) < len(pairs):
            told.leave(TWICE, count=len(pairs) - len(made))
        return made

    return json.JSONDecoder(object_pairs_hook=once, parse_constant=no_number)


def columns(record: Any) -> Iterator[Any] | None:
    """The rows of an object of columns, lists or objects of the same length, as data frames are saved; else None."""
    if not isinstance(record, Mapping) or len(record) < 2:
        return None
    listed = [list(c.values()) if isinstance(c, Mapping) else c for c in record.values()]
    if not all(isinstance(c, list) and len(c) == len(listed[0]) > 0 for c in listed):
        return None
    if any(isinstance(value, Mapping) for column in listed for value in column):
        return None
    return (dict(zip(record, row, strict=True)) for row in zip(*listed, strict=True))


def unwrapped(record: Any) -> Iterator[Any] | None:
    """The records of an object that only holds a list of them ({"data": [...]}); None for anything else."""
    if not isinstance(record, Mapping):
        return None
    lists = [
        value
        for value in record.values()
        if isinstance(value, list) and value and all(isinstance(one, Mapping) for one in value)
    ]
    return chain.from_iterable(lists) if len(lists) == 1 else None
