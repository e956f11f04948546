"""Slides: charts, equations, comments and merged cells are kept, and what cannot be read is told."""

from __future__ import annotations

import io

import pytest
from lxml import etree
from pptx import Presentation
from pptx.chart.data import CategoryChartData, XyChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.opc.constants import CONTENT_TYPE
from pptx.util import Inches

from assistant.knowledge.reading import ingestion
from assistant.knowledge.reading.text import Read
from tests.assistant.knowledge.office_files import pptx

PLACE = (Inches(1), Inches(2), Inches(4), Inches(3))


def read(show: object) -> Read:
    held = io.BytesIO()
    show.save(held)  # type: ignore[attr-defined]
    return ingestion.read("a.pptx", held.getvalue(), max_mb=1)


def test_charts_are_tables() -> None:
    show = Presentation()
    slide = show.slides.add_slide(show.slide_layouts[5])
    slide.shapes.title.text = "Visitors"
    bars = CategoryChartData()
    bars.categories = ["Spring", "Summer"]
    bars.add_series("Guests", (310, 870))
    bars.add_series("Tours", (4, None))
    slide.shapes.add_chart(XL_CHART_TYPE.COLUMN_CLUSTERED, *PLACE, bars)
    points = XyChartData()
    line = points.add_series("Trend")
    line.add_data_point(1.5, 2.5)
    slide.shapes.add_chart(XL_CHART_TYPE.XY_SCATTER, *PLACE, points)
    text = read(show).text
    assert "|  | Guests | Tours |\n|---|---|---|\n| Spring | 310 | 4 |\n| Summer | 870 |" in text
    assert "|  | Trend |\n|---|---|\n| 1.5 | 2.5 |" in text


def test_equations_and_merged_cells() -> None:
    show = Presentation()
    slide = show.slides.add_slide(show.slide_layouts[5])
    slide.shapes.title.text = "Fees"
    box = slide.shapes.add_textbox(*PLACE)
    box.text_frame.text = "The fee is "
    math = (
        '<a14:m xmlns:a14="http://schemas.microsoft.com/office/drawing/2010/main" xmlns:m="http://schemas.openxmlformats.org/'
        'officeDocument/2006/math"><m:oMath><m:r><m:t>3 d + 2</m:t></m:r></m:oMath></a14:m>'
    )
    box.text_frame.paragraphs[0]._p.append(etree.fromstring(math))
    table = slide.shapes.add_table(3, 3, *PLACE).table
    for at, text in enumerate(("Boats", "", "Bikes", "Day", "Week", "Day", "5", "30", "6")):
        table.cell(at // 3, at % 3).text = text
    table.cell(0, 0).merge(table.cell(0, 1))
    text = read(show).text
    assert "The fee is 3 d + 2" in text
    assert "| Boats | Boats | Bikes |\n|---|---|---|\n| Day | Week | Day |" in text


def test_comments_are_kept() -> None:
    from pptx.opc.package import Part
    from pptx.opc.packuri import PackURI

    show = Presentation()
    slide = show.slides.add_slide(show.slide_layouts[5])
    slide.shapes.title.text = "Fees"
    space = b'xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main"'
    xml = b"<p:cmLst %s><p:cm><p:text>Since May.</p:text></p:cm></p:cmLst>" % space
    part = Part(PackURI("/ppt/comments/comment1.xml"), CONTENT_TYPE.PML_COMMENTS, show.part.package, xml)
    slide.part.relate_to(part, "http://schemas.openxmlformats.org/officeDocument/2006/relationships/comments")
    assert read(show).text == "## Fees\n\nComment: Since May."


def test_objects_of_other_programs_are_told() -> None:
    show = Presentation()
    slide = show.slides.add_slide(show.slide_layouts[5])
    slide.shapes.title.text = "Fees"
    slide.shapes.add_ole_object(io.BytesIO(b"x"), "Package", *PLACE)
    assert "objects of other programs (1)" in read(show).warnings[0]


@pytest.mark.parametrize("kind", ["slideshow", "template"])
def test_a_show_is_a_presentation(kind: str) -> None:
    data = zipped_binary(pptx(), f"presentationml.{kind}.main")
    assert "- Boil water" in ingestion.read("a.ppsx", data, max_mb=1).text


def zipped_binary(data: bytes, kind: str) -> bytes:
    """The same file as of another kind; its parts may be binary."""
    import zipfile

    from tests.assistant.knowledge.office_files import zipped

    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    types = files["[Content_Types].xml"].replace(b"presentationml.presentation.main", kind.encode())
    return zipped(files | {"[Content_Types].xml": types})
