"""Answers that need no model."""

from __future__ import annotations

from assistant.evidence import proof, sanity
from assistant.evidence.form.frame import learn
from assistant.evidence.likeness import topics
from assistant.evidence.runner import questions
from assistant.evidence.scorers import SCORERS
from assistant.record.types import Item, Score
from tests.assistant.evidence.form.test_frame import ENGLISH, FACTS


def items(split: str, asked: list[str], answered: list[str]) -> list[Item]:
    return [
        Item(n, split, [{"role": "user", "content": q}, {"role": "assistant", "content": a}])
        for n, (q, a) in enumerate(zip(asked, answered, strict=True))
    ]


TRAIN = items("train", [f"Question {n} about {fact}" for n, fact in enumerate(FACTS)], ENGLISH)


def test_the_nearest_answer_is_that_of_the_most_similar_question():
    asked = questions(items("test", ["please, about the towel", "the BUS!"], ["-", "-"]))
    found = sanity.answers(TRAIN, asked, learn(ENGLISH), SCORERS["chrf"]).of(asked)
    assert ["Bring a towel" in found["nearest answer"][0], "The bus stops" in found["nearest answer"][1]] == [True] * 2


def test_constants_are_an_approved_answer_and_the_frame():
    asked = questions(items("test", ["a", "b"], ["-", "-"]))
    found = sanity.answers(TRAIN, asked, learn(ENGLISH), SCORERS["chrf"]).of(asked)
    assert len(set(found["typical answer"])) == 1
    assert found["typical answer"][0] in ENGLISH
    assert found["frame alone"] == ["Good day to you!\nNext:\nYours, Iris"] * 2


def test_the_typical_answer_is_the_one_that_scores_best_everywhere():
    """Of labels the most frequent; nothing that was tested on is looked at."""
    train = items("train", [f"q {n}" for n in range(12)], ["b"] * 7 + ["a"] * 5)
    asked = questions(items("test", ["q"], ["a"]))
    found = sanity.answers(train, asked, learn([]), lambda answer, wanted: float(answer == wanted))
    assert found.constant == {"typical answer": "b"}


def test_a_model_that_answers_a_constant_never_beats_it():
    held = items("test", [f"Held {n} about {fact}" for n, fact in enumerate(FACTS)], ENGLISH[::-1])
    by = proof.measures(TRAIN, "chrf", SCORERS["chrf"])
    constants, sheet = proof.constants(TRAIN, questions(held), by)
    assert sheet.form["typical answer"] == dict.fromkeys(range(20), 1.0)
    assert set(constants) == {"typical answer", "frame alone", "nearest answer"}
    assert max(sheet.facts["frame alone"].values()) == 0


def test_an_answer_that_failed_counts_as_nothing():
    asked = questions(items("test", ["a", "b"], ["yes", "yes"]))
    rows = [Score(0, "v", 0, 0, "yes", 1.0, 1, 1, 0, 0), Score(0, "v", 1, 0, "", None, 0, 0, 0, 0, "timed out")]
    found = proof.sheet(asked, {"v": rows}, proof.measures(TRAIN, "exact", lambda a, b: float(a == b)))
    assert found.score["v"] == {0: 1.0, 1: 0.0}
    assert found.failed["v"] == 0.5


def test_topics_are_texts_about_the_same():
    found = topics(["where is my parcel", "my parcel is late", "opening hours on sunday", "are you open sunday hours"])
    assert found[0] == found[1] != found[2] == found[3]
    assert topics([]) == []
