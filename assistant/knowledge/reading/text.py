"""What every converter shares: what was read, how bytes become text, how a table becomes Markdown, what is too much."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, time
from pathlib import Path

from assistant.errors import AttuneError

MEGABYTE = 1_000_000
MAX_CHARACTERS = 2_000_000  # of one document: about 800 pages
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_CONTROL = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufeff]")
_SAMPLE = 20_000  # characters that tell whether this is text


@dataclass(frozen=True)
class Read:
    """What was read. `kind` is text, markdown, pdf, docx, ...; `pages` counts slides, sheets or chapters, too."""

    kind: str
    text: str
    pages: int = 1
    warnings: tuple[str, ...] = ()


def read_text(name: str, path: Path, kind: str) -> Read:
    """A text file. At most as much of it is read as can be used."""
    text, warning = decoded(name, path)
    return Read(kind, tidy(text), 1, warning)


def decoded(name: str, path: Path) -> tuple[str, tuple[str, ...]]:
    """The text of a file in whatever encoding, and what is doubtful about it. Raises AttuneError for binary data."""
    most = 4 * MAX_CHARACTERS
    with path.open("rb") as file:
        data = file.read(most + 1)
    encoding = next((encoding for bom, encoding in _BOMS if data.startswith(bom)), "")
    if not encoding and b"\x00" in data:
        raise binary(name)
    warning: tuple[str, ...] = ()
    try:  # a letter that the limit cut in two is left out
        text = codecs.getincrementaldecoder(encoding or "utf-8")().decode(data, final=len(data) <= most)
    except UnicodeDecodeError:
        text, guessed = _guess(data)
        warning = (f"'{name}' is not UTF-8 and was read as {guessed}; check that its accented letters are right.",)
    if len(_CONTROL.findall(text[:_SAMPLE])) > len(text[:_SAMPLE]) / 20:
        raise binary(name)
    return text, warning


def binary(name: str) -> AttuneError:
    return AttuneError(f"'{name}' is not text: it holds binary data.", "Save it as text, Markdown or PDF.")


def tidy(text: str) -> str:
    """Unix line ends, no control characters, no trailing blanks."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\f", "\n\n")
    return "\n".join(line.rstrip() for line in _CONTROL.sub("", text).split("\n")).strip()


def limited(name: str, found: Read) -> Read:
    """The same, cut to what is used of one document. Raises AttuneError where there are no words."""
    if not re.search(r"\w", found.text):
        raise AttuneError(f"'{name}' holds no words.", "Add a file that has some text in it.")
    if len(found.text) <= MAX_CHARACTERS:
        return found
    warning = f"Only the first {MAX_CHARACTERS:,} characters of '{name}' are used; split it to use the rest."
    return replace(found, text=found.text[:MAX_CHARACTERS], warnings=(*found.warnings, warning))


def damaged(name: str, what: str) -> AttuneError:
    return AttuneError(f"'{name}' is a damaged {what}.", "Export it again, or add its text.")


def table(rows: Iterable[Iterable[object]], most: int = MAX_CHARACTERS) -> tuple[str, int, bool]:
    """A Markdown table whose first row is its head, its number of rows, and whether it ended for `most` characters."""
    lines: list[str] = []
    size = 0
    for cells in _filled(rows):
        line = f"| {' | '.join(cells)} |"
        if lines and size + len(line) > most:
            return "\n".join(lines), len(lines) - 2, True
        lines.append(line[:most])
        size += len(line) + 1
        if len(lines) == 1:
            lines.append("|" + "---|" * len(cells))
    return "\n".join(lines), max(0, len(lines) - 2), False


def _filled(rows: Iterable[Iterable[object]]) -> Iterator[list[str]]:
    """Rows that hold something, as text on one line, without the empty cells at their end."""
    for row in rows:
        cells = [cell(value) for value in row]
        while cells and not cells[-1]:
            cells.pop()
        if cells:
            yield cells


def cell(value: object) -> str:
    """A value as a table shows it."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime) and value.time() == time():
        value = value.date()  # spreadsheets keep a day as its midnight
    return " ".join(str(value).split()).replace("|", "\\|")


def _guess(data: bytes) -> tuple[str, str]:
    try:
        return data.decode("cp1252"), "Windows-1252"
    except UnicodeDecodeError:
        return data.decode("latin-1"), "Latin-1"
