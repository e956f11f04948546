"""How bytes become text: UTF-8, UTF-16, else what charset_normalizer finds, which is told as a doubt.

Documents and imported conversations are read by it alike; what is said about it is theirs.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from dataclasses import dataclass
from typing import BinaryIO

BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
LIKELY = (  # in use for files, the commonest first
    "cp1252 cp1250 cp1251 cp1253 cp1254 cp1255 cp1256 gb18030 big5 cp932 euc_jp cp949 koi8_r cp850 mac_roman".split()
)
CONTROL = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
CONTROLS = 0.05  # share of control characters above which it is no text
PIECE = 1 << 20
SAMPLE = 1 << 18  # bytes from the first that are not UTF-8: they tell the encoding
HEAD = 1 << 12
_ODD = ("Cc", "Cn", "Co", "Cs")  # categories of characters that no text has
_SHIFTS = (b"\x1b$B", b"\x1b$@", b"\x1b(J")  # of Japanese mail: seven bits a byte, so that it passes for UTF-8


class NoText(ValueError):
    """Bytes that are no text in any encoding."""


@dataclass(frozen=True)
class Encoding:
    """`name` is Python's. `guessed`: nothing in the bytes says so. `damaged`: some bytes are not in it."""

    name: str
    guessed: bool = False
    damaged: bool = False


def detected(file: BinaryIO, whole: bool = True) -> Encoding:
    """The encoding of a file that can be sought. `whole`: it was not cut off, maybe within a letter. Raises NoText."""
    file.seek(0)
    head = file.read(HEAD)
    for bom, name in BOMS:
        if head.startswith(bom):
            return Encoding(name)
    if b"\0" in head:
        name = _wide(head)
        if not name:
            raise NoText
        return Encoding(name)
    if any(shift in head for shift in _SHIFTS):
        return Encoding("iso2022_jp", guessed=True)
    wrong = _not_utf8(file, whole)
    return Encoding("utf-8") if wrong is None else _guess(file, wrong)


def is_text(sample: str) -> bool:
    """Whether so few of the characters are controls that it is text."""
    return len(CONTROL.findall(sample)) <= CONTROLS * len(sample)


def _wide(head: bytes) -> str:
    """UTF-16 without a mark: the zero bytes of its spaces, digits and line ends are on one side of each pair.

    In other scripts a letter may have one on the other side; then no character may be odd.
    """
    even = head[: len(head) // 2 * 2]
    low, high = even[0::2].count(0), even[1::2].count(0)
    if low == high:
        return ""
    name, most, least = ("utf-16-le", high, low) if high > low else ("utf-16-be", low, high)
    text = even.decode(name, "replace")
    odd = sum(c == "\ufffd" or (unicodedata.category(c) in _ODD and c not in "\t\n\r\f") for c in text)
    return name if odd <= (CONTROLS * len(text) if most > 10 * least else 0) else ""


def _not_utf8(file: BinaryIO, whole: bool) -> int | None:
    """The place of the first byte that is not UTF-8; None where every byte is."""
    decoder, place = codecs.getincrementaldecoder("utf-8")(), 0
    file.seek(0)
    while piece := file.read(PIECE):
        try:
            decoder.decode(piece)
        except UnicodeDecodeError as error:
            return place + error.start
        place += len(piece)
    try:
        decoder.decode(b"", final=whole)
    except UnicodeDecodeError:
        return max(0, place - 4)
    return None


def _guess(file: BinaryIO, wrong: int) -> Encoding:
    from charset_normalizer import from_bytes

    file.seek(max(0, wrong - HEAD))
    sample = file.read(SAMPLE)
    text = sample.decode("utf-8", "replace")
    bad = text.count("\ufffd")
    if (
        sum(not c.isascii() for c in text) > 2 * bad
    ):  # most letters are UTF-8: another encoding has hardly any by chance
        return Encoding("utf-8", damaged=True)
    found = list(from_bytes(sample, cp_isolation=LIKELY))
    if not found:
        raise NoText
    alike = [one for one in found if (one.chaos, one.coherence) == (found[0].chaos, found[0].coherence)]
    could = {name for one in alike for name in one.could_be_from_charset}
    # Short texts leave several: the commonest of them.
    return Encoding(next((name for name in LIKELY if name in could), found[0].encoding), guessed=True)
