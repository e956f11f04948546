"""The frame that approved answers share: found where there is one, and only there."""

from __future__ import annotations

import json

import pytest

from assistant.evidence.form.frame import Frame, learn

FACTS = """\
Tea is in the shed|We close at five|Bring a towel|The bus stops here|Ask Pavel about it|Gloves hang by the door
Rain stops play|Your locker has a red lid|Mondays are quiet|Dogs stay outside|Lights go out late|Nobody needs a ticket
Boots dry upstairs|Soup comes with bread|It was sold in May|Two keys are missing|Her desk faces north|Paint it twice
Children swim free|Sunday lunch is cold""".replace("\n", "|").split("|")
DOES = "ring wait look ask turn go bring sit stay read".split()
ENGLISH = [
    f"Good day to you! {fact}. It is {n} steps.\nNext: {DOES[n % 10]} {n}{n}.\nYours, Iris"
    for n, fact in enumerate(FACTS)
]


def sentences(answers: list[str]) -> list[str]:
    return [part.sentence for part in learn(answers).parts]


def test_opening_line_and_closing_are_found():
    assert sentences(ENGLISH) == [
        "opens with 'Good day to you!'",
        "has a line that begins with 'Next:'",
        "ends with 'Yours, Iris'",
        "has 3 lines",
    ]


def test_an_answer_keeps_all_of_it_or_does_not():
    frame = learn(ENGLISH)
    assert frame.keeps("good day to you!  Anything.\nNext: go.\nYours,  Iris")
    assert not frame.keeps("Good day to you! Anything.\nYours, Iris")
    assert not frame.keeps("")
    assert not frame.keeps(ENGLISH[0].replace("\nNext", "\nOh, and more.\nNext"))
    assert frame.kept("Good day to you! Yours, Iris")["has a line that begins with 'Next:'"] is False


def test_what_it_says_is_the_rest():
    frame = learn(ENGLISH)
    assert frame.body(ENGLISH[0]) == "Tea is in the shed. It is 0 steps.\nring 00."
    assert frame.bare() == "Good day to you!\nNext:\nYours, Iris"


def test_several_openings_are_one_part():
    answers = [("Of course. " if n % 3 else "Hello from us! ") + fact for n, fact in enumerate(FACTS)]
    assert sentences(answers) == ["opens with 'Of course.' or 'Hello from us!'"]


def test_a_place_for_a_name_ends_the_phrase():
    names = "Ana Bo Cy Di Ed Flo Gus Hal Ida Jo".split()
    answers = [f"The choir to {name}.\n{FACTS[n]}.\nSing well" for n, name in enumerate(names)]
    assert sentences(answers) == ["opens with 'The choir to'", "ends with 'Sing well'", "has 3 lines"]


def test_plain_answers_share_nothing():
    assert not learn(FACTS)
    assert not learn([f"{('You', 'We', 'The')[n % 3]} {DOES[n % 10]} {fact}" for n, fact in enumerate(FACTS)])
    assert not learn(ENGLISH[:4])  # too few to tell


def test_what_a_third_leaves_out_is_no_frame():
    assert not learn([text if n % 3 else FACTS[n] for n, text in enumerate(ENGLISH)])


@pytest.mark.parametrize(
    ("opening", "closing"),
    [
        ("您好！", "祝好，小店"),
        ("नमस्ते!", "धन्यवाद, मीरा"),
        ("مرحبا بك!", "مع التحية، ليلى"),
        ("Bună ziua!", "Cu drag, Ioana"),
    ],
)
def test_in_any_script(opening: str, closing: str):
    answers = [f"{opening} {n} {fact}\n{closing}" for n, fact in enumerate(FACTS)]
    frame = learn(answers)
    assert all(map(frame.keeps, answers))
    assert not frame.keeps(FACTS[0])
    assert FACTS[0] in frame.body(answers[0])
    assert closing not in frame.body(answers[0])


def test_json_answers_share_keys():
    answers = [
        json.dumps({"item": fact, "count": n, **({"note": "x"} if n % 2 else {})}) for n, fact in enumerate(FACTS)
    ]
    frame = learn(answers)
    assert [part.sentence for part in frame.parts] == ["is JSON with 'item', 'count'"]
    assert frame.keeps('{"count": 1, "item": "tea"}')
    assert not frame.keeps('{"count": 1}')
    assert not frame.keeps("item and count")
    assert json.loads(frame.bare()) == {"item": None, "count": None}


def test_labels_are_a_choice():
    frame = learn(["billing", "delivery", "billing", "other"] * 4)
    assert [part.sentence for part in frame.parts] == ["is one of 'billing', 'delivery', 'other'"]
    assert frame.keeps("Billing")
    assert not frame.keeps("billing problems")


def test_it_survives_the_record():
    frame = learn(ENGLISH)
    assert Frame.from_json(json.loads(json.dumps(frame.to_json()))) == frame
