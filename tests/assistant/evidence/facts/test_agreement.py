"""How much of the approved answer an answer says too."""

from __future__ import annotations

from assistant.evidence.facts.agreement import learn
from assistant.evidence.form import frame
from tests.assistant.evidence.form.test_frame import DOES, ENGLISH, FACTS

MEASURE = learn(ENGLISH, frame.learn(ENGLISH))


def test_the_frame_says_nothing():
    wanted = ENGLISH[7]
    assert MEASURE.score(wanted, wanted) == 1
    assert MEASURE.score("Good day to you!\nNext:\nYours, Iris", wanted) == 0
    assert MEASURE.score(f"{FACTS[7]}. It is 7 steps. {DOES[7]} 77.", wanted) == 1  # what it says, without the frame


def test_a_wrong_number_counts():
    wanted = "Good day to you! The deposit is 40 pounds.\nNext: pay.\nYours, Iris"
    right, wrong = (MEASURE.score(wanted.replace("40", number), wanted) for number in ("40", "14"))
    assert right == 1
    assert wrong < 0.6


def test_rare_words_count_more_than_those_of_every_answer():
    wanted = "The steps are by the harbour"
    assert MEASURE.score("harbour", wanted) > MEASURE.score("steps", wanted)
