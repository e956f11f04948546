"""Several files in one: zip archives as products give them, folders, and files packed with gzip."""

from __future__ import annotations

import gzip
import lzma
import shutil
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from assistant.conversations.formats.found import Tally
from assistant.errors import AttuneError

MOST_BYTES = 4_000_000_000  # unpacked, of one archive: what makes it larger is no conversation
MOST_FILES = 100_000
MEDIA = (
    "png jpg jpeg gif webp svg bmp heic mp3 wav m4a ogg opus flac mp4 mov webm mkv pdf docx pptx dat ttf woff".split()
)
OTHER_FILES = "other files"
BROKEN = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, ValueError, NotImplementedError)


@dataclass(frozen=True)
class Member:
    """A file of a bundle: its path inside, and where its bytes lie now."""

    name: str
    path: Path

    @property
    def folder(self) -> str:
        return PurePosixPath(self.name).parent.as_posix()


def of_folder(folder: Path, told: Tally) -> list[Member]:
    """Every file below a folder, in the order of their names; hidden ones and media are left out."""
    found = []
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        name = path.relative_to(folder).as_posix()
        if _hidden(name):
            continue
        if _media(name):
            told.leave(OTHER_FILES)
            continue
        found.append(Member(name, path))
    return found


def of_zip(path: Path, name: str, place: Path, told: Tally) -> Iterator[Member]:
    """The files of an archive, each unpacked into `place` when it is asked for. Raises AttuneError."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries = [info for info in archive.infolist() if not info.is_dir() and not _hidden(info.filename)]
            wanted = [info for info in entries if not _media(info.filename)]
            if len(wanted) < len(entries):
                told.leave(OTHER_FILES, count=len(entries) - len(wanted))
            if len(wanted) > MOST_FILES or sum(info.file_size for info in wanted) > MOST_BYTES:
                raise AttuneError(f"{name} is too large when it is unpacked.", "Unpack it and import its JSON files.")
            for number, info in enumerate(sorted(wanted, key=lambda info: info.filename)):
                if info.flag_bits & 1:
                    raise AttuneError(f"{name} is locked with a password.", "Unpack it and import its files.")
                target = place / f"{number}"
                with archive.open(info) as packed, target.open("wb") as out:
                    shutil.copyfileobj(packed, out)
                yield Member(info.filename, target)
    except BROKEN as error:
        raise AttuneError(f"{name} is a damaged archive.", "Download or pack it again.") from error


def of_gzip(path: Path, name: str, place: Path) -> Member:
    """The one file that is packed in a .gz. Raises AttuneError."""
    target = place / "unpacked"
    try:
        with gzip.open(path) as packed, target.open("wb") as out:
            while piece := packed.read(1 << 20):
                out.write(piece)
                if out.tell() > MOST_BYTES:
                    raise AttuneError(f"{name} is too large when it is unpacked.", "Split it into several files.")
    except BROKEN as error:
        raise AttuneError(f"{name} is a damaged archive.", "Pack it again.") from error
    return Member(name.removesuffix(".gz"), target)


def _hidden(name: str) -> bool:
    """Files that systems put there by themselves."""
    parts = PurePosixPath(name).parts
    return "__MACOSX" in parts or any(part.startswith(".") and part.strip(".") for part in parts)


def _media(name: str) -> bool:
    return PurePosixPath(name).suffix.lower().removeprefix(".") in MEDIA
