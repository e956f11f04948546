"""The bytes of a file as text, by the encoding that is found; a doubt about it is told."""

from __future__ import annotations

from pathlib import Path
from typing import TextIO

from assistant.conversations.formats.found import Tally
from assistant.errors import AttuneError
from assistant.knowledge.reading import encodings


def opened(path: Path, name: str, told: Tally) -> TextIO:
    """The file as text, line ends as they are. Raises AttuneError where it is no text."""
    with path.open("rb") as file:
        try:
            found = encodings.detected(file)
        except encodings.NoText:
            raise binary(name) from None
    _check(path, found.name, name)
    if found.guessed:
        told.doubt(f"{name} says no encoding and was read as {found.name}: check that its letters are right.")
    return path.open(encoding=found.name, newline="")


def binary(name: str) -> AttuneError:
    return AttuneError(
        f"{name} is not text: it holds binary data.", "Import JSON, CSV, Excel, Parquet, text or a zip of such files."
    )


def _check(path: Path, encoding: str, name: str) -> None:
    """Read it through once: what ends in mid-file must be refused before anything is imported."""
    line = 1
    try:
        with path.open(encoding=encoding, newline="") as file:
            while piece := file.read(encodings.PIECE):
                if line == 1 and not encodings.is_text(piece):
                    raise binary(name)
                line += piece.count("\n")
    except UnicodeError:
        raise AttuneError(
            f"{name}, near line {line}: this is not {encoding} any more.", "Save the file as UTF-8 and import it again."
        ) from None
