"""Which variant answers a conversation: its share, always the same one, and what is left after undo and return."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pytest

from assistant.errors import AttuneError
from assistant.record.traffic.switches import Switch
from assistant.traffic import history, reasons

TALKS = [str(number) for number in range(4000)]


def rows(*made: tuple[str, str, int]) -> list[Switch]:
    """Switches in this order: kind, variant, share."""
    return [
        Switch(number, "shop", variant, kind, "", "user", 0, f"t{number}", share)
        for number, (kind, variant, share) in enumerate(made, start=1)
    ]


def shares(*made: tuple[str, str, int]) -> dict[str | None, float]:
    stack = history.standing(rows(*made))
    found = Counter(history.chosen(stack, "shop", talk) for talk in TALKS)
    return {variant: 100 * count / len(TALKS) for variant, count in found.items()}


OLD, NEW = ("switch", "old", 100), ("switch", "new", 10)


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        ([OLD, NEW], {"new": 10, "old": 90}),
        ([OLD, ("switch", "new", 100)], {"new": 100}),
        ([NEW], {"new": 10, None: 90}),
        ([OLD, NEW, ("switch", "newer", 20)], {"newer": 20, "new": 8, "old": 72}),
        ([OLD, NEW, ("switch", "new", 50)], {"new": 50, "old": 50}),
        ([OLD, NEW, ("switch", "new", 50), ("undo", "new", 10)], {"new": 10, "old": 90}),
        ([OLD, NEW, ("undo", "old", 100)], {"old": 100}),
        ([OLD, NEW, ("switch", "new", 50), ("return", "old", 100)], {"old": 100}),
    ],
)
def test_each_variant_has_its_share(made: Sequence[tuple[str, str, int]], expected: dict[str | None, int]) -> None:
    found = shares(*made)
    assert set(found) == set(expected)
    for variant, share in expected.items():
        assert abs(found[variant] - share) < 2.5, variant  # five standard errors of 4,000 conversations


def test_a_conversation_is_answered_by_one_variant_also_when_the_share_is_raised() -> None:
    before = history.standing(rows(OLD, NEW))
    after = history.standing(rows(OLD, NEW, ("switch", "new", 40)))
    had = {talk for talk in TALKS if history.chosen(before, "shop", talk) == "new"}
    has = {talk for talk in TALKS if history.chosen(after, "shop", talk) == "new"}
    assert had
    assert had < has


def test_another_try_and_another_case_take_other_conversations() -> None:
    def taken(stack: list[history.Standing], case: str) -> set[str]:
        return {talk for talk in TALKS if history.chosen(stack, case, talk) == "new"}

    first = history.standing(rows(OLD, NEW))
    again = history.standing(rows(OLD, NEW, ("undo", "old", 100), NEW))
    assert len(taken(first, "shop") & taken(again, "shop")) < len(taken(first, "shop")) / 2
    assert taken(first, "shop") != taken(first, "other")


def test_who_asks_tells_a_conversation_apart_before_how_it_begins() -> None:
    assert history.told_apart("Hello", "ada") == history.told_apart("Where is it?", "ada")
    assert history.told_apart("Hello") != history.told_apart("Where is it?")
    assert history.told_apart("ada") != history.told_apart("", "ada")


@pytest.mark.parametrize(
    "reason",
    ["to see it answer", "客户想要更短的回答", "ลูกค้าอยากได้คำตอบที่สั้นกว่า", "le ton est meilleur", "  two\nlines here "],
)
def test_a_reason_has_a_few_words_in_any_script(reason: str) -> None:
    assert reasons.checked(reason) == " ".join(reason.split())


@pytest.mark.parametrize("reason", ["", "   ", "because", "ok ok ok", "... --- ...", "1 2 3", "好的"])
def test_less_is_no_reason(reason: str) -> None:
    with pytest.raises(AttuneError, match="at least three words"):
        reasons.checked(reason)
