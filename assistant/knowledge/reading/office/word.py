"""Word documents -> Markdown (mammoth), with what mammoth leaves out: equations, charts, comments, headers, boxes."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from assistant.knowledge.reading.archives import opened
from assistant.knowledge.reading.office.charts import chart
from assistant.knowledge.reading.office.equations import linear
from assistant.knowledge.reading.office.parts import local, named, parsed, rewritten, texts
from assistant.knowledge.reading.pages.html import markdown
from assistant.knowledge.reading.tables import cell
from assistant.knowledge.reading.text import Read, tidy

_STYLES = "p[style-name='Title'] => h1:fresh\np[style-name='Subtitle'] => p:fresh"
_BODIES = re.compile(r"word/(?:document|footnotes|endnotes)\d*\.xml$")
_MARGINS = re.compile(r"word/(header|footer)\d*\.xml$")
_WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


def read_docx(name: str, path: Path) -> Read:
    import mammoth

    with opened(name, path) as archive:
        changed = {part: _readable(archive.read(part)) for part in archive.namelist() if _BODIES.match(part)}
        html = mammoth.convert_to_html(
            rewritten(archive, changed, left_out="word/media/"),
            style_map=_STYLES,
            convert_image=mammoth.images.img_element(lambda image: {"alt": image.alt_text or ""}),
        ).value
        parts = [markdown(html), *_asides(archive)]
        warnings = tuple(_lost(name, archive))
    return Read("docx", tidy("\n\n".join(part for part in parts if part)), 1, warnings)


def _readable(data: bytes) -> bytes:
    """The XML of a text with its equations and chosen entries as runs, and its boxes as paragraphs."""
    from lxml import etree

    root = parsed(data)
    for equation in list(root.iter("{*}oMath")):
        _replace(equation, linear(equation))
    for choice in list(root.iter(f"{_WORD}ddList")):
        _show_choice(choice)
    for box in list(root.iter(f"{_WORD}txbxContent")):
        _lift(box)
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True))


def _run(text: str) -> Any:
    from lxml import etree

    run = etree.Element(f"{_WORD}r")
    held = etree.SubElement(run, f"{_WORD}t")
    held.text = text
    held.set("{http://www.w3.org/XML/1998/namespace}space", "preserve")
    return run


def _replace(equation: Any, text: str) -> None:
    """An equation by a run; one that stands alone by a paragraph where its place asks for one."""
    from lxml import etree

    run, old, parent = _run(text), equation, equation.getparent()
    if local(parent) == "oMathPara":
        if len([one for one in parent if local(one) == "oMath"]) > 1:
            run[0].text = f"{text}; "
        old, parent = parent, parent.getparent()
    if parent is None:
        return
    if (
        local(parent) in ("body", "tc", "txbxContent", "sdtContent", "footnote", "endnote")
        and local(old) == "oMathPara"
    ):
        paragraph = etree.Element(f"{_WORD}p")
        paragraph.append(run)
        run = paragraph
    old.addprevious(run)
    run.tail = None
    if local(old) == "oMathPara" and len([one for one in old if local(one) == "oMath"]) > 1:
        old.remove(equation)
    else:
        parent.remove(old)


def _show_choice(choice: Any) -> None:
    """The chosen entry of a list in a form, which has no run of its own."""
    entries = [named(one, "val") for one in choice.iter(f"{_WORD}listEntry")]
    at = next((int(named(one, "val")) for one in choice.iter(f"{_WORD}result")), 0)
    field = next((one for one in choice.iterancestors(f"{_WORD}r")), None)
    if field is not None and at < len(entries):
        field.addnext(_run(entries[at]))


def _lift(box: Any) -> None:
    """The paragraphs of a drawn box below the paragraph that it hangs on; mammoth reads only those of the old kind."""
    above = [local(one) for one in box.iterancestors()]
    if "pict" in above or "Fallback" in above:
        return
    alternative = next((one for one in box.iterancestors("{*}AlternateContent")), None)
    if alternative is not None and any(
        local(one) == "Fallback" and next(one.iter(f"{_WORD}txbxContent"), None) is not None for one in alternative
    ):
        return
    paragraph = next((one for one in box.iterancestors(f"{_WORD}p")), None)
    if paragraph is not None:
        for inner in reversed(list(box)):
            paragraph.addnext(inner)


def _asides(archive: zipfile.ZipFile) -> Iterator[str]:
    """Charts, diagrams, comments, and what stands above and below each page, in this order."""
    for part in _sorted(archive, r"word/charts/chart\d*\.xml$"):
        yield chart(archive.read(part))
    for part in _sorted(archive, r"word/diagrams/data\d*\.xml$"):
        yield "\n".join(f"- {cell(text)}" for text in texts(parsed(archive.read(part)), "t"))
    for part in _sorted(archive, r"word/comments\d*\.xml$"):
        comments = parsed(archive.read(part)).iter(f"{_WORD}comment")
        said = [f"- {_who(one)}{cell(' '.join(_paragraphs(one)))}" for one in comments]
        yield "\n".join(["Comments:", "", *said]) if said else ""
    margins: dict[str, None] = {}
    for part in _sorted(archive, _MARGINS.pattern):
        found = _MARGINS.match(part)
        text = cell(" ".join(_paragraphs(parsed(archive.read(part)))))
        if found and re.search(r"[^\W\d]{2}", text):  # more than a page's number
            margins[f"Page {found[1]}: {text}"] = None
    yield from margins


def _who(comment: Any) -> str:
    author = named(comment, "author")
    return f"{cell(author)}: " if author else ""


def _paragraphs(element: Any) -> list[str]:
    return ["".join(texts(paragraph, "t")) for paragraph in element.iter(f"{_WORD}p")]


def _sorted(archive: zipfile.ZipFile, pattern: str) -> list[str]:
    """The parts of a kind in the order of their numbers."""
    found = [part for part in archive.namelist() if re.match(pattern, part)]
    return sorted(found, key=lambda part: (len(part), part))


def _lost(name: str, archive: zipfile.ZipFile) -> Iterator[str]:
    """What is in the file and not in the text."""
    kinds = {
        "objects of other programs": r"word/embeddings/(?!.*\.xlsx$)[^/]+$",
        "charts without stored values": r"word/charts/chartEx\d*\.xml$",
        "texts of other formats": r"word/afchunk\d*\.[^/]+$",
    }
    for what, pattern in kinds.items():
        if count := len(_sorted(archive, pattern)):
            yield f"Left out of '{name}': {what} ({count}). Add them as files of their own."
    bare = sum(not chart(archive.read(part)) for part in _sorted(archive, r"word/charts/chart\d*\.xml$"))
    if bare:
        yield f"Left out of '{name}': charts without stored values ({bare}). Add the values as a table."
