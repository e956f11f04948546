"""Numbers of texts: how they are read, and how two texts' numbers are compared."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.evidence.scorers.quantities import numbers, stated, whole


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("It costs £1,000.50.", ["1000.5"]),
        ("1.234.567,89 €", ["1234567.89"]),
        ("1,234 and 1.234", ["1234", "1.234"]),
        ("12,5 or 0,125 or 1234,5", ["12.5", "0.125", "1234.5"]),
        ("12,34,567 rupees", ["1234567"]),
        ("1'234'567.5", ["1234567.5"]),
        ("12\u202f000\u00a0€", ["12000"]),
        ("in 2024 100 people", ["2024", "100"]),
        ("-5, −7, +3 and $-4, -$6", ["-5", "-7", "3", "-4", "-6"]),
        ("pages 3-5, 3–5", ["3", "5", "3", "5"]),
        ("Total - 5 items", ["5"]),
        ("Use RET30 and B2B", []),
        ("价格100元", ["100"]),
        ("१२३ और ١٢٣", ["123", "123"]),
        ("١٬٢٣٤٫٥", ["1234.5"]),
        ("2½ cups, ¾ full", ["2.5", "0.75"]),
        ("6.02e3 things", ["6020"]),
        ("on 12.05.2024 at 9:30", ["12", "5", "2024", "9", "30"]),
        ("version 1.2.3", ["1", "2", "3"]),
        (".5", ["0.5"]),
        ("-0.0", ["0"]),
        ("9" * 5000, ["9" * 5000]),
        ("none", []),
    ],
)
def test_numbers_as_they_are_read(text, wanted):
    assert [quantity.value for quantity in stated(text)] == wanted


@pytest.mark.parametrize(
    ("answer", "reference", "score"),
    [
        ("The total is 1,200.00 euros.", "1200", 1),
        ("5%", "5", 1),
        ("5 %", "$5", 0),
        ("USD 5", "$5", 1),
        ("5 EUR", "$5", 0),
        ("-5", "5", 0),
        ("3 and 4", "4 and 3", 1),
        ("3", "3 and 4", 2 / 3),
        ("3, 3, 3", "3", 0.5),
        ("none", "3", 0),
        ("3", "none", None),
    ],
)
def test_numbers_are_compared(answer, reference, score):
    assert numbers(answer, reference) == (None if score is None else pytest.approx(score))


@pytest.mark.parametrize("text", ["12 pieces", "007", "1 2", "3-5", "1.2.3", "v2", "", "1e3"])
def test_what_is_no_number_alone(text):
    assert whole(text) is None


@settings(deadline=None)  # the machine may be busy
@given(st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-(10**9), max_value=10**9))
def test_a_number_is_the_same_however_it_is_written(value):
    forms = [
        f"{value:f}",
        f"{value:,f}",
        f"{value:,f}".translate(str.maketrans(",.", ".,")),
        f"{value:,f}".replace(",", "'"),
    ]
    assert all(numbers(form, forms[0]) == 1 for form in forms)
