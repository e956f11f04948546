"""What a file is, by its first bytes, and what is told of one that holds no conversations."""

from __future__ import annotations

import zipfile
from enum import StrEnum
from pathlib import Path

from assistant.conversations.formats.containers import arrow
from assistant.errors import AttuneError

FORMATS = (
    "chat rows of OpenAI, ShareGPT, Alpaca, questions with answers (JSON, CSV, Excel, Parquet), exports of ChatGPT, "
    "Claude, Open WebUI, Langfuse, LangSmith and Slack, or a transcript"
)
REMEDY = f"What can be imported: {FORMATS}."
FOREIGN = (
    (b"%PDF", "a PDF", "Add it as a document: documents are searched, conversations are learned."),
    (b"\xd0\xcf\x11\xe0", "a file of an old Office", "Save it as .xlsx or as CSV."),
    (b"SQLite format 3", "a database", "Export the chats in the app that it belongs to, and import that file."),
    (b"7z\xbc\xaf", "a 7z archive", "Unpack it and import its files."),
    (b"Rar!", "a RAR archive", "Unpack it and import its files."),
    (b"\x28\xb5\x2f\xfd", "a file packed with zstd", "Unpack it first."),
    (b"BZh", "a file packed with bzip2", "Unpack it first."),
    (b"\xfd7zXZ", "a file packed with xz", "Unpack it first."),
    (b"\x89PNG", "an image", REMEDY),
    (b"\xff\xd8\xff", "an image", REMEDY),
)


class UnknownFile(AttuneError):
    """A file that is no conversations in any form that is known."""


class FileKind(StrEnum):
    """What reads a file."""

    TEXT = "text"
    ZIP = "zip"
    GZIP = "gzip"
    WORKBOOK = "workbook"
    ARROW = "arrow"


def of(path: Path, name: str) -> FileKind:
    """What the file is. Raises UnknownFile for what holds no conversations, AttuneError where it cannot be read."""
    try:
        with path.open("rb") as file:
            head = file.read(16)
    except OSError as error:
        raise AttuneError(f"{name} cannot be read: {error.strerror}.", "Check the path.") from error
    if not head:
        raise AttuneError(f"{name} is empty, so it holds no conversation.", REMEDY)
    for mark, what, remedy in FOREIGN:
        if head.startswith(mark):
            raise UnknownFile(f"{name} is {what} and holds no conversations that can be read.", remedy)
    if head.startswith(b"PK\x03\x04") or head.startswith(b"PK\x05\x06"):
        return _zip(path, name)
    if head.startswith(b"\x1f\x8b"):
        return FileKind.GZIP
    if head.startswith((arrow.PARQUET, arrow.ARROW_FILE)) or arrow.is_stream(head):
        return FileKind.ARROW
    return FileKind.TEXT


def no_text(name: str, sample: str) -> UnknownFile:
    """What is told of a text that is none of the formats."""
    start = sample.lstrip()[:200].lower()
    if start.startswith(("<!doctype html", "<html")):
        remedy = "Import the JSON file of the export instead."
        return UnknownFile(f"{name} is a web page and holds no conversations that can be read.", remedy)
    if start.startswith("<?xml"):
        return UnknownFile(f"{name} is XML and holds no conversations that can be read.", REMEDY)
    return UnknownFile(f"{name} is text in which nobody asks or answers.", REMEDY)


def _zip(path: Path, name: str) -> FileKind:
    """An Excel workbook or an archive."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise AttuneError(f"{name} is a damaged archive.", "Download or pack it again.") from error
    if any(entry.startswith("xl/") for entry in names):
        return FileKind.WORKBOOK
    for folder, what in (("word/", "a Word document"), ("ppt/", "a PowerPoint file"), ("META-INF/", "a document")):
        if any(entry.startswith(folder) for entry in names):
            raise UnknownFile(f"{name} is {what} and holds no conversations that can be read.", "Add it as a document.")
    return FileKind.ZIP
