"""PowerPoint files -> Markdown (python-pptx): a heading a slide, texts, tables, charts, equations, notes, comments."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from assistant.knowledge.reading.archives import opened
from assistant.knowledge.reading.office.charts import chart
from assistant.knowledge.reading.office.equations import linear
from assistant.knowledge.reading.office.parts import local, parsed, rewritten, texts
from assistant.knowledge.reading.tables import cell, table
from assistant.knowledge.reading.text import Read, tidy

_TYPES = "[Content_Types].xml"
_SHOWS = re.compile(rb"presentationml\.(?:slideshow|template)\.main")  # of .ppsx and .potx


def read_pptx(name: str, path: Path) -> Read:
    from pptx import Presentation

    slides = list(Presentation(_as_presentation(name, path)).slides)
    parts: list[str] = []
    lost: list[str] = []
    for number, slide in enumerate(slides, start=1):
        title = slide.shapes.title
        heading = cell(" ".join(map(_said, title.text_frame.paragraphs))) if title is not None else ""
        parts.append(f"## {heading or f'Slide {number}'}")
        shapes = [shape for shape in slide.shapes if title is None or shape.shape_id != title.shape_id]
        parts += [text for shape in shapes for text in _shape(shape, lost)]
        if slide.has_notes_slide and slide.notes_slide.notes_text_frame is not None:
            parts.append(_plain(tidy(slide.notes_slide.notes_text_frame.text)))
        parts += _comments(slide)
    warnings = [
        f"Left out of '{name}': {what} ({lost.count(what)}). Add what they say as text or a table."
        for what in dict.fromkeys(lost)
    ]
    return Read("pptx", tidy("\n\n".join(part for part in parts if part)), len(slides), tuple(warnings))


def _as_presentation(name: str, path: Path) -> io.BytesIO | str:
    """Shows and templates are presentations by another name, which the library does not know."""
    with opened(name, path) as archive:
        types = archive.read(_TYPES)
        if not _SHOWS.search(types):
            return str(path)
        return rewritten(archive, {_TYPES: _SHOWS.sub(b"presentationml.presentation.main", types)})


def _shape(shape: Any, lost: list[str]) -> Iterator[str]:
    """The text of a shape, of the shapes in a group, of a table, a chart or a diagram."""
    if shape.has_text_frame:
        lines = [(paragraph.level, _said(paragraph)) for paragraph in shape.text_frame.paragraphs]
        listed = len([line for _, line in lines if line]) > 1
        marked = (f"{'  ' * level}- {line}" if listed else _plain(line) for level, line in lines if line)
        yield "\n".join(marked)
    elif getattr(shape, "has_table", False):
        yield table(_cells(shape.table))[0]
    elif getattr(shape, "has_chart", False):
        found = chart(shape.chart.part.blob)
        if not found:
            lost.append("charts without stored values")
        yield found
    elif local(shape._element) == "graphicFrame":
        yield from _frame(shape, lost)
    else:
        for inner in getattr(shape, "shapes", ()):
            yield from _shape(inner, lost)


def _frame(shape: Any, lost: list[str]) -> Iterator[str]:
    """A diagram's texts; anything else in a frame is an object that cannot be read."""
    diagram = next(shape._element.iter("{*}relIds"), None)
    place = next((value for key, value in diagram.items() if key.endswith("}dm")), "") if diagram is not None else ""
    if place and place in shape.part.rels:
        root = parsed(shape.part.rels[place].target_part.blob)
        yield "\n".join(f"- {cell(text)}" for text in texts(root, "t"))
    else:
        lost.append("objects of other programs")


def _cells(found: Any) -> Iterator[list[str]]:
    """The rows of a table; a merged cell stands in each of its places."""
    origins: dict[tuple[int, int], str] = {}
    for row, cells in enumerate(found.rows):
        texts_of_row = []
        for column, one in enumerate(cells.cells):
            text = " ".join(map(_said, one.text_frame.paragraphs))
            if one.is_merge_origin:
                for below in range(one.span_height):
                    origins |= {(row + below, column + right): text for right in range(one.span_width)}
            texts_of_row.append(origins.get((row, column), text) if one.is_spanned else text)
        yield texts_of_row


def _said(paragraph: Any) -> str:
    """The text of a paragraph with its equations."""
    texts_of_parts = []
    for part in paragraph._p:
        equation = next(part.iter("{*}oMath"), None) if isinstance(part.tag, str) else None
        if equation is not None:
            texts_of_parts.append(linear(equation))
        else:
            texts_of_parts.append(" " if local(part) == "br" else "".join(texts(part, "t")))
    return cell("".join(texts_of_parts))


def _plain(text: str) -> str:
    """A text that Markdown must not take for a heading."""
    return re.sub(r"(?m)^(\s*)(#{1,6}\s)", r"\1\\\2", text)


def _comments(slide: Any) -> Iterator[str]:
    for relation in slide.part.rels.values():
        if relation.reltype.rpartition("/")[2] == "comments" and not relation.is_external:
            root = parsed(relation.target_part.blob)
            for one in root.iter("{*}cm"):
                said = cell(" ".join(texts(one, "text") or texts(one, "t")))
                if said:
                    yield f"Comment: {said}"
