"""Tables: CSV in any dialect, Excel workbooks. Rows become records by the names of their columns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Any, TextIO

from assistant.conversations.formats.containers.bundles import BROKEN
from assistant.conversations.formats.found import BadRow, Tally
from assistant.errors import AttuneError
from assistant.knowledge.reading import archives, dialect
from assistant.knowledge.reading.dialect import Row

SENTENCE_ENDS = tuple(".?!。？！")
LONGEST_NAME = 60  # characters
HEAD = 50  # rows that tell the dialect and the head
Placed = tuple[str, Any]
IsHead = Callable[[Sequence[str]], bool]


def looks_like(sample: str, is_head: IsHead) -> bool:
    """Whether the begin of a text has a head of columns that are known."""
    return any(is_head(cells) for _, cells in dialect.sampled(sample)[1])


def has_columns(sample: str) -> bool:
    """Whether the rows of a text have the same number of cells, two at least."""
    counts = Counter(len(cells) for _, cells in dialect.sampled(sample)[1])
    return bool(counts) and counts.most_common(1)[0][0] > 1 and counts.most_common(1)[0][1] >= 0.7 * counts.total()


def text_records(file: TextIO, is_head: IsHead, told: Tally) -> Iterator[Placed]:
    """The rows of a CSV file as records. A line `sep=;` and titles above the head are no rows."""
    delimiter, _ = dialect.sampled(file.read(1 << 16))
    file.seek(0)
    yield from _records(dialect.rows(file, delimiter), is_head, told, "row")


def workbook_records(path: Path, name: str, is_head: IsHead, told: Tally) -> Iterator[Placed]:
    """The rows of every visible sheet as records."""
    from openpyxl import load_workbook

    archives.check_document(name, path, "xlsx")
    with path.open("rb") as file:
        book = _whole(lambda: load_workbook(file, read_only=True, data_only=True), name)
        for sheet in book.worksheets:
            if sheet.sheet_state != "visible":
                told.leave("hidden sheets")
                continue
            _whole(sheet.reset_dimensions, name)
            yield from _records(_sheet_rows(sheet, name), is_head, told, f"sheet '{sheet.title}', row")


def _sheet_rows(sheet: Any, name: str) -> Iterator[Row]:
    rows = _whole(lambda: sheet.iter_rows(values_only=True), name)
    for number in range(1, 1 << 31):
        cells = _whole(lambda: next(rows, None), name)
        if cells is None:
            return
        yield f"row {number}", [_cell(value) for value in cells]


def _whole(read: Callable[[], Any], name: str) -> Any:
    """What the library reads. Raises AttuneError for whatever it raises over a damaged workbook."""
    from xml.etree.ElementTree import ParseError

    from openpyxl.utils.exceptions import InvalidFileException

    try:
        return read()
    except (*BROKEN, InvalidFileException, ParseError, LookupError, TypeError, AttributeError, RuntimeError) as error:
        raise AttuneError(f"{name} is a damaged Excel workbook.", "Save it again, or export it as CSV.") from error


def _records(rows: Iterator[Row], is_head: IsHead, told: Tally, kind: str) -> Iterator[Placed]:
    """The rows below the head, by its names. Without a head that is known the first full row is one."""
    rows = _told_rows(rows)
    first = list(islice(rows, HEAD))
    head = next((n for n, (_, cells) in enumerate(first) if is_head(cells)), None)
    if head is None:
        width = Counter(len(_filled(cells)) for _, cells in first).most_common(1)
        most = width[0][0] if width else 0
        head = next((n for n, (_, cells) in enumerate(first) if len(_filled(cells)) == most), 0)
    if not first:
        return
    names = _named(first[head][1])
    if not is_head(names) and any(map(_speaks, first[head][1])):
        names, head = [f"column {n}" for n in range(1, len(names) + 1)], -1
    if head > 0:
        told.leave("lines above the head of a table", count=head)
    for place, cells in chain(first[head + 1 :], rows):
        if place == "bad":
            yield cells[0], BadRow(cells[1])
            return
        where = place if kind == "row" else f"{kind} {place.removeprefix('row ')}"
        if any(cell.strip() for cell in cells[len(names) :]):
            yield where, BadRow("this row has more cells than the head has columns")
            continue
        if any(cell.strip() for cell in cells):
            yield where, dict(zip(names, [*cells, *[""] * (len(names) - len(cells))], strict=False))


def _told_rows(rows: Iterator[Row]) -> Iterator[Row]:
    """The rows; one that is not in the dialect ends them, as ("bad", [where, why])."""
    try:
        yield from rows
    except dialect.BadTable as error:
        yield "bad", list(error.args)


def _named(cells: Sequence[str]) -> list[str]:
    """Names of columns: a column without one is called by its number, one that stands twice too."""
    names: list[str] = []
    for number, cell in enumerate(cells, start=1):
        name = cell.strip().removeprefix("\ufeff") or f"column {number}"
        names.append(f"{name} ({number})" if name in names else name)
    return names


def _speaks(cell: str) -> bool:
    """Whether a cell says something, as no name of a column does."""
    return cell.strip()[-1:] in SENTENCE_ENDS or len(cell) > LONGEST_NAME


def _filled(cells: Sequence[str]) -> list[str]:
    return [cell for cell in cells if cell.strip()]


def _cell(value: object) -> str:
    """A value of a workbook as text: a whole number without its point, text as it is."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
