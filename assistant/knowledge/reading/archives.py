"""Zip archives, and the documents that are one inside: what is in them, and what is refused before it is unpacked.

The sizes that an archive declares can be trusted as limits: Python's zipfile never reads more than is declared.
"""

from __future__ import annotations

import lzma
import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from assistant.errors import AttuneError
from assistant.knowledge.reading.text import MEGABYTE, damaged

MAX_FILES = 1000
MAX_UNPACKED = 200 * MEGABYTE  # of everything in one archive
KINDS = (
    "Text, Markdown, PDF, Word, PowerPoint, Excel, OpenDocument, CSV, HTML, EPUB, mail (.eml), rich text (.rtf), "
    "Jupyter notebooks, and zip archives of them"
)
KIND_NAMES = {  # of formats that people have and that cannot be read
    ".pages": "a document of Apple Pages",
    ".numbers": "a spreadsheet of Apple Numbers",
    ".key": "a presentation of Apple Keynote",
    ".xlsb": "an Excel workbook in the binary format",
    ".msg": "a mail of Outlook",
    ".vsdx": "a Visio drawing",
    ".odb": "an OpenDocument database",
    ".odf": "an OpenDocument formula",
    ".doc": "a Word document of before 2007",
    ".xls": "an Excel workbook of before 2007",
    ".ppt": "a PowerPoint file of before 2007",
}
TITLES = {
    "docx": "Word document",
    "pptx": "PowerPoint file",
    "xlsx": "Excel workbook",
    "epub": "EPUB",
    "opendocument": "OpenDocument file",
}
_OPENDOCUMENT = tuple(
    f"application/vnd.oasis.opendocument.{kind}" for kind in ("text", "spreadsheet", "presentation", "graphics")
)
_FORMAT_PARTS = {  # of programs, maps, layouts and of Apple's office
    "META-INF/MANIFEST.MF",
    "AndroidManifest.xml",
    "doc.kml",
    "designmap.xml",
    "Index/Document.iwa",
    "Index.zip",
}
_MARKUP = (".xml", ".rdf", ".rels", ".opf", ".ncx", ".xhtml", ".html", ".htm")
_PIECE = 1 << 20


def opened(name: str, path: Path) -> zipfile.ZipFile:
    """Raises AttuneError for a damaged archive and for one with too much in it."""
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
        raise damaged(name, "archive") from error
    total = sum(info.file_size for info in archive.infolist())
    if total > MAX_UNPACKED:
        archive.close()
        raise AttuneError(
            f"'{name}' would unpack to {total / MEGABYTE:,.0f} MB and at most {MAX_UNPACKED // MEGABYTE} MB are taken.",
            "Take out what is not needed, or add its files one by one.",
        )
    return archive


def kind(name: str, path: Path) -> str:
    """docx, pptx, xlsx, epub, opendocument or zip, by what is inside. Raises AttuneError for any other format.

    Many formats are zip archives inside. One that is not known is none to be unpacked: its parts are no documents.
    """
    with opened(name, path) as archive:
        names = set(archive.namelist())
        suffix = PurePosixPath(name).suffix.lower()
        if "mimetype" in names and archive.getinfo("mimetype").file_size < 200:
            said = archive.read("mimetype").decode("ascii", "replace").strip()
            if said.startswith(_OPENDOCUMENT):
                return "opendocument"
            if said != "application/epub+zip" and "/" in said:
                raise unreadable(name)
        if "[Content_Types].xml" in names:
            for main, found in (("word/document", "docx"), ("ppt/presentation", "pptx"), ("xl/workbook", "xlsx")):
                if any(entry.startswith(main) and entry.endswith(".xml") for entry in names):
                    return found
            raise unreadable(name)
        if "META-INF/container.xml" in names:
            return "epub"
        if _FORMAT_PARTS & names or suffix not in ("", ".zip"):
            raise unreadable(name)
        return "zip"


def unreadable(name: str) -> AttuneError:
    """The refusal of a kind of file, by its name."""
    suffix = PurePosixPath(name).suffix.lower()
    of_kind = (
        f"{KIND_NAMES[suffix]} ({suffix})" if suffix in KIND_NAMES else f"of a kind that cannot be read ({suffix})"
    )
    return AttuneError(f"'{name}' is {of_kind}.", f"{KINDS} can be read: save it as one of them.")


def check_document(name: str, path: Path, kind: str) -> None:
    """Refuse a document whose XML declares entities, which no program that makes such documents does.

    They can blow up to gigabytes, or name files of this computer. Raises AttuneError.
    """
    with opened(name, path) as archive:
        for info in archive.infolist():
            if info.flag_bits & 1:
                raise locked(name)
            if not info.filename.lower().endswith(_MARKUP):
                continue
            tail = b""
            for piece in _pieces(name, kind, archive, info):
                seen = tail + piece.replace(b"\0", b"")  # without the zeros of UTF-16
                tail = seen[-10:]
                if re.search(rb"<!ENTITY", seen) or (kind != "epub" and re.search(rb"<!DOCTYPE", seen)):
                    raise AttuneError(
                        f"'{name}' is not taken: its XML defines entities, as files do that are made to do harm.",
                        "Save it again with the program it was made with.",
                    )


def locked(name: str) -> AttuneError:
    return AttuneError(f"'{name}' is locked with a password.", "Save a copy without a password and add that.")


def unpack(name: str, path: Path, folder: Path, most: int) -> tuple[list[tuple[str, Path]], list[tuple[str, str, str]]]:
    """The files of an archive as (name, where it lies in `folder` now), and (name, sentence, remedy) for the others.

    Nothing is written outside `folder`: files are numbered there, and the names are only shown.
    """
    found: list[tuple[str, Path]] = []
    refused: list[tuple[str, str, str]] = []
    with opened(name, path) as archive:
        entries = [info for info in archive.infolist() if not info.is_dir() and not _hidden(info.filename)]
        if not entries:
            raise AttuneError(f"'{name}' holds no files.", "Add an archive with some documents in it.")
        if len(entries) > MAX_FILES:
            said = f"'{name}' holds {len(entries):,} files and at most {MAX_FILES:,} are taken."
            raise AttuneError(said, "Make several archives of it.")
        names = unlike([(member_name(info.filename), info.filename) for info in entries])
        for number, (info, shown) in enumerate(zip(entries, names, strict=True)):
            place = folder / str(number)
            try:
                _extract(shown, archive, info, place, most)
                found.append((shown, place))
            except AttuneError as error:
                refused.append((shown, error.sentence, error.remedy))
    return found, refused


def member_name(entry: str) -> str:
    """The path inside the archive without anything that leads out of it."""
    parts = [part for part in PurePosixPath(entry.replace("\\", "/")).parts if part.strip("/. ") and part[-1:] != ":"]
    return "/".join(parts) or "document"


def unlike(named: Sequence[tuple[str, str]]) -> list[str]:
    """(name, origin) -> the names, with a number where another origin has the name already: "file (2).txt"."""
    origins: dict[str, str] = {}
    found = []
    for name, origin in named:
        path, number, given = PurePosixPath(name), 1, name
        while origins.setdefault(given, origin) != origin:
            number += 1
            given = str(path.with_name(f"{path.stem} ({number}){path.suffix}"))
        found.append(given)
    return found


def _hidden(entry: str) -> bool:
    """Files that systems put into archives by themselves."""
    parts = PurePosixPath(entry).parts
    return "__MACOSX" in parts or (bool(parts) and parts[-1].startswith(".") and parts[-1].strip(".") != "")


def _extract(shown: str, archive: zipfile.ZipFile, info: zipfile.ZipInfo, place: Path, most: int) -> None:
    if info.flag_bits & 1:
        raise AttuneError(f"'{shown}' is locked with a password.", "Unpack the archive and add its files.")
    if info.file_size > most:
        raise AttuneError(
            f"'{shown}' has {info.file_size / MEGABYTE:.1f} MB and at most {most / MEGABYTE:g} MB are taken.",
            "Split it, or raise ATTUNE_MAX_UPLOAD_MB.",
        )
    with place.open("wb") as out:
        for piece in _pieces(shown, "archive", archive, info):
            out.write(piece)


def _pieces(name: str, kind: str, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterator[bytes]:
    """The content of an entry. Raises AttuneError where it is damaged."""
    broken = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, NotImplementedError, EOFError, OSError, ValueError)
    try:
        with archive.open(info) as file:
            yield from iter(lambda: file.read(_PIECE), b"")
    except broken as error:
        raise damaged(name, TITLES.get(kind, "archive")) from error
