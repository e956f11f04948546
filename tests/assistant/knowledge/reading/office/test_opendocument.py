"""OpenDocument texts, spreadsheets and presentations are read with their structure, and what is lost is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from assistant.errors import AttuneError
from assistant.knowledge.reading import ingestion
from assistant.knowledge.reading.text import Read
from tests.assistant.knowledge.office_files import zipped
from tests.assistant.material import new_case

SPACES = " ".join(
    f'xmlns:{short}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
    for short, name in (
        ("office", "office"),
        ("text", "text"),
        ("table", "table"),
        ("draw", "drawing"),
        ("presentation", "presentation"),
        ("svg", "svg-compatible"),
        ("form", "form"),
        ("style", "style"),
        ("chart", "chart"),
    )
)
SPACES += ' xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:dc="http://purl.org/dc/elements/1.1/"'
ENDINGS = {"text": "odt", "spreadsheet": "ods", "presentation": "odp"}


def content(kind: str, body: str) -> str:
    inner = f"<office:body><office:{kind}>{body}</office:{kind}></office:body>"
    return f"<office:document-content {SPACES}>{inner}</office:document-content>"


def packed(kind: str, body: str, **parts: str) -> bytes:
    files = {"mimetype": f"application/vnd.oasis.opendocument.{kind}", "content.xml": content(kind, body)}
    return zipped(files | {name.replace("__", "/") + ".xml": xml for name, xml in parts.items()})


def read(kind: str, body: str, **parts: str) -> Read:
    return ingestion.read(f"a.{ENDINGS[kind]}", packed(kind, body, **parts), max_mb=1)


def test_a_text() -> None:
    header = "<style:header><text:p>Valid in 2026, all boats</text:p></style:header>"
    masters = f"<office:master-styles><style:master-page>{header}</style:master-page></office:master-styles>"
    found = read(
        "text",
        "<text:tracked-changes><text:p>Old.</text:p></text:tracked-changes>"
        '<text:p text:style-name="Title">Boats</text:p>'
        '<text:h text:outline-level="2">Hire &amp; return</text:h><text:p>A boat<text:s text:c="2"/>costs '
        "<text:span>nine</text:span> euros.<text:note><text:note-citation>1</text:note-citation>"
        "<text:note-body><text:p>A day.</text:p></text:note-body></text:note>"
        "<office:annotation><dc:creator>Ann</dc:creator><text:p>Since May.</text:p></office:annotation></text:p>"
        "<text:list><text:list-item><text:p>one</text:p></text:list-item><text:list-item><text:p>two</text:p></text:list-item></text:list>",
        styles=f"<office:document-styles {SPACES}>{masters}</office:document-styles>",
    )
    assert (found.kind, found.warnings) == ("odt", ())
    assert found.text == (
        "# Boats\n\n## Hire & return\n\nA boat costs nine euros. (A day.)\n\n- one\n- two\n\n"
        "Page header: Valid in 2026, all boats\n\nComments:\n\n- Ann: Since May."
    )


CELL = "<table:table-cell{}>{}</table:table-cell>"


def row(*cells: str) -> str:
    return f"<table:table-row>{''.join(cells)}</table:table-row>"


def held(text: str, attributes: str = "") -> str:
    return CELL.format(attributes, f"<text:p>{text}</text:p>" if text else "")


COVERED = "<table:covered-table-cell/>"


def test_tables_of_a_text_have_their_merged_cells_filled() -> None:
    table = row(held("Boat"), held("Price")) + row(held("Canoe", ' table:number-rows-spanned="2"'), held("5"))
    table += row(COVERED, held("6"))
    found = read("text", f"<table:table>{table}</table:table>")
    assert found.text == "| Boat | Price |\n| --- | --- |\n| Canoe | 5 |\n| Canoe | 6 |"


def test_a_spreadsheet() -> None:
    share = ' office:value-type="percentage" office:value="0.15"'
    rows = row(
        held("Prices of boats", ' table:number-columns-spanned="3"'),
        COVERED.replace("/>", ' table:number-columns-repeated="2"/>'),
    )
    rows += row(held("Boat"), held("Price"), held("Share"))
    rows += row(held("Canoe", ' table:number-rows-spanned="2"'), held("5 EUR"), CELL.format(share, ""))
    rows += row(COVERED, held("6 EUR"), held("", ' table:formula="of:=A1"'))
    rows += row(held("Raft", ' table:number-columns-repeated="2"'), held("", ' table:number-columns-repeated="16000"'))
    blank = '<table:table-cell table:number-columns-repeated="16384"/>'
    rows += f'<table:table-row table:number-rows-repeated="1048570">{blank}</table:table-row>'
    note = CELL.format("", "<office:annotation><text:p>Per day.</text:p></office:annotation><text:p>more</text:p>")
    found = read("spreadsheet", f'<table:table table:name="Boats">{rows}{row(note)}</table:table>')
    assert (found.kind, found.pages) == ("ods", 1)
    assert found.text.startswith(
        "# Boats\n\nPrices of boats\n\n| Boat | Price | Share |\n|---|---|---|\n| Canoe | 5 EUR | 15% |\n"
        "| Canoe | 6 EUR |\n| Raft | Raft |\n\nmore"
    )
    assert "Comments:\n\n- A1048576: Per day." in found.text
    assert "1 formulas without a stored result, which are left empty: C4" in found.warnings[0]


def test_a_spreadsheet_of_formulas_alone() -> None:
    with pytest.raises(AttuneError, match="holds formulas without results"):
        read("spreadsheet", "<table:table>" + row(held("", ' table:formula="of:=1"')) + "</table:table>")


MATH = '<math xmlns="http://www.w3.org/1998/Math/MathML"><semantics><mfrac><mi>rent</mi><mn>30</mn></mfrac>{}</semantics></math>'


@pytest.mark.parametrize(
    ("typed", "text"),
    [('<annotation encoding="StarMath 5.0">{rent} over {30}</annotation>', "{rent} over {30}"), ("", "rent/30")],
)
def test_equations_are_text(typed: str, text: str) -> None:
    frame = '<text:p>It is <draw:frame><draw:object xlink:href="./Object 1"/></draw:frame> a day.</text:p>'
    found = read("text", frame, **{"Object 1__content": MATH.format(typed)})
    assert " ".join(found.text.split()) == f"It is {text} a day."


def test_charts_are_tables_and_other_objects_are_told() -> None:
    values = f"<table:table>{row(held(''), held('Guests'))}{row(held('Spring'), held('310'))}</table:table>"
    chart = content(
        "chart", f"<chart:chart><chart:title><text:p>By season</text:p></chart:title>{values}</chart:chart>"
    )
    frames = "".join(
        f'<text:p>See.<draw:frame><draw:object xlink:href="./Object {n}"/></draw:frame></text:p>' for n in (1, 2)
    )
    found = read("text", frames, **{"Object 1__content": chart})
    assert "Chart: By season" in found.text
    assert "| Spring | 310 |" in found.text
    assert "objects of other programs (1)" in found.warnings[0]


def test_a_presentation() -> None:
    text = "<draw:frame{}><draw:text-box><text:p>{}</text:p></draw:text-box></draw:frame>"
    notes = f"<presentation:notes>{text.format('', 'Say it slowly.')}</presentation:notes>"
    page = "<draw:page>{}</draw:page>"
    first = page.format(text.format(' presentation:class="title"', "Boats") + text.format("", "Nine euros.") + notes)
    found = read("presentation", first + page.format(text.format("", "The end.")))
    assert (found.kind, found.pages) == ("odp", 2)
    assert found.text == "## Boats\n\nNine euros.\n\nSay it slowly.\n\n## Slide 2\n\nThe end."


def test_fields_of_forms_are_kept() -> None:
    field = '<form:text form:name="Fee" form:current-value="Eleven euros"/>'
    form = f"<office:forms><form:form>{field}</form:form></office:forms>"
    assert "Fee: Eleven euros" in read("text", f"{form}<text:p>Form</text:p>").text


def test_a_flat_one_and_templates() -> None:
    body = "<office:body><office:text><text:p>Nine euros.</text:p></office:text></office:body>"
    flat = f'<?xml version="1.0"?><office:document {SPACES}>{body}</office:document>'
    assert ingestion.read("a.fodt", flat.encode(), max_mb=1).text == "Nine euros."
    template = zipped(
        {
            "mimetype": "application/vnd.oasis.opendocument.text-template",
            "content.xml": content("text", "<text:p>Hi.</text:p>"),
        }
    )
    assert ingestion.read("a.ott", template, max_mb=1).text == "Hi."


def test_a_locked_one_a_damaged_one_and_one_that_defines_entities() -> None:
    locked = packed("text", "", **{"META-INF__manifest": "<m><encryption-data/></m>"})
    bomb = '<!DOCTYPE x [<!ENTITY a "b">]>' + content("text", "<text:p>&a;</text:p>")
    files = {"mimetype": "application/vnd.oasis.opendocument.text"}
    for data, said in (
        (locked, "locked"),
        (zipped(files), "damaged"),
        (zipped(files | {"content.xml": bomb}), "entities"),
    ):
        with pytest.raises(AttuneError, match=said):
            ingestion.read("a.odt", data, max_mb=1)


def test_two_of_them_do_not_replace_each_other(tmp_path: Path) -> None:
    made, store = new_case(tmp_path)
    uploads = []
    for n in (1, 2):
        (tmp_path / f"{n}.odt").write_bytes(packed("text", f"<text:p>Number {n}.</text:p>"))
        uploads.append(ingestion.IncomingFile(f"{n}.odt", tmp_path / f"{n}.odt"))
    found = ingestion.add_all(store, made, "plants", uploads)
    assert [(one.name, one.state) for one in found] == [("1.odt", "added"), ("2.odt", "added")]
    assert [document.text for document in store.documents("plants")] == ["Number 1.", "Number 2."]
