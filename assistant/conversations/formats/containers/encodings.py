"""How the bytes of a file become text: UTF-8, UTF-16, else what charset_normalizer finds, told as a doubt."""

from __future__ import annotations

import codecs
import re
from pathlib import Path
from typing import TextIO

from assistant.conversations.formats.found import Tally
from assistant.errors import AttuneError

BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
LIKELY = (
    "cp1252 cp1250 cp1251 cp1253 cp1254 cp1255 cp1256 gb18030 big5 cp932 euc_jp cp949".split()
)  # in use for files, the commonest first
PIECE = 1 << 20
SAMPLE = 1 << 18  # bytes from the first that are not UTF-8: they tell the encoding
HEAD = 1 << 12
CONTROLS = 0.05  # share of control characters above which it is no text
_CONTROL = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
ZEROS = 0.3  # share of zero bytes on one side of each pair, from which text is UTF-16


def opened(path: Path, name: str, told: Tally) -> TextIO:
    """The file as text, line ends as they are. Raises AttuneError where it is no text."""
    encoding = detected(path, name)
    if encoding not in ("utf-8", "utf-8-sig", "utf-16", "utf-32"):
        told.doubt(f"{name} says no encoding and was read as {encoding}: check that its letters are right.")
    return path.open(encoding=encoding, newline="")


def detected(path: Path, name: str) -> str:
    """The encoding of a file, as Python names it. Raises AttuneError for bytes that are no text."""
    with path.open("rb") as file:
        head = file.read(HEAD)
    for bom, encoding in BOMS:
        if head.startswith(bom):
            _check(path, encoding, name)
            return encoding
    if b"\0" in head:
        if encoding := _wide(head):
            _check(path, encoding, name)
            return encoding
        raise binary(name)
    wrong = _not_utf8(path)
    if wrong is None:
        _check(path, "utf-8", name)
        return "utf-8"
    encoding = _guess(path, wrong, name)
    _check(path, encoding, name)
    return encoding


def binary(name: str) -> AttuneError:
    return AttuneError(
        f"{name} is not text: it holds binary data.", "Import JSON, CSV, Excel, Parquet, text or a zip of such files."
    )


def _wide(head: bytes) -> str:
    """UTF-16 without a mark: in most scripts every other byte of spaces, digits and marks is zero."""
    pairs = max(1, len(head) // 2)
    high, low = head[1::2].count(0) / pairs, head[0::2].count(0) / pairs
    if high > ZEROS > low:
        return "utf-16-le"
    return "utf-16-be" if low > ZEROS > high else ""


def _not_utf8(path: Path) -> int | None:
    """The place of the first byte that is not UTF-8; None where every byte is."""
    decoder, place = codecs.getincrementaldecoder("utf-8")(), 0
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            try:
                decoder.decode(piece)
            except UnicodeDecodeError as error:
                return place + error.start
            place += len(piece)
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return max(0, place - 4)
    return None


def _guess(path: Path, wrong: int, name: str) -> str:
    from charset_normalizer import from_bytes

    with path.open("rb") as file:
        file.seek(max(0, wrong - HEAD))
        found = list(from_bytes(file.read(SAMPLE), cp_isolation=LIKELY))
    if not found:
        raise binary(name)
    alike = [one for one in found if (one.chaos, one.coherence) == (found[0].chaos, found[0].coherence)]
    could = {name for one in alike for name in one.could_be_from_charset}
    return next(name for name in LIKELY if name in could)  # short texts leave several: the commonest of them


def _check(path: Path, encoding: str, name: str) -> None:
    """Read it through once: what ends in mid-file must be refused before anything is imported."""
    line = 1
    try:
        with path.open(encoding=encoding, newline="") as file:
            while piece := file.read(PIECE):
                if line == 1 and len(_CONTROL.findall(piece)) > CONTROLS * len(piece):
                    raise binary(name)
                line += piece.count("\n")
    except UnicodeError:
        raise AttuneError(
            f"{name}, near line {line}: this is not {encoding} any more.", "Save the file as UTF-8 and import it again."
        ) from None
