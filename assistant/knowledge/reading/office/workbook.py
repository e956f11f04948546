"""Excel workbooks -> a Markdown table a sheet, with what Excel shows in its cells."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from assistant.errors import AttuneError
from assistant.knowledge.reading.archives import opened
from assistant.knowledge.reading.office.number_formats import shown
from assistant.knowledge.reading.office.parts import parsed, texts
from assistant.knowledge.reading.tables import cell, table
from assistant.knowledge.reading.text import MAX_CHARACTERS, Read, tidy

_NAMED = 6  # cells that a warning names
_MERGES = 10_000  # of a sheet that are filled
_WIDEST = 256  # columns of a merged cell that are filled
_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_STRICT = "{http://purl.oclc.org/ooxml/spreadsheetml/main}"
Bounds = tuple[int, int, int, int]  # first column, first row, last column, last row, from 1


@dataclass
class _Layout:
    """What a sheet's cells do not say. `uncounted`: formulas whose result is not stored, as D2, D3, ..."""

    merged: list[Bounds] = field(default_factory=list)
    uncounted: list[str] = field(default_factory=list)


def read_xlsx(name: str, path: Path) -> Read:
    """Every sheet as a table, row by row, so that a large one costs no more memory than what is used of it.

    Raises AttuneError for a workbook of nothing but formulas that nobody has calculated yet.
    """
    from openpyxl import load_workbook

    parts: list[str] = []
    warnings: list[str] = []
    left = MAX_CHARACTERS
    with path.open("rb") as file, opened(name, path) as archive:
        book = load_workbook(file, read_only=True, data_only=True)
        sheets = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
        for sheet in sheets:
            layout = _layout(archive, sheet._worksheet_path)
            sheet.reset_dimensions()  # what the file declares may be wrong, and as large as it likes
            body, rows, ended = table(_rows(sheet, layout.merged), left)
            left = max(0, left - len(body))
            if body:
                parts.append(f"# {cell(sheet.title)}\n\n{body}")
            if ended:
                warnings.append(f"Only the first {rows:,} rows of the sheet '{sheet.title}' of '{name}' are used.")
            if layout.uncounted:
                warnings.append(_uncounted(name, sheet.title, layout.uncounted))
        count = len(book.sheetnames)
        parts += _asides(archive)
    if count > len(sheets):
        warnings.append(f"Hidden sheets of '{name}' are left out ({count - len(sheets)}).")
    text = tidy("\n\n".join(parts))
    formulas = [warning for warning in warnings if _FORMULAS in warning]
    if formulas and not re.search(r"\w", re.sub(r"(?m)^# .*$", "", text)):
        raise AttuneError(f"'{name}' holds formulas without results.", _RECALCULATE)
    return Read("xlsx", text, count, tuple(warnings))


_FORMULAS = "formulas without a stored result"
_RECALCULATE = "Open it in Excel or LibreOffice, save it there, and add it again."


def _uncounted(name: str, sheet: str, cells: Sequence[str]) -> str:
    which = ", ".join(cells[:_NAMED]) + (" and others" if len(cells) > _NAMED else "")
    said = f"The sheet '{sheet}' of '{name}' has {len(cells):,} {_FORMULAS}, which are left empty: {which}."
    return f"{said} {_RECALCULATE}"


def _layout(archive: zipfile.ZipFile, part: str) -> _Layout:
    """Read from the sheet's XML as a stream: the reader of rows tells neither."""
    from lxml import etree

    found = _Layout()
    tags = [space + tag for space in (_MAIN, _STRICT) for tag in ("c", "mergeCell")]
    with archive.open(part.lstrip("/")) as file:
        events = etree.iterparse(file, tag=tags, resolve_entities=False, no_network=True, load_dtd=False)
        for _, element in events:
            if element.tag.endswith("mergeCell"):
                if len(found.merged) < _MERGES:
                    found.merged.append(_bounds(str(element.get("ref"))))
            elif _empty_formula(element):
                found.uncounted.append(str(element.get("r")))
            parent = element.getparent()
            element.clear()
            while parent is not None and element.getprevious() is not None:
                del parent[0]
    return found


def _empty_formula(element: Any) -> bool:
    """A cell with a formula and no value; a text that came out empty is one."""
    formula = any(child.tag.endswith("}f") for child in element)
    value = next((child.text for child in element if child.tag.endswith("}v")), None)
    return formula and not value and element.get("t") != "str"


def _bounds(reference: str) -> Bounds:
    from openpyxl.utils.cell import range_boundaries

    left, top, right, bottom = range_boundaries(reference)
    return left or 1, top or 1, min(right or 1, (left or 1) + _WIDEST), bottom or 1


def _rows(sheet: Any, merged: Sequence[Bounds]) -> Iterator[list[object]]:
    """The rows as Excel shows them. A merged cell stands in each of its places, and a head of two rows is one."""
    rows = _filled(sheet, merged)
    across = {top for left, top, right, _ in merged if right > left}
    held: list[object] | None = None
    begun = False
    for number, row in enumerate(rows, start=1):
        if held is not None:  # a row of merged titles of columns: what stands below belongs to it
            text_only = not any(any(map(str.isdecimal, str(value or ""))) for value in row)
            yield from [_both(held, row)] if text_only else [held, row]
            held, begun = None, True
            continue
        distinct = {str(value) for value in row if value not in (None, "")}
        if not begun and len(distinct) > 1:
            begun = number not in across
            if not begun:
                held = row
                continue
        yield row
    if held is not None:
        yield held


def _both(above: Sequence[object], below: Sequence[object]) -> list[object]:
    """Two rows of titles as one: "2026 Price"."""
    size = max(len(above), len(below))
    pairs = zip([*above, *[None] * (size - len(above))], [*below, *[None] * (size - len(below))], strict=True)
    return [" ".join(dict.fromkeys(str(part) for part in pair if part not in (None, ""))) for pair in pairs]


def _filled(sheet: Any, merged: Sequence[Bounds]) -> Iterator[list[object]]:
    """The rows with the value of each merged cell in all of its places."""
    values: dict[Bounds, object] = {}
    starts: dict[int, list[Bounds]] = {}
    for bounds in merged:
        starts.setdefault(bounds[1], []).append(bounds)
    open_ones: list[Bounds] = []
    for number, cells in enumerate(sheet.iter_rows(), start=1):
        row = [None if one.value is None else shown(one.value, one.number_format) for one in cells]
        open_ones = [bounds for bounds in open_ones if bounds[3] >= number] + starts.get(number, [])
        for bounds in open_ones:
            left, top, right, _ = bounds
            if top == number:
                values[bounds] = row[left - 1] if left <= len(row) else None
            if values.get(bounds) is not None:
                row += [None] * (right - len(row))
                row[left - 1 : right] = [values[bounds]] * (right - left + 1)
        yield row


def _asides(archive: zipfile.ZipFile) -> Iterator[str]:
    """Comments on cells and the texts of boxes, which lie in parts of their own."""
    comments, boxes = list[str](), list[str]()
    for part in sorted(archive.namelist()):
        if re.match(r"xl/(?:.*/)?(?:comments?|threadedComment)\d*\.xml$", part):
            for element in parsed(archive.read(part)).iter("{*}comment", "{*}threadedComment"):
                said = cell(" ".join(texts(element, "t") or texts(element, "text")))
                if said and not said.startswith("[Threaded comment]"):
                    comments.append(f"- {element.get('ref')}: {said}")
        elif re.match(r"xl/drawings/drawing[^/]*\.xml$", part):
            for shape in parsed(archive.read(part)).iter("{*}sp"):
                boxes.append(cell(" ".join(texts(shape, "t"))))
    if comments:
        yield "\n".join(["Comments:", "", *comments])
    yield from filter(None, boxes)
