"""CSV in any dialect: the delimiter that its rows agree on, quotes, and a first line `sep=`.

Documents and imported conversations are read by it alike.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator
from itertools import chain, islice
from typing import TextIO

DELIMITERS = ",;\t|"
HEAD = 50  # rows that tell the dialect
LONGEST = 10_000_000  # characters of a cell
Row = tuple[str, list[str]]  # where it stands, and its cells


class BadTable(Exception):
    """A table that is not in its own dialect: where, and why."""


def sampled(sample: str) -> tuple[str, list[Row]]:
    """The delimiter whose rows have most often the same number of cells, more than one; and these rows."""
    best: tuple[float, str, list[Row]] = (-1.0, ",", [])
    for delimiter in DELIMITERS:
        found = []
        try:
            for row in islice(rows(io.StringIO(sample, newline=""), delimiter), HEAD):
                found.append(row)
        except BadTable:
            pass  # the sample may end within a cell; what is before it counts
        counts = Counter(len(cells) for _, cells in found)
        common, times = counts.most_common(1)[0] if counts else (0, 0)
        score = times / len(found) * (common > 1) + 0.001 * common if found else 0.0
        if score > best[0]:
            best = (score, delimiter, found)
    return best[1], best[2]


def rows(file: TextIO, delimiter: str, blank: bool = False) -> Iterator[Row]:
    """The rows and the line that each begins in. `blank`: those with nothing in them, too. Raises BadTable."""
    delimiter, lines, offset = _begun(file, delimiter)
    csv.field_size_limit(LONGEST)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    begin = 1 + offset
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise BadTable(f"line {begin}", f"the quotes of a cell are not in order ({error})") from error
        if blank or any(cell.strip() for cell in cells):
            yield f"line {begin}", cells
        begin = reader.line_num + 1 + offset


def as_they_stand(file: TextIO, delimiter: str) -> Iterator[list[str]]:
    """The rows of a table whose quotes are not in order: each line is one, and a quote a character like any other."""
    delimiter, lines, _ = _begun(file, delimiter)
    for line in lines:
        yield line.rstrip("\r\n").split(delimiter)


def _begun(file: TextIO, delimiter: str) -> tuple[str, Iterator[str], int]:
    """The delimiter, the lines of the table and how many stand above them: Excel's `sep=;` is none of its rows."""
    first = file.readline()
    said = first.strip("\ufeff \r\n").strip('"').lower()
    if said.startswith("sep=") and len(said) <= 5:
        named = first.lstrip('\ufeff "').rstrip("\r\n").rstrip('"')[4:5]
        return named or "\t", iter(file), 1
    return delimiter, chain([first], file), 0
