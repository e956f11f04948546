"""The sheets of an OpenDocument spreadsheet -> Markdown tables, with what the program shows in their cells."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from assistant.knowledge.reading.office.parts import local, named
from assistant.knowledge.reading.tables import cell, table

_WIDEST = 1024  # columns that are read
_NAMED = 6  # cells that a warning names


@dataclass
class ReadSheet:
    """`comments`: (where, what)."""

    body: str = ""
    warnings: list[str] = field(default_factory=list)
    comments: list[tuple[str, str]] = field(default_factory=list)


def sheet(name: str, element: Any, most: int) -> ReadSheet:
    """One sheet of a file called `name`, in at most `most` characters."""
    found, uncounted = ReadSheet(), list[str]()
    found.body, rows, ended = table(_rows(element, found, uncounted), most)
    title = named(element, "name")
    if ended:
        found.warnings.append(f"Only the first {rows:,} rows of the sheet '{title}' of '{name}' are used.")
    if uncounted:
        which = ", ".join(uncounted[:_NAMED]) + (" and others" if len(uncounted) > _NAMED else "")
        said = f"The sheet '{title}' of '{name}' has {len(uncounted):,} formulas without a stored result"
        found.warnings.append(f"{said}, which are left empty: {which}. Open it, save it, and add it again.")
    return found


def _rows(element: Any, found: ReadSheet, uncounted: list[str]) -> Iterator[list[str]]:
    """The rows, as often as they are repeated. A merged cell stands in each of its places."""
    below: dict[int, dict[int, str]] = {}
    number = 0
    for row in element.iter("{*}table-row"):
        if next(row.iterancestors("{*}table")) is not element:
            continue
        cells: list[str] = []
        for one in row:
            if local(one) not in ("table-cell", "covered-table-cell"):
                continue
            text = _shown(one)
            where = f"{_letters(len(cells))}{number + 1}"
            _beside(one, where, text, found, uncounted)
            across, down = _count(one, "number-columns-spanned"), _count(one, "number-rows-spanned")
            start = len(cells)
            if local(one) == "covered-table-cell":
                repeated = _count(one, "number-columns-repeated")
                cells += [below.get(number, {}).get(start + at, "") for at in range(repeated)]
            else:
                cells += [text] * min(_count(one, "number-columns-repeated"), _WIDEST - len(cells))
            for at in range(across if across > 1 or down > 1 else 0):
                for under in range(down):
                    below.setdefault(number + under, {})[start + at] = text
        repeated = _count(row, "number-rows-repeated")
        below.pop(number, None)
        number += repeated
        if any(cells):
            yield from (list(cells) for _ in range(repeated))
        else:
            yield []


def _shown(one: Any) -> str:
    """What stands in a cell; the value behind it where the file does not say how it looks."""
    lines = ["".join(part.itertext()) for part in one if local(part) == "p"]
    if lines or local(one) != "table-cell":
        return cell(" ".join(lines))
    value, kind = named(one, "value"), named(one, "value-type")
    if kind == "percentage" and value:
        return f"{float(value) * 100:.10g}%"
    if kind == "boolean":
        return named(one, "boolean-value").upper()
    texts = (value, named(one, "date-value"), named(one, "time-value"), named(one, "string-value"))
    return cell(next(filter(None, texts), ""))


def _beside(one: Any, where: str, text: str, found: ReadSheet, uncounted: list[str]) -> None:
    """The comment on a cell, and a formula that was never calculated."""
    for note in one:
        said = cell(" ".join("".join(part.itertext()) for part in note if local(part) == "p"))
        if local(note) == "annotation" and said:
            found.comments.append((where, said))
    if named(one, "formula") and not text and named(one, "value-type") != "string":
        uncounted.append(where)


def _count(element: Any, name: str) -> int:
    said = named(element, name)
    return min(int(said), 1_048_576) if said.isdecimal() and int(said) else 1


def _letters(column: int) -> str:
    from openpyxl.utils import get_column_letter

    return str(get_column_letter(min(column, 16_383) + 1))
