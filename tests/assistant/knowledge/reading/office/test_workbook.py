"""A workbook's text is what Excel shows; what was never calculated is told."""

from __future__ import annotations

import io
from datetime import date, time

import pytest
from openpyxl import Workbook
from openpyxl.comments import Comment
from openpyxl.worksheet.worksheet import Worksheet

from assistant.errors import AttuneError
from assistant.knowledge.reading import ingestion
from assistant.knowledge.reading.text import Read
from tests.assistant.knowledge.office_files import zipped_with


def sheet() -> tuple[Workbook, Worksheet]:
    book = Workbook()
    assert isinstance(book.active, Worksheet)
    book.active.title = "Rates"
    return book, book.active


def saved(book: Workbook) -> bytes:
    held = io.BytesIO()
    book.save(held)
    return held.getvalue()


def read(book: Workbook) -> Read:
    return ingestion.read("a.xlsx", saved(book), max_mb=1)


def test_formulas_without_a_stored_result_are_told() -> None:
    book, rates = sheet()
    for row in (["Tour", "Net", "Gross"], ["Lagoon", 100, "=B2*1.2"], ["Castle", 50, "=B3*1.2"]):
        rates.append(row)
    found = read(book)
    assert "| Lagoon | 100 |" in found.text
    assert len(found.warnings) == 1
    assert "2 formulas without a stored result, which are left empty: C2, C3." in found.warnings[0]


def test_a_sheet_of_formulas_alone_is_not_without_words() -> None:
    book, rates = sheet()
    rates.append(['="Question"', '="Answer"'])
    with pytest.raises(AttuneError, match="holds formulas without results") as caught:
        read(book)
    assert "save it" in caught.value.remedy


def test_stored_results_are_read_and_an_empty_one_is_a_result() -> None:
    book, rates = sheet()
    for row in (["Tour", "Net", "Note"], ["Lagoon", "=50+50", '=""']):
        rates.append(row)
    part = "xl/worksheets/sheet1.xml"
    data = zipped_with(saved(book), part, "<f>50+50</f><v></v>", "<f>50+50</f><v>100</v>")
    data = zipped_with(data, part, '<c r="C2"><f>""</f><v></v>', '<c r="C2" t="str"><f>""</f><v></v>')
    found = ingestion.read("a.xlsx", data, max_mb=1)
    assert found.text.endswith("| Lagoon | 100 |")
    assert found.warnings == ()


def test_cells_are_shown_by_their_formats() -> None:
    book, rates = sheet()
    rates.append(["Share", "Price", "From", "At", "Code"])
    rates.append([0.15, 8.5, date(2024, 3, 9), time(9, 30), 1234])
    for place, number_format in zip("ABCDE", ("0%", '0.00" EUR"', "dd.mm.yyyy", "h:mm", "00000"), strict=True):
        rates[f"{place}2"].number_format = number_format
    assert read(book).text.endswith("| 15% | 8.50 EUR | 09.03.2024 | 9:30 | 01234 |")


def test_merged_cells_stand_in_each_of_their_places() -> None:
    book, rates = sheet()
    for row in (["Kind", "Tea", "Price"], ["Green", "Sencha", 8], [None, "Matcha", 20], ["Black", "Assam", 7]):
        rates.append(row)
    rates.merge_cells("A2:A3")
    assert read(book).text.endswith("| Green | Sencha | 8 |\n| Green | Matcha | 20 |\n| Black | Assam | 7 |")


def test_a_title_over_the_table_is_no_head_and_a_head_of_two_rows_is_one() -> None:
    book, rates = sheet()
    for row in (
        ["Prices of tea"],
        ["Tea", 2025, None, 2026],
        [None, "Bag", "Tin", "Bag", "Tin"],
        ["Assam", 5, 7, 6, 8],
    ):
        rates.append(row)
    for merged in ("A1:E1", "A2:A3", "B2:C2", "D2:E2"):
        rates.merge_cells(merged)
    rates["D2"].value = 2026
    table = "| Tea | 2025 Bag | 2025 Tin | 2026 Bag | 2026 Tin |\n|---|---|---|---|---|\n| Assam | 5 | 7 | 6 | 8 |"
    assert read(book).text == f"# Rates\n\nPrices of tea\n\n{table}"


def test_comments_on_cells_are_kept() -> None:
    book, rates = sheet()
    rates.append(["Tea", "Price"])
    rates.append(["Sencha", 8])
    rates["B2"].comment = Comment("Members pay 7.", "Ann")
    assert "Comments:\n\n- B2: Members pay 7." in read(book).text


def test_a_merged_cell_as_large_as_the_sheet_costs_little() -> None:
    book, rates = sheet()
    rates.append(["Tea", "Price"])
    rates.append(["Sencha", 8])
    data = zipped_with(
        saved(book),
        "xl/worksheets/sheet1.xml",
        "</sheetData>",
        '</sheetData><mergeCells count="1"><mergeCell ref="D1:XFD1048576"/></mergeCells>',
    )
    assert "| Sencha | 8 |" in ingestion.read("a.xlsx", data, max_mb=1).text
