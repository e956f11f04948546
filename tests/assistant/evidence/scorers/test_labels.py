"""Labels: what makes two of them different stays, what makes none goes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.evidence.scorers.labels import exact, labels
from tests.assistant.evidence.scorers import texts


@pytest.mark.parametrize(
    ("answer", "reference"),
    [
        ("1", "-1"),
        ("-1", "+1"),
        ("+", "-"),
        ("👍", "👎"),
        ("👍🏽", "👎🏽"),
        ("👍🏽", "👍🏿"),
        ("👨‍👩‍👧", "👨‍👩‍👦"),
        ("🇩🇪", "🇫🇷"),
        ("C", "C++"),
        ("C++", "C#"),
        (">", "<"),
        (">=", ">"),
        ("!", "?"),
        (",", ";"),
        (":)", ":("),
        (";)", ")"),
        (".", "..."),
        ("★★", "★★★"),
        ("5%", "5"),
        ("$5", "€5"),
        ("007", "7"),
        ("x²", "x2"),
        ("", "n/a"),
        ("[ ]", "[x]"),
        ("sik", "sık"),
        ("दिन", "दीन"),
        ("का", "की"),
        ("не", "нё"),
        ("refund request", "refund"),
        ("1,5", "5,1"),
        ("A−", "A+"),
    ],
)
def test_labels_that_differ(answer, reference):
    assert exact(answer, reference) == 0


@pytest.mark.parametrize(
    ("answer", "reference"),
    [
        (" Refund. ", "refund"),
        ('"refund"', "Refund"),
        ("**Refund**.", "refund"),
        ("`refund`", "refund"),
        ("«Refund»", "refund"),
        ("„refund“", "refund"),
        ("「退款」。", "退款"),
        ("是。", "是"),
        ("いいえ。", "いいえ"),
        ("हाँ।", "हाँ"),
        ("नहीं॥", "नहीं"),
        ("ہاں۔", "ہاں"),
        ('"-"', "-"),
        ("−1", "-1"),
        ("－１", "-1"),
        ("1.0", "1"),
        ("+1", "1"),
        ("१", "1"),
        ("٣٫٥", "3.5"),
        ("1,000", "1000"),
        ("0,5", "0.5"),
        ("5 %", "5%"),
        ("Ⅳ", "IV"),
        ("ＯＫ", "ok"),
        ("STRASSE", "Straße"),
        ("İYİ", "iyi"),
        ("IŞIK", "ışık"),
        ("مـــرحبا", "مرحبا"),
        ("❤️", "❤"),
        ("don’t know", "don't know"),
        ("well–known", "well-known"),
        ("n/a", "N/A"),
        ("", " "),
    ],
)
def test_labels_that_are_the_same(answer, reference):
    assert exact(answer, reference) == 1


@pytest.mark.parametrize(
    ("answer", "reference", "score"),
    [
        ("a, b", "b; a", 1),
        ('["a", "b"]', "b\na", 1),
        ("['a', 'b']", "a, b", 1),
        ("- a\n- b", "a, b", 1),
        ("1. a\n2. b", "b, a", 1),
        ("a、b", "a, b", 1),
        ("خ، ع", "ع, خ", 1),
        ("1, 2", "2,1", 1),
        ("1,2,3", "3, 2, 1", 1),
        ("[1, 2.0]", "2, 1", 1),
        ("👍, 👎", "👎, 👍", 1),
        ("+, -", "-, +", 1),
        ("a", "a, b", 2 / 3),
        ("a, c", "a, b", 0.5),
        ("a, b", "a", 1 / 2),  # both labels of two are no more than a guess
        ("a, b, c, d", "a", 1 / 4),
        ("[]", "a", 0),
        ('["new, used"]', "new, used", 0),
    ],
)
def test_several_labels_are_compared_as_a_set(answer, reference, score):
    assert exact(answer, reference) == pytest.approx(score)


def test_a_sentence_with_commas_is_one_label():
    sentence = "No, we only ship within the country at the moment, and not on Sundays"
    assert labels(sentence) == [sentence.lower()]
    assert exact(sentence.replace("Sundays", "Mondays"), sentence) == 0


@settings(deadline=None)  # the machine may be busy
@given(st.lists(texts.labels, min_size=1, max_size=5), st.randoms())
def test_the_order_of_labels_does_not_matter(found, shuffle):
    moved = list(found)
    shuffle.shuffle(moved)
    assert exact("; ".join(moved), "; ".join(found)) == 1


def test_a_constant_answer_to_signed_labels_scores_a_half():
    approved = ["-1", "1"] * 20
    assert sum(exact("1", wanted) for wanted in approved) / 40 == 0.5
    assert sum(exact("1, -1", wanted) for wanted in approved) / 40 == 0.5
    assert sum(exact("👍", "👎") for _ in range(40)) == 0


@settings(deadline=None)  # the machine may be busy
@given(texts.any_text, texts.any_text)
def test_only_the_same_labels_score_1_whichever_is_which(one, other):
    assert (exact(one, other) == 1) == (exact(other, one) == 1)
