"""Bytes of a file -> its text: plain text, Markdown and PDF. What cannot be read says why in one sentence."""

from __future__ import annotations

import codecs
import hashlib
import io
import re
import time
import unicodedata
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from assistant.errors import AttuneError
from assistant.record.store import Store
from assistant.record.types import Document
from assistant.settings import Settings

MEGABYTE = 1_000_000
MAX_PAGES = 500  # of a PDF
MAX_CHARACTERS = 2_000_000  # about 800 pages
MAX_SECONDS = 60.0  # for the pages of one PDF
_TEXT, _MARKDOWN, _PDF = (".txt", ".text", ""), (".md", ".markdown"), (".pdf",)
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


@dataclass(frozen=True)
class Read:
    """What was read. `kind` is text, markdown or pdf; `warnings` are sentences for the person who added it."""

    kind: str
    text: str
    pages: int = 1
    warnings: tuple[str, ...] = ()


def read(name: str, data: bytes, max_mb: float) -> Read:
    """The text of a file. Raises AttuneError, with a remedy, for one that cannot be used."""
    _check_size(name, data, max_mb)
    kind = _kind(name, data)
    found = _read_pdf(name, data) if kind == "pdf" else _read_text(name, data, kind)
    if not re.search(r"\w", found.text):
        raise AttuneError(f"'{name}' holds no words.", "Add a file that has some text in it.")
    if len(found.text) <= MAX_CHARACTERS:
        return found
    warning = f"Only the first {MAX_CHARACTERS:,} characters of '{name}' are used; split it to use the rest."
    return Read(found.kind, found.text[:MAX_CHARACTERS], found.pages, (*found.warnings, warning))


def add(store: Store, settings: Settings, case: str, name: str, data: bytes) -> Document:
    """Read a file and add it to a case. The same bytes under the same name are not added twice."""
    name = clean_name(name)
    digest = hashlib.sha256(data).hexdigest()
    for known in store.documents(case):
        if (known.name, known.sha256) == (name, digest):
            return known
    found = read(name, data, settings.max_upload_mb)
    return store.add_document(case, name, found.kind, found.text, digest, found.pages, found.warnings)


def clean_name(name: str) -> str:
    """The bare file name, without folders or control characters, of at most 120 characters."""
    bare = PurePath(name.replace("\\", "/")).name
    kept = "".join(c for c in unicodedata.normalize("NFC", bare) if unicodedata.category(c)[0] != "C").strip()
    if len(kept) > 120:
        suffix = PurePath(kept).suffix[:12]
        kept = kept[: 120 - len(suffix)] + suffix
    return kept or "document"


def _check_size(name: str, data: bytes, max_mb: float) -> None:
    if not data.strip():
        raise AttuneError(f"'{name}' is empty.", "Add a file that has some text in it.")
    size = len(data) / MEGABYTE
    if size > max_mb:
        raise AttuneError(
            f"'{name}' has {size:.1f} MB and at most {max_mb:g} MB are taken.",
            "Split it, or raise ATTUNE_MAX_UPLOAD_MB.",
        )


def _kind(name: str, data: bytes) -> str:
    suffix = PurePath(name).suffix.lower()
    if data.lstrip()[:5] == b"%PDF-":
        return "pdf"
    if suffix in _PDF:
        raise AttuneError(f"'{name}' is not a PDF, whatever its name says.", "Export it as a PDF again.")
    if suffix in _MARKDOWN:
        return "markdown"
    if suffix in _TEXT:
        return "text"
    raise AttuneError(
        f"'{name}' is of a kind that cannot be read ({suffix}).", "Save it as text, Markdown or PDF and add that."
    )


def _read_text(name: str, data: bytes, kind: str) -> Read:
    encoding = next((encoding for bom, encoding in _BOMS if data.startswith(bom)), "")
    if not encoding and b"\x00" in data:
        raise AttuneError(f"'{name}' is not text: it holds binary data.", "Save it as text, Markdown or PDF.")
    warnings: tuple[str, ...] = ()
    try:
        text = data.decode(encoding or "utf-8")
    except UnicodeDecodeError:
        text, guessed = _guess(data)
        warnings = (f"'{name}' is not UTF-8 and was read as {guessed}; look whether its special letters are right.",)
    strange = sum(unicodedata.category(c) == "Cc" and c not in "\t\n\r\f\v" for c in text[:20_000])
    if strange > len(text[:20_000]) / 20:
        raise AttuneError(f"'{name}' is not text: it holds binary data.", "Save it as text, Markdown or PDF.")
    return Read(kind, _tidy(text), 1, warnings)


def _guess(data: bytes) -> tuple[str, str]:
    try:
        return data.decode("cp1252"), "Windows-1252"
    except UnicodeDecodeError:
        return data.decode("latin-1"), "Latin-1"


def _read_pdf(name: str, data: bytes) -> Read:
    from pypdf import PdfReader
    from pypdf.errors import DependencyError, FileNotDecryptedError

    locked = AttuneError(f"'{name}' is locked with a password.", "Save a copy without a password and add that.")
    try:
        reader = PdfReader(io.BytesIO(data))
        if reader.is_encrypted and not reader.decrypt(""):
            raise locked
        count = len(reader.pages)
    except AttuneError:
        raise
    except (DependencyError, FileNotDecryptedError) as error:  # its cipher needs a package, or a password
        raise locked from error
    except Exception as error:  # a broken PDF makes pypdf raise nearly anything
        raise AttuneError(f"'{name}' is a damaged PDF.", "Export it as a PDF again, or add its text.") from error
    texts, warnings = _pages(name, reader, count)
    if not any(re.search(r"\w", text) for text in texts):
        raise AttuneError(f"'{name}' holds no text: is it scanned?", "Run text recognition (OCR) on it and add that.")
    return Read("pdf", _tidy("\n\n".join(texts)), count, tuple(warnings))


def _pages(name: str, reader: Any, count: int) -> tuple[list[str], list[str]]:
    """The text of each page, and warnings on those that were left out."""
    texts: list[str] = []
    warnings: list[str] = []
    until, characters = time.monotonic() + MAX_SECONDS, 0
    for number in range(count):
        if number >= MAX_PAGES or characters > MAX_CHARACTERS or time.monotonic() > until:
            warnings.append(f"Only the first {number} of {count} pages of '{name}' are used; split it to use the rest.")
            break
        try:
            text = reader.pages[number].extract_text()
        except Exception as error:  # one broken page must not cost the others
            warnings.append(f"Page {number + 1} of '{name}' could not be read ({type(error).__name__}).")
            continue
        characters += len(text)
        texts.append(re.sub(r"(\w)-\n(?=[a-z])", r"\1", text))
    bare = sum(not text.strip() for text in texts)
    if bare and bare < len(texts):
        warnings.append(f"{bare} of {count} pages of '{name}' hold no text; perhaps they are scanned.")
    return texts, warnings


def _tidy(text: str) -> str:
    """Unix line ends, no control characters, no trailing blanks."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\f", "\n\n").replace("\ufeff", "")
    kept = "".join(c for c in text if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cs"))
    return re.sub(r"[ \t]+\n", "\n", kept).strip()
