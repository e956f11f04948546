"""Rows of cells -> Markdown tables: the head stands above its rows, titles and notes stand outside."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, time
from itertools import chain, islice

from assistant.knowledge.reading.text import MAX_CHARACTERS

_SEEN = 50  # rows that tell how wide a table is


def table(rows: Iterable[Iterable[object]], most: int = MAX_CHARACTERS) -> tuple[str, int, bool]:
    """Markdown, the number of rows below heads, and whether it ended for `most` characters.

    The first full row is the head. Lines of one cell above it, or after an empty row, are text and no rows; a row after
    an empty one may be the head of another table.
    """
    cells = (_trimmed([cell(value) for value in row]) for row in rows)
    first = list(islice(cells, _SEEN))
    writer = _Writer(_usual(first), most)
    held: list[str] | None = None
    for row in chain(first, cells, [[]]):  # each with the row below it
        if held is not None and not writer.add(held, row):
            break
        held = row
    return "\n".join(writer.lines), writer.rows, writer.ended


def cell(value: object) -> str:
    """A value as a table shows it."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime) and value.time() == time():
        value = value.date()  # spreadsheets keep a day as its midnight
    return " ".join(str(value).split()).replace("|", "\\|")


class _Writer:
    def __init__(self, usual: int, most: int) -> None:
        self.lines: list[str] = []
        self.rows, self.ended = 0, False
        self._usual, self._left = usual, most
        self._head: list[str] | None = None
        self._after_gap, self._in_table = True, False

    def add(self, cells: list[str], below: Sequence[str]) -> bool:
        """Write a row; False where there is no room for it."""
        if not cells:
            self._after_gap = True
            return True
        if self._after_gap and self._is_text(cells):
            self._in_table = False
            return self._put(*_apart(self.lines), ": ".join(dict.fromkeys(filter(None, cells))))
        if self._head is None or (self._after_gap and _is_head(cells, self._head, below)):
            self._head, self._after_gap, self._in_table = cells, False, True
            return self._put(*_apart(self.lines), _line(cells), _rule(cells))
        head = () if self._in_table else (*_apart(self.lines), _line(self._head), _rule(self._head))
        self._after_gap, self._in_table = False, True
        if not self._put(*head, _line(cells)):
            return False
        self.rows += 1
        return True

    def _is_text(self, cells: Sequence[str]) -> bool:
        """Whether a row is a title, a note or, above a table, something like its date."""
        distinct = len(set(filter(None, cells)))  # a merged cell counts once
        above = self._head is None and 2 * distinct <= self._usual
        return self._usual > 1 and bool(cells[0]) and (distinct == 1 or above)

    def _put(self, *lines: str) -> bool:
        size = sum(len(line) + 1 for line in lines)
        if size > self._left and self.lines:
            self.ended = True
            return False
        self.lines += [line[: max(1, self._left)] for line in lines]
        self._left -= size
        return True


def _usual(rows: Sequence[Sequence[str]]) -> int:
    """How many cells a row most often fills; of several numbers the largest."""
    counts = Counter(sum(map(bool, row)) for row in rows if row)
    return max(counts, key=lambda width: (counts[width], width), default=0)


def _is_head(cells: Sequence[str], head: Sequence[str], below: Sequence[str]) -> bool:
    """Whether a row after an empty one names columns: it has no numbers, and other columns or numbers below it."""
    if any(map(_counts, cells)) or sum(map(bool, cells)) < 2:
        return False
    if len(cells) != len(head) and len(below) == len(cells):
        return True
    return any(_counts(under) for name, under in zip(cells, below, strict=False) if name)


def _counts(text: str) -> bool:
    return any(map(str.isdecimal, text))


def _apart(lines: Sequence[str]) -> Iterator[str]:
    """An empty line between a table and what stands above it."""
    if lines and lines[-1]:
        yield ""


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _rule(cells: Sequence[str]) -> str:
    return "|" + "---|" * len(cells)


def _trimmed(cells: list[str]) -> list[str]:
    """Without the empty cells at their end."""
    while cells and not cells[-1]:
        cells.pop()
    return cells
