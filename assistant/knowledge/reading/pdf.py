"""The text of a PDF, page by page (pypdf). Runs in the converter's process."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from assistant.errors import AttuneError
from assistant.knowledge.reading.pdf_notes import Piece, notes
from assistant.knowledge.reading.text import MAX_CHARACTERS, Read, damaged, tidy

MAX_PAGES = 500
MAX_SECONDS = 60.0  # for the pages of one PDF; what is done by then is used


def read_pdf(name: str, path: Path) -> Read:
    """Raises AttuneError for a locked, damaged or scanned one."""
    from pypdf import PdfReader
    from pypdf.errors import DependencyError, FileNotDecryptedError

    locked = AttuneError(f"'{name}' is locked with a password.", "Save a copy without a password and add that.")
    try:
        reader = PdfReader(path)
        if reader.is_encrypted and not reader.decrypt(""):
            raise locked
        count = len(reader.pages)
    except (AttuneError, MemoryError):
        raise
    except (DependencyError, FileNotDecryptedError) as error:  # its cipher needs a package, or a password
        raise locked from error
    except Exception as error:  # a broken PDF makes pypdf raise nearly anything
        raise damaged(name, "PDF") from error
    texts, warnings = _pages(name, reader, count)
    warnings += _left_out(name, reader)
    if not any(re.search(r"\w", text) for text in texts):
        raise AttuneError(f"'{name}' holds no text: is it scanned?", "Run text recognition (OCR) on it and add that.")
    return Read("pdf", tidy("\n\n".join(texts)), count, tuple(warnings))


def _pages(name: str, reader: Any, count: int) -> tuple[list[str], list[str]]:
    """The text of each page, and warnings on those that were left out."""
    texts: list[str] = []
    warnings: list[str] = []
    broken: list[int] = []
    until, characters = time.monotonic() + MAX_SECONDS, 0
    for number in range(count):
        if number >= MAX_PAGES or characters > MAX_CHARACTERS or time.monotonic() > until:
            warnings.append(f"Only the first {number} of {count} pages of '{name}' are used; split it to use the rest.")
            break
        try:
            page = reader.pages[number]
            pieces: list[Piece] = []
            text = page.extract_text(visitor_text=_placed(pieces))
            text = _joined(text, notes(page, pieces))
        except MemoryError:
            raise
        except Exception:  # one broken page must not cost the others
            broken.append(number + 1)
            continue
        characters += len(text)
        texts.append(re.sub(r"(\w)-\n(?=[a-z])", r"\1", text))
    if broken:
        which = ", ".join(map(str, broken[:10])) + (" and others" if len(broken) > 10 else "")
        warnings.append(f"Of '{name}' {len(broken)} of {count} pages could not be read: {which}.")
    bare = sum(not text.strip() for text in texts)
    if bare and bare < len(texts):
        warnings.append(f"{bare} of {count} pages of '{name}' hold no text; perhaps they are scanned.")
    return texts, warnings


def _placed(pieces: list[Piece]) -> Callable[..., None]:
    """What pypdf tells about each text that it finds, as the text and where it begins on the page."""

    def seen(text: str, current: Sequence[float], own: Sequence[float], *_: Any) -> None:
        x, y = own[4], own[5]
        pieces.append(
            (x * current[0] + y * current[2] + current[4], x * current[1] + y * current[3] + current[5], text)
        )

    return seen


def _joined(text: str, below: str) -> str:
    return "\n\n".join(part for part in (text, below) if part.strip())


def _left_out(name: str, reader: Any) -> list[str]:
    """What a PDF carries beside its pages."""
    warnings = []
    form = reader.trailer["/Root"].get("/AcroForm")
    if form is not None and form.get_object().get("/XFA") is not None and not form.get_object().get("/Fields"):
        said = f"'{name}' is a form that only Adobe's programs show; what is filled in is left out."
        warnings.append(f"{said} Print it to a PDF and add that.")
    attached = list(reader.attachments)
    if attached:
        which = ", ".join(attached[:10]) + (" and others" if len(attached) > 10 else "")
        warnings.append(f"What is attached to '{name}' is left out: {which}. Add it as files of its own.")
    return warnings
