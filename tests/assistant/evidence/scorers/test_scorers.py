"""What holds for every scorer: its names, the ends of its scale, and texts that nobody thought of."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.errors import AttuneError
from assistant.evidence import scorers
from assistant.evidence.scorers.catalogue import AUTO
from tests.assistant.evidence.scorers.texts import any_text

NAMES = sorted(scorers.SCORERS)
LIKE = {
    "json_records": '{"a": 1}',
    "numbers": "14 days, 3.5 %",
    "sql": "SELECT a FROM b",
    "code": "def f(x):\n    return x + 1",
}


@pytest.mark.parametrize("name", NAMES)
def test_the_ends_of_the_scale(name):
    text, score = LIKE.get(name, "Refunds take 14 days."), scorers.scorer(name)
    assert score(text, text) == 1
    assert score("zzz qqq", text) == pytest.approx(0.0, abs=0.02)
    assert score("", text) == 0


@pytest.mark.parametrize("name", NAMES)
@settings(deadline=None)  # the machine may be busy
@given(answer=any_text, reference=any_text)
def test_any_two_texts_are_scored_from_0_to_1_and_nothing_is_raised(name, answer, reference):
    found = scorers.scorer(name)(answer, reference)
    assert found is None or 0 <= found <= 1


@pytest.mark.parametrize("name", NAMES)
@settings(deadline=None)  # the machine may be busy
@given(text=any_text)
def test_a_text_is_like_itself(name, text):
    assert scorers.scorer(name)(text, text) in (None, 1)


@pytest.mark.parametrize("name", NAMES)
@settings(deadline=None)  # the machine may be busy
@given(answer=any_text, reference=any_text, data=st.data())
def test_composed_and_decomposed_text_score_the_same(name, answer, reference, data):
    score = scorers.scorer(name)
    answer, reference = (unicodedata.normalize("NFC", text) for text in (answer, reference))
    forms = [unicodedata.normalize(data.draw(st.sampled_from(["NFC", "NFD"])), text) for text in (answer, reference)]
    assert score(*forms) == score(answer, reference)


@pytest.mark.parametrize("name", ["numbers", "token_f1", "rouge_l", "code", "sql"])
@settings(deadline=None)  # the machine may be busy
@given(answer=any_text, reference=any_text)
def test_it_does_not_matter_which_is_which(name, answer, reference):
    score = scorers.scorer(name)
    there, back = score(answer, reference), score(reference, answer)
    assert None in (there, back) or there == pytest.approx(back)


@pytest.mark.parametrize("name", ["chrf", "token_f1", "rouge_l"])
@pytest.mark.parametrize(
    ("answer", "reference"),
    [
        ("👎", "👍"),
        ("?", "!"),
        ("Send it to 👎🏽", "Send it to 👍🏽"),
        ("It is -5 degrees.", "It is 5 degrees."),
        ("दिन का अर्थ", "दीन का अर्थ"),
        ("Use C.", "Use C++."),
        ("मेरी गाड़ी", "मेरे गाड़ा"),
        ("我们明天发货", "我们今天发货"),
        ("ร้านเปิดวันจันทร์", "ร้านปิดวันจันทร์"),
    ],
)
def test_running_text_that_differs_in_a_sign_a_mark_or_a_symbol_is_not_the_same(name, answer, reference):
    assert scorers.scorer(name)(answer, reference) < 1


@pytest.mark.parametrize("name", ["token_f1", "rouge_l"])
@pytest.mark.parametrize(("answer", "reference"), [("我们明天发货", "我们今天发货"), ("ร้านเปิดวันจันทร์", "ร้านปิดวันจันทร์")])
def test_scripts_without_spaces_are_more_than_one_token(name, answer, reference):
    assert 0.5 < scorers.scorer(name)(answer, reference) < 1


@pytest.mark.parametrize("name", ["chrf", "token_f1", "rouge_l", "exact"])
def test_ways_of_drawing_the_same_characters_are_one(name):
    score = scorers.scorer(name)
    assert score("Ｔａｘ\u00a0２０", "Tax 20") == 1
    assert score("ｶﾞｽ", "ガス") == 1
    assert score("a\u200bb ﬁne", "ab fine") == 1


def test_rouge_l_hears_the_order_where_token_f1_does_not():
    assert scorers.scorer("token_f1")("the dog bit the man", "the man bit the dog") == 1
    assert scorers.scorer("rouge_l")("the dog bit the man", "the man bit the dog") == pytest.approx(3 / 5)


def test_names():
    assert scorers.canonical("json_f1") == "json_records"
    assert scorers.scorer("json_f1") is scorers.scorer("json_records")
    with pytest.raises(AttuneError, match="no scorer called 'bleurt'") as caught:
        scorers.scorer("bleurt")
    assert all(name in caught.value.remedy for name in (*scorers.KINDS, AUTO))
    with pytest.raises(AttuneError, match="needs an embedding model"):
        scorers.scorer("similarity")
    assert set(scorers.KINDS) == {*scorers.SCORERS, "similarity"}
