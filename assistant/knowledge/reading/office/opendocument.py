"""OpenDocument (.odt, .ods, .odp and their like) -> Markdown: a zip of XML whose words are nearly those of HTML."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

from assistant.errors import AttuneError
from assistant.knowledge.reading.archives import locked, opened
from assistant.knowledge.reading.office.equations import of_mathml
from assistant.knowledge.reading.office.opendocument_sheets import sheet
from assistant.knowledge.reading.office.parts import local, named, parsed, texts
from assistant.knowledge.reading.pages.html import markdown
from assistant.knowledge.reading.tables import cell
from assistant.knowledge.reading.text import MAX_CHARACTERS, Read, damaged, tidy

_SILENT = {
    "tracked-changes",
    "soft-page-break",
    "sequence-decls",
    "variable-decls",
    "user-field-decls",
    "annotation-end",
}
_FORM = "{urn:oasis:names:tc:opendocument:xmlns:form:"
_FORM_TEXT = ("current-value", "current-selected", "current-state", "value", "label")


@dataclass
class _Source:
    """One document while it is read: what its parts are, and what is said beside its text."""

    name: str
    archive: zipfile.ZipFile | None
    comments: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    chapters: int = 1


def read_opendocument(name: str, path: Path) -> Read:
    """A packed document, or a flat one (.fodt), which is its XML alone. Raises AttuneError for a locked one."""
    if path.read_bytes()[:2] != b"PK":
        return _read(_Source(name, None), parsed(path.read_bytes()), [])
    with opened(name, path) as archive:
        names = set(archive.namelist())
        if "META-INF/manifest.xml" in names and b"encryption-data" in archive.read("META-INF/manifest.xml"):
            raise locked(name)
        if "content.xml" not in names:
            raise damaged(name, "OpenDocument file")
        styles = [parsed(archive.read("styles.xml"))] if "styles.xml" in names and archive.read("styles.xml") else []
        return _read(_Source(name, archive), parsed(archive.read("content.xml")), styles)


def _read(source: _Source, root: Any, styles: list[Any]) -> Read:
    body = next(root.iter("{*}body"), None)
    if body is None or not len(body):
        raise damaged(source.name, "OpenDocument file")
    kind = local(body[0])
    if kind == "spreadsheet":
        parts, warnings = _sheets(source, body[0])
    else:
        parts, warnings = [markdown(_html(source, body[0]), titled=False)], []
    parts += _margins([*styles, root])
    if source.comments:
        parts.append("\n".join(["Comments:", "", *source.comments]))
    warnings += [
        f"Left out of '{source.name}': {what} ({source.lost.count(what)}). Add what they say as text or a table."
        for what in dict.fromkeys(source.lost)
    ]
    shown = {"text": "odt", "spreadsheet": "ods", "presentation": "odp"}.get(kind, "odg")
    return Read(shown, tidy("\n\n".join(part for part in parts if part)), source.chapters, tuple(warnings))


def _sheets(source: _Source, book: Any) -> tuple[list[str], list[str]]:
    """Every visible sheet as a table. Raises AttuneError where there are formulas and nothing else."""
    parts, warnings, left = list[str](), list[str](), MAX_CHARACTERS
    sheets = [one for one in book if local(one) == "table"]
    for one in sheets:
        found = sheet(source.name, one, left)
        left = max(0, left - len(found.body))
        if found.body:
            parts.append(f"# {cell(named(one, 'name'))}\n\n{found.body}")
        warnings += found.warnings
        source.comments += [f"- {where}: {said}" for where, said in found.comments]
        for drawn in one.iter("{*}object"):
            parts.append(_object(source, drawn, tables=False))
    source.chapters = max(1, len(sheets))
    if not parts and warnings:
        raise AttuneError(f"'{source.name}' holds formulas without results.", "Open it, save it, and add it again.")
    return parts, warnings


def _html(source: _Source, element: Any) -> str:
    """An element and what is in it as HTML."""
    name = local(element)
    if not name or name in _SILENT:
        return ""
    if name in _OWN:
        return _OWN[name](source, element)
    if element.tag.startswith(_FORM) and name not in ("form", "forms"):
        return _control(element)
    inner = _inner(source, element)
    if name == "h":
        level = int(named(element, "outline-level") or 1)
        return f"<h{min(level, 6)}>{inner}</h{min(level, 6)}>"
    if name == "p":
        tag = "h1" if named(element, "style-name") == "Title" and inner.strip() else "p"
        return f"<{tag}>{inner}</{tag}>"
    tags = {"list": "ul", "list-item": "li", "list-header": "li", "table": "table", "table-row": "tr"}
    return f"<{tags[name]}>{inner}</{tags[name]}>" if name in tags else inner


def _inner(source: _Source, element: Any) -> str:
    parts = [escape(_spaced(element.text))]
    for child in element:
        parts += [_html(source, child), escape(_spaced(child.tail))]
    return "".join(parts)


def _spaced(text: str | None) -> str:
    """A text as it counts: line ends and several blanks in the XML are one blank."""
    return re.sub(r"\s+", " ", text or "")


def _cell(source: _Source, element: Any) -> str:
    spans = "".join(
        f' {html}="{named(element, odf)}"'
        for html, odf in (("colspan", "number-columns-spanned"), ("rowspan", "number-rows-spanned"))
        if named(element, odf).isdecimal()
    )
    repeated = named(element, "number-columns-repeated")
    times = min(int(repeated), 100) if repeated.isdecimal() else 1
    return f"<td{spans}>{_inner(source, element)}</td>" * times


def _note(_source: _Source, element: Any) -> str:
    body = next((one for one in element if local(one) == "note-body"), None)
    said = cell("".join(body.itertext())) if body is not None else ""
    return f" ({escape(said)})" if said else ""


def _annotation(source: _Source, element: Any) -> str:
    said = cell(" ".join("".join(one.itertext()) for one in element.iter("{*}p")))
    author = cell(" ".join(texts(element, "creator")))
    if said:
        source.comments.append(f"- {author}: {said}" if author else f"- {said}")
    return ""


def _page(source: _Source, element: Any) -> str:
    """A slide or a drawing's page: its title is the heading, and the notes come last."""
    inner, title = _inner(source, element), ""
    for frame in element:
        if named(frame, "class") == "title":
            title = cell("".join(frame.itertext()))
            inner = inner.replace(_html(source, frame), "", 1)
            break
    source.chapters = max(1, len([one for one in element.getparent() if local(one) == "page"]))
    name = title or f"Slide {[one for one in element.getparent() if local(one) == 'page'].index(element) + 1}"
    return f"<h2>{escape(name)}</h2>{inner}"


def _image(_source: _Source, element: Any) -> str:
    beside = element.getparent()
    said = [text for tag in ("title", "desc") for text in texts(beside, tag)] if local(beside) == "frame" else []
    return "" if any(local(one) in ("object", "text-box") for one in beside) else escape(" ".join(said))


def _control(element: Any) -> str:
    """A field of a form: its label or name, and what is filled in."""
    value = next((named(element, key) for key in _FORM_TEXT if named(element, key)), "")
    name = named(element, "title") or named(element, "name")
    return f"<p>{escape(cell(f'{name}: {value}'))}</p>" if value and name else ""


def _drawn_object(source: _Source, element: Any) -> str:
    found = _object(source, element, tables=True)
    return f"<p>{escape(found)}</p>" if found and not found.startswith("<") else found


def _object(source: _Source, element: Any, tables: bool) -> str:
    """An equation or a chart, in the document or in a part of its own. `tables`: a chart's values, too, as HTML."""
    root: Any = element if len(element) else None
    part = f"{named(element, 'href').removeprefix('./').rstrip('/')}/content.xml"
    if root is None and source.archive is not None and part in source.archive.namelist():
        root = parsed(source.archive.read(part))
    math = next(root.iter("{*}math"), None) if root is not None else None
    if math is not None:
        return of_mathml(math)
    values = next(root.iter("{*}table"), None) if root is not None else None
    if values is None:
        source.lost.append("objects of other programs")
        return ""
    titles = [] if root is None else root.iter("{*}title")
    title = next((cell("".join(one.itertext())) for one in titles if len(one)), "")
    return f"<p>Chart: {escape(title)}</p>{_html(source, values)}" if tables else ""


_OWN: dict[str, Callable[[_Source, Any], str]] = {
    "s": lambda _, element: " " * min(int(named(element, "c") or 1), 100),
    "tab": lambda _, _element: " ",
    "line-break": lambda _, _element: "<br>",
    "note": _note,
    "annotation": _annotation,
    "table-cell": _cell,
    "covered-table-cell": lambda _, _element: "",
    "page": _page,
    "image": _image,
    "object": _drawn_object,
    "ruby-text": lambda source, element: f" ({_inner(source, element)})",
    "title": lambda _, _element: "",
    "desc": lambda _, _element: "",
}


def _margins(roots: list[Any]) -> Iterator[str]:
    """What stands above and below each page, once."""
    said: dict[str, None] = {}
    for root in roots:
        for master in root.iter("{*}master-page"):
            for place in master:
                text = cell(" ".join("".join(one.itertext()) for one in place.iter("{*}p")))
                if local(place) in ("header", "footer") and re.search(r"[^\W\d]{2}", text):
                    said[f"Page {local(place)}: {text}"] = None
    yield from said
