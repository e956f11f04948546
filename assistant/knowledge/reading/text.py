"""What every converter shares: what was read, how bytes become text, what is too much."""

from __future__ import annotations

import codecs
import io
import re
from dataclasses import dataclass, replace
from pathlib import Path

from assistant.errors import AttuneError
from assistant.knowledge.reading import encodings

MEGABYTE = 1_000_000
MAX_CHARACTERS = 2_000_000  # of one document: about 800 pages
_CONTROL = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufeff]")
_MOST = 4 * MAX_CHARACTERS  # bytes that are read of a text
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
    with path.open("rb") as file:
        return decoded_bytes(name, file.read(_MOST + 1))


def decoded_bytes(name: str, data: bytes) -> tuple[str, tuple[str, ...]]:
    """The same for bytes that are there already; what is past the limit of a document may be cut off."""
    try:
        found = encodings.detected(io.BytesIO(data[:_MOST]), whole=len(data) <= _MOST)
    except encodings.NoText:
        raise binary(name) from None
    decoder = codecs.getincrementaldecoder(found.name)("replace")
    text = decoder.decode(data[:_MOST], final=len(data) <= _MOST)  # a letter that the limit cut in two is left out
    if not encodings.is_text(text[:_SAMPLE]):
        raise binary(name)
    warnings: tuple[str, ...] = ()
    if found.guessed:
        said = f"'{name}' says no encoding and was read as {found.name}: check that its letters are right."
        warnings = (f"{said} Saving it as UTF-8 ends the doubt.",)
    if lost := text.count("\ufffd"):
        warnings = (*warnings, f"{lost:,} letters of '{name}' are damaged and were read as \ufffd: save it as UTF-8.")
    return text, warnings


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
