"""What mammoth leaves out of a Word document is kept or told."""

from __future__ import annotations

import io
import zipfile

import pytest

from assistant.knowledge.reading import ingestion
from assistant.knowledge.reading.text import Read
from tests.assistant.knowledge.office_files import docx, zipped

WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
MATH = "http://schemas.openxmlformats.org/officeDocument/2006/math"


def read(body: str, **parts: str) -> Read:
    """A document with this body, and parts such as word/comments.xml by their names without folder and ending."""
    with zipfile.ZipFile(io.BytesIO(docx(body))) as archive:
        files: dict[str, bytes | str] = {name: archive.read(name) for name in archive.namelist()}
    for name, xml in parts.items():
        files[f"word/{name.replace('__', '/')}.xml"] = xml
    return ingestion.read("a.docx", zipped(files), max_mb=1)


def paragraph(*inner: str) -> str:
    return f'<w:p xmlns:m="{MATH}">{"".join(inner)}</w:p>'


def run(text: str) -> str:
    return f'<w:r><w:t xml:space="preserve">{text}</w:t></w:r>'


def term(text: str) -> str:
    return f"<m:r><m:t>{text}</m:t></m:r>"


def part(name: str, *inner: str) -> str:
    return f"<m:{name}>{''.join(inner)}</m:{name}>"


EQUATIONS = {
    "F = 3 d + 2": term("F = 3 d + 2"),
    "rent/30": part("f", part("num", term("rent")), part("den", term("30"))),
    "(a+b)/(2c)": part("f", part("num", term("a+b")), part("den", term("2c"), "<m:ctrlPr/>")).replace("2c", "2 c"),
    "x^2": part("sSup", part("e", term("x")), part("sup", term("2"))),
    "x_(i+1)": part("sSub", part("e", term("x")), part("sub", term("i+1"))),
    "x_i^2": part("sSubSup", part("e", term("x")), part("sub", term("i")), part("sup", term("2"))),
    "√(a+b)": part("rad", "<m:radPr><m:degHide/></m:radPr>", part("deg"), part("e", term("a+b"))),
    "3√x": part("rad", part("deg", term("3")), part("e", term("x"))),
    "∑_(i=1)^n i": part(
        "nary",
        '<m:naryPr><m:chr m:val="∑"/></m:naryPr>',
        part("sub", term("i=1")),
        part("sup", term("n")),
        part("e", term("i")),
    ),
    "[a|b]": part(
        "d", '<m:dPr><m:begChr m:val="["/><m:endChr m:val="]"/></m:dPr>', part("e", term("a")), part("e", term("b"))
    ),
    "sin(2x)": part("func", part("fName", term("sin")), part("e", term("2x"))).replace("2x", "2x"),
    "[1, 0; 0, 1]": part(
        "m", *(part("mr", part("e", term(a)), part("e", term(b))) for a, b in (("1", "0"), ("0", "1")))
    ),
}
EQUATIONS["(a+b)/(2 c)"] = EQUATIONS.pop("(a+b)/(2c)")
EQUATIONS["sin2x"] = EQUATIONS.pop("sin(2x)")


@pytest.mark.parametrize("text", EQUATIONS)
def test_equations_are_text(text: str) -> None:
    equation = part("oMath", EQUATIONS[text])
    found = read(paragraph(run("It is "), equation, run(" a day.")) + paragraph(part("oMathPara", equation)))
    assert found.text == f"It is {text} a day.\n\n{text}"


def test_several_equations_of_one_paragraph() -> None:
    found = read(paragraph(part("oMathPara", part("oMath", term("a=1")), part("oMath", term("b=2")))))
    assert found.text == "a=1; b=2"


def test_comments_headers_and_footers_are_kept() -> None:
    comment = f'<w:comment w:id="0" w:author="Ann"><w:p>{run("Since May.")}</w:p></w:comment>'
    pages = f'<w:hdr xmlns:w="{WORD}"><w:p>{run("Page ")}{run("3")}</w:p></w:hdr>'
    found = read(
        paragraph(run("Cats cost nine euros.")),
        comments=f'<w:comments xmlns:w="{WORD}">{comment}</w:comments>',
        header1=f'<w:hdr xmlns:w="{WORD}"><w:p>{run("Lease, valid from 3 March")}</w:p></w:hdr>',
        footer1=pages.replace("Page ", ""),
    )
    assert (
        found.text
        == "Cats cost nine euros.\n\nComments:\n\n- Ann: Since May.\n\nPage header: Lease, valid from 3 March"
    )


def test_boxes_without_an_old_form_and_chosen_entries_are_kept() -> None:
    box = f"<w:drawing><x><w:txbxContent>{paragraph(run('In a box.'))}</w:txbxContent></x></w:drawing>"
    choice = (
        '<w:r><w:fldChar w:fldCharType="begin"><w:ffData><w:ddList><w:result w:val="1"/><w:listEntry w:val="monthly"/>'
        '<w:listEntry w:val="yearly"/></w:ddList></w:ffData></w:fldChar></w:r>'
        '<w:r><w:instrText>FORMDROPDOWN</w:instrText></w:r><w:r><w:fldChar w:fldCharType="end"/></w:r>'
    )
    found = read(paragraph(run("Paid "), choice) + paragraph(f"<w:r>{box}</w:r>", run("Outside.")))
    assert found.text.split("\n\n") == ["Paid yearly", "Outside.", "In a box."]


CHART = """<c:chartSpace xmlns:c="http://schemas.openxmlformats.org/drawingml/2006/chart"
 xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"><c:chart>
<c:title><c:tx><c:rich><a:p><a:r><a:t>Guests</a:t></a:r></a:p></c:rich></c:tx></c:title><c:plotArea><c:barChart>{}</c:barChart></c:plotArea></c:chart></c:chartSpace>"""
SERIES = """<c:ser><c:tx><c:strRef><c:strCache><c:pt idx="0"><c:v>2025</c:v></c:pt></c:strCache></c:strRef></c:tx>
<c:cat><c:strRef><c:strCache><c:pt idx="0"><c:v>Spring</c:v></c:pt><c:pt idx="1"><c:v>Summer</c:v></c:pt></c:strCache>
</c:strRef></c:cat>
<c:val><c:numRef><c:numCache><c:pt idx="1"><c:v>0.30000000000000004</c:v></c:pt></c:numCache></c:numRef></c:val>
</c:ser>"""


def test_charts_are_tables_or_told() -> None:
    found = read(paragraph(run("See the chart.")), charts__chart1=CHART.format(SERIES))
    assert found.text.endswith("Chart: Guests\n\n|  | 2025 |\n|---|---|\n| Summer | 0.3 |")
    assert found.warnings == ()
    assert (
        "charts without stored values (1)" in read(paragraph(run("See.")), charts__chart1=CHART.format("")).warnings[0]
    )


def test_objects_of_other_programs_are_told() -> None:
    found = read(paragraph(run("See the drawing.")), embeddings__oleObject1="x")
    assert "objects of other programs (1)" in found.warnings[0]


def test_merged_cells_and_signs_of_markdown() -> None:
    cell = "<w:tc>{}<w:p><w:r><w:t>{}</w:t></w:r></w:p></w:tc>"
    wide = '<w:tcPr><w:gridSpan w:val="2"/></w:tcPr>'
    rows = [[(wide, "2025")], [("", "Spring"), ("", "A|B")]]
    table = "".join(f"<w:tr>{''.join(cell.format(*one) for one in row)}</w:tr>" for row in rows)
    found = read(paragraph(run("# 5 of the list")) + f"<w:tbl>{table}</w:tbl>")
    assert found.text == "\\# 5 of the list\n\n| 2025 | 2025 |\n| --- | --- |\n| Spring | A\\|B |"
