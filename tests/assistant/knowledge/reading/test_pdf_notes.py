"""What is filled into a PDF's form, and comments on its pages, are part of its text."""

from __future__ import annotations

import io

import pytest
from pypdf import PdfReader, PdfWriter
from pypdf.generic import ArrayObject, DictionaryObject, NameObject, NumberObject, TextStringObject

from assistant.knowledge.reading import ingestion
from tests.assistant.material import pdf

Fields = list[dict[str, object]]


def value(found: object) -> object:
    """As pypdf has it: a text that begins with a slash is a name."""
    if isinstance(found, list):
        return ArrayObject(map(value, found))
    if isinstance(found, int):
        return NumberObject(found)
    assert isinstance(found, str)
    return NameObject(found) if found.startswith("/") else TextStringObject(found)


def form(page: str, fields: Fields, **root: object) -> bytes:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf(page))))
    held = ArrayObject()
    for at, field in enumerate(fields):
        place = ArrayObject(map(NumberObject, (200, 690 - 24 * at, 400, 706 - 24 * at)))
        entries = {"/Subtype": "/Widget", "/FT": "/Tx"} | field
        made = DictionaryObject({NameObject(key): value(one) for key, one in entries.items()})
        made[NameObject("/Rect")] = place
        held.append(writer._add_object(made))
    writer.pages[0][NameObject("/Annots")] = held
    entries = {NameObject("/Fields"): held} | {NameObject(f"/{key}"): value(one) for key, one in root.items()}
    writer._root_object[NameObject("/AcroForm")] = DictionaryObject(entries)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def lines(fields: Fields, page: str = "Membership form") -> list[str]:
    found = ingestion.read("a.pdf", form(page, fields), max_mb=1)
    assert found.warnings == ()
    return [line for line in found.text.split("\n") if line.startswith("- ")]


@pytest.mark.parametrize(
    ("field", "line"),
    [
        ({"/T": "fee", "/V": "Eleven euros"}, "- fee: Eleven euros"),
        ({"/T": "f1", "/TU": "Monthly fee", "/V": "Eleven euros"}, "- Monthly fee: Eleven euros"),
        ({"/T": "pets", "/FT": "/Btn", "/V": "/Yes", "/AS": "/Yes"}, "- pets: yes"),
        ({"/T": "size", "/FT": "/Btn", "/V": "/Large", "/AS": "/Large"}, "- size: Large"),
        ({"/T": "paid", "/FT": "/Ch", "/V": "y", "/Opt": [["m", "monthly"], ["y", "yearly"]]}, "- paid: yearly"),
        ({"/T": "days", "/FT": "/Ch", "/V": ["Monday", "Friday"]}, "- days: Monday, Friday"),
        ({"/Subtype": "/Text", "/T": "Ann", "/Contents": "Since May."}, "- Comment of Ann: Since May."),
        ({"/Subtype": "/FreeText", "/Contents": "Not on Sundays."}, "- Comment: Not on Sundays."),
    ],
)
def test_fields_and_comments(field: dict[str, object], line: str) -> None:
    assert lines([field]) == [line]


@pytest.mark.parametrize(
    "field",
    [
        {"/T": "fee"},
        {"/T": "fee", "/V": ""},
        {"/T": "pets", "/FT": "/Btn", "/V": "/Off", "/AS": "/Off"},
        {"/T": "send", "/FT": "/Btn", "/Ff": 1 << 16, "/V": "/Push"},
        {"/T": "password", "/V": "s3cret", "/Ff": 1 << 13},
        {"/Subtype": "/Link", "/Contents": "elsewhere"},
    ],
)
def test_what_says_nothing(field: dict[str, object]) -> None:
    assert lines([field]) == []


def test_a_form_whose_page_is_a_picture_is_not_without_text() -> None:
    assert (
        "- fee: Eleven euros" in ingestion.read("a.pdf", form("", [{"/T": "fee", "/V": "Eleven euros"}]), max_mb=1).text
    )


def test_a_form_for_one_program_and_attachments_are_told() -> None:
    data = form("Please wait...", [], XFA="x")
    assert "is a form that only Adobe's programs show" in ingestion.read("a.pdf", data, max_mb=1).warnings[0]
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf("See what is attached."))))
    writer.add_attachment("fees.xlsx", b"x")
    out = io.BytesIO()
    writer.write(out)
    assert "left out: fees.xlsx" in ingestion.read("a.pdf", out.getvalue(), max_mb=1).warnings[0]


def test_fields_that_lie_in_each_other_without_end() -> None:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(form("Form", [{"/T": "a", "/V": "Nine"}]))))
    field = writer.pages[0]["/Annots"][0]
    field.get_object()[NameObject("/Parent")] = field
    out = io.BytesIO()
    writer.write(out)
    assert "Nine" in ingestion.read("a.pdf", out.getvalue(), max_mb=1).text


def test_the_label_before_a_field_says_what_it_is() -> None:
    fields = [{"/T": "Text1", "/V": "Eleven euros"}, {"/T": "Text2", "/V": "Six weeks"}]
    page = "Membership form\n \nMonthly fee:\nNotice period ____"
    assert lines(fields, page) == ["- Monthly fee: Eleven euros", "- Notice period: Six weeks"]
