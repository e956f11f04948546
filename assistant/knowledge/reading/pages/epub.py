"""E-books (EPUB): a zip of web pages, in the order that its package lists."""

from __future__ import annotations

import posixpath
from pathlib import Path
from urllib.parse import unquote

from assistant.knowledge.reading.archives import opened
from assistant.knowledge.reading.office.parts import parsed
from assistant.knowledge.reading.pages.html import decoded_page, markdown
from assistant.knowledge.reading.text import MAX_CHARACTERS, Read, tidy

_CONTAINER = "{urn:oasis:names:tc:opendocument:xmlns:container}"
_OPF = "{http://www.idpf.org/2007/opf}"


def read_epub(name: str, path: Path) -> Read:
    """The chapters in their reading order."""
    with opened(name, path) as archive:
        container = parsed(archive.read("META-INF/container.xml"))
        book = str(container.find(f".//{_CONTAINER}rootfile").get("full-path"))
        folder, package = posixpath.dirname(book), parsed(archive.read(book))
        files = {item.get("id"): item for item in package.iter(f"{_OPF}item")}
        chapters, missing, doubtful = list[str](), 0, dict[str, None]()
        for reference in package.iter(f"{_OPF}itemref"):
            item = files.get(reference.get("idref"))
            if item is None or "html" not in str(item.get("media-type")):
                continue
            try:
                data = archive.read(posixpath.normpath(posixpath.join(folder, unquote(item.get("href")))))
            except KeyError:
                missing += 1
                continue
            text, doubts = decoded_page(name, data)
            chapters.append(markdown(text, titled=False))
            doubtful.update(dict.fromkeys(doubts))
            if sum(map(len, chapters)) > MAX_CHARACTERS:
                break
    warnings = tuple(doubtful)
    if missing:
        warnings = (*warnings, f"{missing} chapters that '{name}' lists are not in it.")
    return Read("epub", tidy("\n\n".join(chapters)), len(chapters), warnings)
