"""What topics are called."""

from __future__ import annotations

from assistant.evidence.answers.topics import OTHER, named


def test_a_topic_is_named_by_what_sets_it_apart() -> None:
    said = {1: "Where is my parcel?", 2: "My parcel is late.", 3: "A refund for the pot?", 4: "Refund my pot.", 5: "Hi"}
    names = named(said, {1: 7, 2: 7, 3: 8, 4: 8, 5: 9})
    assert names[1] == names[2] != names[3] == names[4]
    assert "parcel" in names[1]
    assert "refund" in names[3]
    assert names[5] == OTHER


def test_a_name_is_written_as_people_write_it_in_any_script() -> None:
    names = named({1: "Где моя посылка?", 2: "Моя посылка опоздала.", 3: "Возврат денег"}, {1: 1, 2: 1, 3: 2})
    assert "посылка" in names[1]


def test_where_no_two_are_alike_nothing_has_a_name() -> None:
    assert set(named({1: "a parcel", 2: "a refund"}, {1: 1, 2: 2}).values()) == {""}
    assert named({}, {}) == {}
