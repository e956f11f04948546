"""Real files of the kinds that people have, made by the libraries that make them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from datetime import date

from openpyxl import Workbook
from pptx import Presentation
from pptx.util import Inches

_TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"


def zipped(files: Mapping[str, bytes | str]) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return held.getvalue()


def zipped_with(data: bytes, entry: str, old: str, new: str) -> bytes:
    """An archive with one text in one of its entries replaced."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        files = {name: archive.read(name).decode() for name in archive.namelist()}
    assert old in files[entry]
    return zipped(files | {entry: files[entry].replace(old, new)})


def docx(body: str = "", before: str = "") -> bytes:
    """A Word document: title, text, heading, table, list; or with this body. `before` stands above the root."""
    styled = '<w:p><w:pPr><w:pStyle w:val="{}"/></w:pPr><w:r><w:t>{}</w:t></w:r></w:p>'
    cell = "<w:tc><w:p><w:r><w:t>{}</w:t></w:r></w:p></w:tc>"
    listed = (
        '<w:p><w:pPr><w:numPr><w:ilvl w:val="0"/><w:numId w:val="1"/></w:numPr></w:pPr><w:r><w:t>{}</w:t></w:r></w:p>'
    )
    rows = "".join(
        f"<w:tr>{''.join(cell.format(c) for c in row)}</w:tr>" for row in (("Tea", "Price"), ("Sencha", "8"))
    )
    body = body or "".join(
        (
            styled.format("Title", "Tea"),
            "<w:p><w:r><w:t>Green tea</w:t></w:r></w:p>",
            styled.format("Heading2", "Prices"),
            f"<w:tbl>{rows}</w:tbl>",
            listed.format("one"),
            listed.format("two"),
        )
    )
    styles = "".join(
        f'<w:style w:type="paragraph" w:styleId="{id}"><w:name w:val="{name}"/></w:style>'
        for id, name in (("Title", "Title"), ("Heading2", "heading 2"))
    )
    numbers = (
        '<w:abstractNum w:abstractNumId="0"><w:lvl w:ilvl="0"><w:numFmt w:val="bullet"/></w:lvl></w:abstractNum>'
        '<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>'
    )
    main = "application/vnd.openxmlformats-officedocument.wordprocessingml"
    parts = ("document.main", "styles", "numbering")
    return zipped(
        {
            "[Content_Types].xml": f'<Types xmlns="{_TYPES}"><Default Extension="rels" '
            'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            + "".join(f'<Override PartName="/word/{p.split(".")[0]}.xml" ContentType="{main}.{p}+xml"/>' for p in parts)
            + "</Types>",
            "_rels/.rels": f'<Relationships xmlns="{_RELATIONS}"><Relationship Id="r1" Type="{_OFFICE}/officeDocument" '
            'Target="word/document.xml"/></Relationships>',
            "word/_rels/document.xml.rels": f'<Relationships xmlns="{_RELATIONS}">'
            f'<Relationship Id="r1" Type="{_OFFICE}/styles" Target="styles.xml"/>'
            f'<Relationship Id="r2" Type="{_OFFICE}/numbering" Target="numbering.xml"/></Relationships>',
            "word/styles.xml": f'<w:styles xmlns:w="{_WORD}">{styles}</w:styles>',
            "word/numbering.xml": f'<w:numbering xmlns:w="{_WORD}">{numbers}</w:numbering>',
            "word/document.xml": f'{before}<w:document xmlns:w="{_WORD}"><w:body>{body}</w:body></w:document>',
        }
    )


def pptx() -> bytes:
    """Two slides: a list of two levels, a table; notes below the first."""
    show = Presentation()
    slide = show.slides.add_slide(show.slide_layouts[1])
    slide.shapes.title.text = "Steeping"
    frame = slide.placeholders[1].text_frame
    frame.text = "Boil water"
    inner = frame.add_paragraph()
    inner.text, inner.level = "Wait", 1
    slide.notes_slide.notes_text_frame.text = "Say it slowly."
    second = show.slides.add_slide(show.slide_layouts[5])
    second.shapes.title.text = "Prices"
    table = second.shapes.add_table(2, 2, Inches(1), Inches(2), Inches(4), Inches(1)).table
    for row, texts in enumerate((("Tea", "Price"), ("Sencha", "8"))):
        for column, text in enumerate(texts):
            table.cell(row, column).text = text
    held = io.BytesIO()
    show.save(held)
    return held.getvalue()


def xlsx() -> bytes:
    """Two sheets."""
    book = Workbook()
    prices = book.active
    assert prices is not None
    prices.title = "Prices"
    prices.append(["Tea", "Price"])
    prices.append(["Sencha", 8.0])
    stock = book.create_sheet("Stock")
    stock.append(["Day", "Bags"])
    stock.append([date(2026, 11, 22), 40])
    held = io.BytesIO()
    book.save(held)
    return held.getvalue()


def epub(before: str = "") -> bytes:
    """Two chapters, listed in the package in another order than they are read. `before` stands above the chapters."""
    page = before + '<html xmlns="http://www.w3.org/1999/xhtml"><body><h1>{}</h1><p>{} chapter.</p></body></html>'
    items = "".join(f'<item id="c{n}" href="c%20{n}.xhtml" media-type="application/xhtml+xml"/>' for n in (2, 1))
    return zipped(
        {
            "mimetype": "application/epub+zip",
            "META-INF/container.xml": '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
            '<rootfile full-path="OEBPS/book.opf"/></rootfiles></container>',
            "OEBPS/book.opf": f'<package xmlns="http://www.idpf.org/2007/opf"><manifest>{items}</manifest>'
            '<spine><itemref idref="c1"/><itemref idref="c2"/></spine></package>',
            "OEBPS/c 1.xhtml": page.format("One", "First"),
            "OEBPS/c 2.xhtml": page.format("Two", "Second"),
        }
    )
