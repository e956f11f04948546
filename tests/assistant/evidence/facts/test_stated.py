"""Whether answers state the approved numbers and codes, as the evaluation counts it."""

from __future__ import annotations

import pytest

from assistant.evidence.facts.stated import compare, stated, unsupported
from assistant.knowledge.search.words import numbers


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Use RET30 within 30 days.", {"RET30", "30"}),
        ("It costs £3.95, and £1,000 for a 5% share.", {"3.95", "1000", "5%"}),
        ("We close at 5.30 pm or 17:30, before the 20th.", {"5.30", "17:30", "20"}),
        ("1.1 litres, 250ml", {"1.1", "250"}),
        ("No numbers here, only SORRY.", set()),
    ],
)
def test_what_counts_as_a_number(text: str, wanted: set[str]) -> None:
    assert numbers(text) == wanted


def test_all_right_means_none_missing_and_none_more() -> None:
    pairs = [
        ("It is £45.", "Gold Repair costs £45."),
        ("It is £45 or £50.", "Gold Repair costs £45."),
        ("Send it with RET30.", "Within 30 days, with RET30."),
        ("It is free.", "It costs £3."),
        ("It is £3.", "It is free."),  # nothing to find in the approved answer
    ]
    assert compare(pairs) == {"answers_with_numbers": 4, "all_right": 1, "recall": 0.6, "precision": 0.75}
    assert compare([("1", "one")]) == {"answers_with_numbers": 0, "all_right": 0, "recall": None, "precision": None}


def test_names_are_words_that_begin_large_inside_a_sentence() -> None:
    assert stated("Hello. We sent it to Anna Keller with parcel 7. Please wait.") == {"anna", "keller", "7"}
    assert stated("Вчера мы отправили письмо Марии") == {"марии"}
    assert stated("The kettle\nNext we wait") == frozenset()


def test_a_number_from_nowhere_is_unsupported() -> None:
    sources = numbers("The kettle costs £45. Return it within 30 days.")
    assert unsupported("It costs £45, for 30 days.", sources) == frozenset()
    assert unsupported("It costs £54, for 30 days.", sources) == {"54"}
