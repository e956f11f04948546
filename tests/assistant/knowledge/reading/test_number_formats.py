"""Values as Excel shows them. The expected texts are those of Excel's own documentation of its formats."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import pytest

from assistant.knowledge.reading.office.number_formats import shown
from assistant.knowledge.reading.tables import cell

DAY = datetime(2024, 3, 9, 14, 5, 7)


@pytest.mark.parametrize(
    ("value", "number_format", "text"),
    [
        (0.15, "0%", "15%"),
        (0.155, "0%", "16%"),
        (0.155, "0.0%", "15.5%"),
        (0.15, "0 %", "15 %"),
        (-0.15, "0%", "-15%"),
        (1234.5, "#,##0.00", "1,234.50"),
        (1234.5, "0", "1235"),
        (8.9, "0.00", "8.90"),
        (8.9, "0.##", "8.9"),
        (8.0, "0.00", "8.00"),
        (0.5, "#.00", ".50"),
        (1234, "00000", "01234"),
        (12200000, "0.0,,", "12.2"),
        (5, '0.00" EUR"', "5.00 EUR"),
        (5, "[$€-407] #,##0.00", "€ 5.00"),
        (5, '#,##0.00\\ "€"', "5.00 €"),
        (-1234, "#,##0 ;[Red](#,##0)", "(1,234)"),
        (0, '0;-0;"none"', "none"),
        (5, "$#,##0_);($#,##0)", "$5"),
        (123456789, "000-00-0000", "123-45-6789"),
        (5551234, "000\\-0000", "555-1234"),
        (0.1 + 0.2, "General", "0.3"),
        (1 / 3, "General", "0.3333333333"),
        (8.0, "General", "8"),
        (1500000, "General", "1500000"),
        (0.25, "# ?/?", "0.25"),
        (12345, "0.00E+00", "12345"),
        (5, '[<10]"low";0', "5"),
        (True, "General", "TRUE"),
        ("text", "@", "text"),
        (DAY, "yyyy-mm-dd", "2024-03-09"),
        (DAY, "d.m.yy", "9.3.24"),
        (DAY, "dd/mm/yyyy hh:mm", "09/03/2024 14:05"),
        (DAY, "h:mm AM/PM", "2:05 PM"),
        (DAY, "mm:ss", "05:07"),
        (DAY, "d mmmm yyyy", "9 March 2024"),
        (DAY, "dddd, mmm d", "Saturday, Mar 9"),
        (DAY, "[$-409]d mmm yyyy", "9 Mar 2024"),
        (DAY, "[$-407]d. mmmm yyyy", "2024-03-09 14:05:07"),
        (datetime(2024, 3, 9), "mm-dd-yy", "2024-03-09"),
        (date(2024, 3, 9), "[$-F800]dddd, mmmm dd, yyyy", "2024-03-09"),
        (time(9, 30), "h:mm", "9:30"),
        (time(14, 0), "hh:mm:ss", "14:00:00"),
        (timedelta(hours=26, minutes=30), "[h]:mm", "26:30"),
        (timedelta(minutes=90, seconds=5), "[mm]:ss", "90:05"),
    ],
)
def test_a_value_is_what_excel_shows(value: object, number_format: str, text: str) -> None:
    assert cell(shown(value, number_format)) == text
