"""Jupyter notebooks -> Markdown: texts, code, and what the code printed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from assistant.errors import AttuneError
from assistant.knowledge.reading.pages.html import markdown
from assistant.knowledge.reading.text import Read, decoded, tidy


def read_notebook(name: str, path: Path) -> Read:
    """Raises AttuneError for what is no notebook."""
    text, warnings = decoded(name, path)
    try:
        book = json.loads(text)
    except ValueError as error:
        raise _none(name) from error
    sheets = [book, *(book.get("worksheets") or [])] if isinstance(book, dict) else []  # sheets: before 2015
    cells = [one for sheet in sheets if isinstance(sheet, dict) for one in sheet.get("cells") or []]
    if not any(isinstance(sheet, dict) and "cells" in sheet for sheet in sheets):
        raise _none(name)
    language = str(((book.get("metadata") or {}).get("kernelspec") or {}).get("language") or "")
    parts = [part for one in cells if isinstance(one, dict) for part in _cell(one, language)]
    pictures = sum(_is_picture(output) for one in cells if isinstance(one, dict) for output in one.get("outputs") or [])
    if pictures:
        warnings = (*warnings, f"Pictures that the code of '{name}' made are left out ({pictures}).")
    return Read("notebook", tidy("\n\n".join(parts)), 1, warnings)


def _none(name: str) -> AttuneError:
    return AttuneError(f"'{name}' is not a notebook, whatever its name says.", "Export it again.")


def _cell(one: dict[str, Any], language: str) -> Iterator[str]:
    source = _joined(one.get("source") or one.get("input"))
    kind = one.get("cell_type")
    if kind == "heading":
        yield f"{'#' * int(one.get('level') or 1)} {source}"
    elif kind == "code":
        yield _fenced(source, language)
        for output in one.get("outputs") or []:
            yield _output(output)
    else:
        yield source


def _output(output: Any) -> str:
    """What code printed, or the value that it showed; a table as one."""
    if not isinstance(output, dict):
        return ""
    data = output.get("data") or output
    page = _joined(data.get("text/html") or data.get("html"))
    if "<table" in page:
        return markdown(page, titled=False)
    if output.get("output_type") in ("error", "pyerr"):
        return _fenced(f"{output.get('ename')}: {output.get('evalue')}")
    return _joined(data.get("text/markdown")) or _fenced(_joined(data.get("text/plain") or output.get("text")))


def _is_picture(output: Any) -> bool:
    data = (output.get("data") or {}) if isinstance(output, dict) else {}
    return isinstance(data, dict) and any(str(kind).startswith("image/") for kind in data)


def _fenced(text: str, language: str = "") -> str:
    fence = "```" if "```" not in text else "~~~~~~"
    return f"{fence}{language}\n{text.rstrip()}\n{fence}" if text.strip() else ""


def _joined(source: Any) -> str:
    return "".join(map(str, source)) if isinstance(source, list) else str(source or "")
