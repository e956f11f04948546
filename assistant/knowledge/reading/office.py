"""Office documents, web pages, e-books and tables -> Markdown. Runs in the converter's process."""

from __future__ import annotations

import csv
import io
import posixpath
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from assistant.knowledge.reading.archives import opened
from assistant.knowledge.reading.text import MAX_CHARACTERS, Read, cell, decoded, table, tidy

_SILENT = (
    "script",
    "style",
    "noscript",
    "template",
    "svg",
    "iframe",
    "object",
    "embed",
    "head",
    "input",
    "select",
    "button",
    "textarea",
)
_DELIMITERS = ",;\t|"
_CONTAINER = "{urn:oasis:names:tc:opendocument:xmlns:container}"
_OPF = "{http://www.idpf.org/2007/opf}"


def read_docx(name: str, path: Path) -> Read:  # noqa: ARG001  every converter is called alike
    import mammoth

    with path.open("rb") as file:
        found = mammoth.convert_to_html(
            file,
            style_map="p[style-name='Title'] => h1:fresh\np[style-name='Subtitle'] => p:fresh",
            convert_image=mammoth.images.img_element(lambda image: {"alt": image.alt_text or ""}),
        )
    return Read("docx", markdown(found.value))


def read_pptx(name: str, path: Path) -> Read:  # noqa: ARG001
    from pptx import Presentation

    slides = list(Presentation(str(path)).slides)
    parts: list[str] = []
    for number, slide in enumerate(slides, start=1):
        title = slide.shapes.title
        heading = cell(title.text_frame.text) if title is not None else ""
        parts.append(f"## {heading or f'Slide {number}'}")
        shapes = [shape for shape in slide.shapes if title is None or shape.shape_id != title.shape_id]
        parts += [text for shape in shapes for text in _shape(shape)]
        if slide.has_notes_slide and slide.notes_slide.notes_text_frame is not None:
            parts.append(tidy(slide.notes_slide.notes_text_frame.text))
    return Read("pptx", tidy("\n\n".join(part for part in parts if part)), len(slides))


def _shape(shape: Any) -> Iterator[str]:
    """The text of a shape, of the shapes in a group, and of a table."""
    if shape.has_text_frame:
        lines = [(paragraph.level, cell(paragraph.text)) for paragraph in shape.text_frame.paragraphs]
        listed = len([line for _, line in lines if line]) > 1
        yield "\n".join(f"{'  ' * level}{'- ' * listed}{line}" for level, line in lines if line)
    elif getattr(shape, "has_table", False):
        yield table([entry.text for entry in row.cells] for row in shape.table.rows)[0]
    else:
        for inner in getattr(shape, "shapes", ()):
            yield from _shape(inner)


def read_xlsx(name: str, path: Path) -> Read:
    """Every sheet as a table, row by row, so that a large one costs no more memory than what is used of it."""
    from openpyxl import load_workbook

    parts: list[str] = []
    warnings: list[str] = []
    left = MAX_CHARACTERS
    with path.open("rb") as file:
        book = load_workbook(file, read_only=True, data_only=True)
        sheets = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
        for sheet in sheets:
            sheet.reset_dimensions()  # what the file declares may be wrong, and as large as it likes
            body, rows, ended = table(sheet.iter_rows(values_only=True), left)
            left = max(0, left - len(body))
            if body:
                parts.append(f"# {cell(sheet.title)}\n\n{body}")
            if ended:
                warnings.append(f"Only the first {rows:,} rows of the sheet '{sheet.title}' of '{name}' are used.")
        count = len(book.sheetnames)
    if count > len(sheets):
        warnings.append(f"Hidden sheets of '{name}' are left out ({count - len(sheets)}).")
    return Read("xlsx", tidy("\n\n".join(parts)), count, tuple(warnings))


def read_csv(name: str, path: Path) -> Read:
    """A table of comma, semicolon, tab or bar separated values; the first row is its head."""
    text, warnings = decoded(name, path)
    head = text[: text.find("\n") if "\n" in text else 2000]
    delimiter = max(_DELIMITERS, key=head.count)
    csv.field_size_limit(MAX_CHARACTERS)
    body, rows, ended = table(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), MAX_CHARACTERS)
    if ended:
        warnings = (*warnings, f"Only the first {rows:,} rows of '{name}' are used; split it to use the rest.")
    return Read("csv", tidy(body), 1, warnings)


def read_html(name: str, path: Path) -> Read:  # noqa: ARG001
    with path.open("rb") as file:
        return Read("html", markdown(file.read()))


def read_epub(name: str, path: Path) -> Read:
    """The chapters in their reading order."""
    with opened(name, path) as archive:
        container = _xml(archive.read("META-INF/container.xml"))
        book = str(container.find(f".//{_CONTAINER}rootfile").get("full-path"))
        folder, package = posixpath.dirname(book), _xml(archive.read(book))
        files = {item.get("id"): item for item in package.iter(f"{_OPF}item")}
        chapters, missing = list[str](), 0
        for reference in package.iter(f"{_OPF}itemref"):
            item = files.get(reference.get("idref"))
            if item is None or "html" not in str(item.get("media-type")):
                continue
            try:
                data = archive.read(posixpath.normpath(posixpath.join(folder, unquote(item.get("href")))))
            except KeyError:
                missing += 1
                continue
            chapters.append(markdown(data, titled=False))
            if sum(map(len, chapters)) > MAX_CHARACTERS:
                break
    warnings = (f"{missing} chapters that '{name}' lists are not in it.",) if missing else ()
    return Read("epub", tidy("\n\n".join(chapters)), len(chapters), warnings)


def _xml(data: bytes) -> Any:
    """Parsed without entities, without the network and without size limits being lifted."""
    from lxml import etree

    return etree.fromstring(data, etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False))


def markdown(html: str | bytes, titled: bool = True) -> str:
    """A page's text with its headings, lists and tables. Nothing is run or fetched, and no script is kept as text."""
    from bs4 import BeautifulSoup, Comment
    from markdownify import MarkdownConverter

    soup = BeautifulSoup(html, "lxml")
    title = cell(soup.title.get_text()) if soup.title else ""
    for tag in soup(_SILENT):
        tag.decompose()
    for image in soup("img"):
        image.replace_with(cell(image.get("alt")))
    for comment in soup.find_all(string=lambda text: isinstance(text, Comment)):
        comment.extract()
    has_heading = soup.find(["h1", "h2"]) is not None
    converter = MarkdownConverter(
        heading_style="ATX",
        bullets="-",
        strip=["a"],
        table_infer_header=True,
        escape_asterisks=False,
        escape_underscores=False,
        escape_misc=False,
    )
    try:
        text = str(converter.convert_soup(soup))
    except RecursionError:  # nested deeper than any page that a person wrote
        text = soup.get_text("\n")
    text = _single_blank(tidy(text))
    return f"# {title}\n\n{text}" if titled and title and not has_heading else text


def _single_blank(text: str) -> str:
    lines = ["", *text.split("\n")]
    return "\n".join(line for before, line in pairwise(lines) if before or line)
