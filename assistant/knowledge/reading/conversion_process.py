"""The converter, a process that reads files nobody vouches for: `conversion_process FOLDER LIMIT MEMORY`.

A line of JSON in ({"name", "path", "inside"}), a line of JSON out: {"read"}, {"members", "refused"} of an archive, or
{"sentence", "remedy", "cause"}. It may use MEMORY bytes, writes nothing but what it unpacks into FOLDER (at most LIMIT
bytes a file), opens no connection, and ends with its standard input. Whoever started it ends it when a file takes too
long.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import sys
import zipfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path, PurePath
from typing import Any

from assistant.errors import AttuneError
from assistant.knowledge.reading import archives
from assistant.knowledge.reading.archives import KINDS
from assistant.knowledge.reading.office.opendocument import read_opendocument
from assistant.knowledge.reading.office.slides import read_pptx
from assistant.knowledge.reading.office.word import read_docx
from assistant.knowledge.reading.office.workbook import read_xlsx
from assistant.knowledge.reading.pages.delimited import read_csv
from assistant.knowledge.reading.pages.epub import read_epub
from assistant.knowledge.reading.pages.html import read_html
from assistant.knowledge.reading.pages.mail import read_mail
from assistant.knowledge.reading.pages.notebook import read_notebook
from assistant.knowledge.reading.pages.rich_text import read_rtf
from assistant.knowledge.reading.pdf import read_pdf
from assistant.knowledge.reading.text import Read, damaged, decoded, limited, read_text

MEMORY = 2_000_000_000  # bytes of address space
SECONDS = 90.0  # for one file, by the clock
_HEAD = 4096
_TEXT, _MARKDOWN = (".txt", ".text", ""), (".md", ".markdown")
_PROSE = {
    ".rst",
    ".adoc",
    ".asciidoc",
    ".org",
    ".me",
    ".1st",
}  # besides _TEXT: names of texts whose lines may be headings
_BY_SUFFIX = {
    ".html": "html",
    ".htm": "html",
    ".xhtml": "html",
    ".csv": "csv",
    ".tsv": "csv",
    ".tab": "csv",
    ".eml": "mail",
    ".ipynb": "notebook",
    ".fodt": "opendocument",
    ".fods": "opendocument",
    ".fodp": "opendocument",
}
_PACKED = {
    ".pdf": "PDF",
    ".docx": "Word document",
    ".docm": "Word document",
    ".pptx": "PowerPoint file",
    ".ppsx": "PowerPoint file",
    ".xlsx": "Excel workbook",
    ".xlsm": "Excel workbook",
    ".odt": "OpenDocument text",
    ".ods": "OpenDocument spreadsheet",
    ".odp": "OpenDocument presentation",
    ".epub": "EPUB",
    ".zip": "zip archive",
}
_OLD = b"\xd0\xcf\x11\xe0"  # Office before 2007, and today's with a password
READERS: dict[str, Callable[[str, Path], Read]] = {
    "pdf": read_pdf,
    "docx": read_docx,
    "pptx": read_pptx,
    "xlsx": read_xlsx,
    "opendocument": read_opendocument,
    "csv": read_csv,
    "html": read_html,
    "epub": read_epub,
    "mail": read_mail,
    "notebook": read_notebook,
    "rtf": read_rtf,
}
__all__ = ["KINDS", "MEMORY", "SECONDS", "convert", "kind_of", "simple_kind", "too_much"]


def simple_kind(name: str, head: bytes) -> str:
    """Text or markdown, where that is plain from the name and the first bytes; else nothing."""
    if head[:2] == b"PK" or head[:4] == _OLD or head.lstrip()[:5] in (b"%PDF-", b"{\\rtf") or _is_html(head):
        return ""
    suffix = PurePath(name).suffix.lower()
    return "markdown" if suffix in _MARKDOWN else "text" if suffix in _TEXT else ""


def kind_of(name: str, path: Path) -> str:
    """What a file is, by its content first and its name second. Raises AttuneError for what cannot be read."""
    with path.open("rb") as file:
        head = file.read(_HEAD)
    suffix = PurePath(name).suffix.lower()
    if head.lstrip()[:5] == b"%PDF-":
        return "pdf"
    if head[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
        return archives.kind(name, path)
    if head.lstrip()[:5] == b"{\\rtf":
        return "rtf"
    if head[:4] == _OLD:
        if suffix in archives.KIND_NAMES:
            raise archives.unreadable(name)
        raise AttuneError(
            f"'{name}' is locked with a password, or of an Office version before 2007.",
            "Save it as .docx, .pptx or .xlsx without a password and add that.",
        )
    if suffix in _PACKED or suffix == ".rtf":
        said = _PACKED.get(suffix, "rich text document")
        raise AttuneError(f"'{name}' is not a {said}, whatever its name says.", "Export it again.")
    simple = simple_kind(name, head)
    if simple or suffix in _BY_SUFFIX or _is_html(head):
        return simple or _BY_SUFFIX.get(suffix, "html")
    try:
        decoded(name, path)
    except AttuneError as error:  # neither a kind that is known nor text
        raise archives.unreadable(name) from error
    return "text" if suffix in _PROSE else "lines"


def convert(name: str, path: Path) -> Read:
    """The text of any file but an archive. Raises AttuneError, with a remedy, for one that cannot be used."""
    kind = kind_of(name, path)
    if kind in ("text", "markdown", "lines"):
        return limited(name, read_text(name, path, kind))
    if kind == "zip":
        raise AttuneError(f"'{name}' is an archive inside an archive.", "Unpack it and add its files.")
    if kind in archives.TITLES and zipfile.is_zipfile(path):
        archives.check_document(name, path, kind)
    try:
        return limited(name, READERS[kind](name, path))
    except (AttuneError, MemoryError):
        raise
    except Exception as error:  # a broken file makes the libraries raise nearly anything
        raise damaged(name, archives.TITLES.get(kind, kind.upper())) from error


def answer(request: dict[str, str], folder: Path, most: int) -> dict[str, Any]:
    """What is said about one file."""
    name, path = request["name"], Path(request["path"])
    try:
        if not request.get("inside") and kind_of(name, path) == "zip":
            members, refused = archives.unpack(name, path, folder, most)
            return {"members": [(shown, str(place)) for shown, place in members], "refused": refused}
        return {"read": asdict(convert(name, path))}
    except AttuneError as error:
        return {"sentence": error.sentence, "remedy": error.remedy, "cause": repr(error.__cause__ or "")}
    except MemoryError:
        return too_much(name)


def too_much(name: str) -> dict[str, Any]:
    return {
        "sentence": f"'{name}' needs more memory than one document is allowed.",
        "remedy": "Split it, or add its text.",
    }


def _is_html(head: bytes) -> bool:
    return head.lstrip(b"\xef\xbb\xbf \t\r\n")[:14].lower().startswith((b"<!doctype html", b"<html"))


def _limit(most: int, memory: int) -> None:
    """What this process may use. A system that does not know a limit is left at the clock, which always holds."""
    for name, value in ((resource.RLIMIT_AS, memory), (resource.RLIMIT_FSIZE, most), (resource.RLIMIT_CORE, 0)):
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(name, (value, value))


def _allow_seconds() -> None:
    """Processor time for one more file, so that an orphan ends by itself, too."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(used.ru_utime + used.ru_stime + 2 * SECONDS) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.getrlimit(resource.RLIMIT_CPU)[1]))


def main() -> None:
    folder, most, memory = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a library prints is no answer
    _limit(most, memory)
    for number, line in enumerate(sys.stdin):
        _allow_seconds()
        place = folder / str(number)
        place.mkdir()
        print(json.dumps(answer(json.loads(line), place, most)), file=out, flush=True)


if __name__ == "__main__":
    main()
