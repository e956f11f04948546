"""The leak table holds: what was made from a held-out row reaches nothing, and what was not is kept."""

from __future__ import annotations

import pytest

from tests.bench import leaks

KINDS = 8


def test_at_most_one_planted_row_gets_through() -> None:
    found = leaks.measure()
    assert found["planted"] == 31
    assert len(found["kinds"]) == KINDS
    for where in ("training", "examples", "training alone"):
        assert len([one for one in found["reached"] if one["where"] == where]) <= 1, found["reached"]


@pytest.mark.parametrize("name", leaks.SETS)
def test_fewer_than_two_in_a_hundred_rows_are_taken_for_leaks(name: str) -> None:
    counts = leaks.false_alarms(name)
    assert counts["left_out"] < 0.02 * counts["rows"]
    assert counts["no_example"] < 0.02 * counts["rows"]


def test_the_planted_rows_are_what_they_say() -> None:
    rows = leaks.planted()
    for name in ("teashop", "library"):
        train, held = leaks.talks(name)
        mine = [row for row in rows if row["case"] == name]
        assert len(mine) >= 15
        assert all(row["messages"] not in [*train, *held] for row in mine)
        copied = [row for row in mine if row["kind"] == "answer to another question"]
        assert all(row["messages"][1]["content"] == held[row["of"]][1]["content"] for row in copied)
