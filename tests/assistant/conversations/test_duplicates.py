"""Near-duplicates by question and answer, under a shared instruction, in any script; and contradictions."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.conversations import duplicates, split
from assistant.conversations.labels import Row
from assistant.record.types import Message
from tests.assistant.material import talk

HEAD = (
    "You sort mails that tenants send to the caretaker. Read the mail between the marks and answer with one word: "
    "heating, water, noise or other. Do not explain yourself. If two words fit, take the first of them.\nMail: "
)
MAILS = {
    "The radiator in 4b is cold": "heating",
    "Somebody drills at six in the morning": "noise",
    "The kitchen tap drips": "water",
    "When is the bin collected?": "other",
    "My bathroom floor is wet": "water",
    "The boiler makes 22 degrees, no more": "heating",
    "The boiler makes 12 degrees, no more": "heating",
    "A party upstairs, again": "noise",
    "Who has the key to the cellar?": "other",
    "Brown liquid comes out of the shower": "water",
    "The hall smells of gas": "other",
    "Their dog barks all night": "noise",
}
TALKS = {
    "operators": [
        ("Compute 30 + 5", "35"),
        ("Compute 30 - 5", "25"),
        ("Compute 30 * 5", "150"),
        ("Compute 30 / 5", "6"),
        ("Is 30 > 5 true?", "Yes"),
        ("Is 30 < 5 true?", "No"),
        ("Is 30 >= 5 true?", "Yes"),
        ("Sort a list in C", "With qsort."),
        ("Sort a list in C#", "With List.Sort."),
        ("Sort a list in C++", "With std::sort."),
    ],
    "hindi": [
        ("बल का अर्थ बताओ", "ताकत"),
        ("बाल का अर्थ बताओ", "केश"),
        ("बेल का अर्थ बताओ", "लता"),
        ("बोल का अर्थ बताओ", "शब्द"),
        ("मल का अर्थ बताओ", "गंदगी"),
        ("माल का अर्थ बताओ", "सामान"),
        ("मील का अर्थ बताओ", "दूरी"),
        ("मेल का अर्थ बताओ", "मिलन"),
    ],
    "signs": [(f"The change of share number {n} today was {'-' * (n % 2)}1", str(1 - 2 * (n % 2))) for n in range(8)],
    "order numbers": [(f"Where is my order number {4000 + n}?", "I look into it at once.") for n in range(8)],
}


def conversations(pairs: list[tuple[str, str]]) -> list[list[Message]]:
    return [talk(*pair) for pair in pairs]


def rows(talks: list[list[Message]], source: str = "import", first: int = 1) -> list[Row]:
    return [Row(number, source, messages) for number, messages in enumerate(talks, start=first)]


@pytest.mark.parametrize("name", TALKS)
def test_what_differs_in_a_sign_is_no_duplicate(name: str) -> None:
    found = duplicates.relations(conversations(TALKS[name]))
    assert found.same() == list(range(len(TALKS[name])))
    assert found.contradictions == []


def test_messages_under_one_instruction_are_as_many_conversations() -> None:
    talks = [talk(f"{HEAD}<<{mail}>>", word) for mail, word in MAILS.items()]
    assert duplicates.groups(talks) == list(range(len(MAILS)))
    cut = split.make(rows(talks[4:]), rows(talks[:4], "heldout", 100), 1, 0.2)
    assert (len(cut.test), len(cut.train), cut.dropped) == (4, len(MAILS) - 4, {})
    again = split.make(
        rows([*talks[4:], talk(f"{HEAD}<<the radiator in 4b is COLD!>>", "heating")]), rows(talks[:4]), 1, 0.2
    )
    assert again.dropped == {"too like a held-out conversation": 1}


def test_the_same_answer_in_other_words_is_one_too_many() -> None:
    talks = conversations(
        [
            ("May I bring back a kettle that I have used?", "Yes, within 30 days, and we pay for the parcel."),
            ("may I bring back a kettle that i have used", "Yes, we pay for the parcel if it is within 30 days."),
            ("Is the blue jug made of stoneware or of glass?", "Of stoneware."),
        ]
    )
    assert duplicates.groups(talks) == [0, 0, 2]
    assert duplicates.contradictions(talks) == []


def test_the_same_question_with_another_answer_is_a_contradiction() -> None:
    asked = "May I bring back a kettle that I have used?"
    talks = conversations(
        [
            (asked, "Yes, within 30 days, and we pay for the parcel."),
            ("Is the blue jug made of stoneware or of glass?", "Of stoneware."),
            (asked.lower(), "Yes, within 14 days, and we pay for the parcel."),
            (f"{asked}!", "No, a kettle that was used stays with you."),
            ("什么时候开门？", "上午九点。"),
            ("什么时候开门", "上午十点。"),
        ]
    )
    assert duplicates.contradictions(talks) == [[0, 2, 3], [4, 5]]
    cut = split.make(rows(talks), [], 1, 0.3)
    assert len(cut.items) == len(talks)
    assert sorted(row.conversation for row in cut.contradictions[0]) == [1, 3, 4]
    sides = {item.conversation: item.split for item in cut.items}
    assert len({sides[1], sides[3], sides[4]}) == 1  # and they stay on one side


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 999), st.integers(2, 4), st.integers(0, 3))
def test_copies_are_found_wherever_they_stand(seed: int, copies: int, marks: int) -> None:
    draw = random.Random(seed)
    pairs = list(MAILS.items())
    asked, word = draw.choice(pairs)
    talks = conversations([*pairs, *[(asked.upper() + "!" * marks, word)] * copies])
    draw.shuffle(talks)
    groups = duplicates.groups(talks)
    assert len(set(groups)) == len(pairs)
    assert sorted(groups.count(group) for group in set(groups))[-1] == copies + 1


def test_pairs_that_are_set_apart_join_nothing() -> None:
    talks = conversations(
        [("Is the blue jug glazed on the inside, too?", "Yes."), ("is the blue jug glazed on the inside too", "Yes.")]
    )
    found = duplicates.relations(talks)
    assert found.near(1) == {1}
    assert (found.same({(1, 0)}), found.kin({(1, 0)}), found.near(1, {(1, 0)})) == ([0, 1], [0, 1], set())
