"""What two texts have in common, counted against what every text of the case has."""

from __future__ import annotations

import random
import unicodedata

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.knowledge.comparison import grams
from assistant.knowledge.comparison.agreement import agree
from assistant.knowledge.comparison.canonical import canonical, telling
from assistant.knowledge.comparison.containment import Texts
from assistant.knowledge.comparison.misspelling import misspelt
from assistant.knowledge.search.near_duplicates import Near

ANY = st.text(st.characters(categories=("L", "M", "N", "P", "S", "Z")), max_size=60)
WORDS = "amber basin cedar dune ember fjord grove heath islet jetty knoll ledge marsh north ocean plain quarry".split()


def sentences(count: int, length: int = 12, seed: int = 0) -> list[str]:
    draw = random.Random(seed)
    return [" ".join(draw.choices(WORDS, k=length)) + f" {number:04}" for number in range(count)]


# canonical ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Where is it?", "where is it"),
        ("Where is it?!!", "  WHERE is it ..."),
        ("The “red” one, please.", "the red one please"),
        ("Olga (tenor) is away", "olga tenor is away"),
        ("a well-known shop", "a well known shop"),
        ("bead – trench", "bead - trench"),
        ("茶壶可以退货吗？", "茶壶可以退货吗"),
        ("पहला काम।", "पहला काम"),
        ("Thanks 🙂!", "thanks"),
    ],
)
def test_marks_that_say_nothing_do_not_count(one: str, other: str) -> None:
    assert canonical(one) == canonical(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("What is 8 + 3?", "What is 8 - 3?"),
        ("What is 8 * 3?", "What is 8 / 3?"),
        ("a loop in C++?", "a loop in C#?"),
        ("a loop in C++", "a loop in C"),
        ("x == y in JS", "x === y in JS"),
        ("a && b", "a || b"),
        ("greedy .+ and lazy .+? in it", "greedy .+ and lazy .+ in it"),
        ("i++ in Java", "i-- in Java"),
        ("is it -1?", "is it 1?"),
        ("order 4412", "order 4413"),
        ("दिन", "दीन"),
        ("?", "!"),
    ],
)
def test_numbers_operators_and_marks_of_letters_count(one: str, other: str) -> None:
    assert canonical(one) != canonical(other)


def test_what_tells_two_texts_apart() -> None:
    assert telling(canonical("Add 12,5 + 7 to order FK-20 now!")) == ("+", "-", "12,5", "20", "7")
    assert telling(canonical("What now?")) == ()


@settings(deadline=None)
@given(ANY)
def test_canonical_is_stable_and_blind_to_how_text_is_composed(text: str) -> None:
    assert canonical(unicodedata.normalize("NFD", text)) == canonical(unicodedata.normalize("NFC", text))
    assert canonical(text) == canonical(f"  {text}\n")


# n-grams --------------------------------------------------------------------------------------------------------------
@settings(deadline=None)
@given(ANY)
def test_grams_are_sorted_once_each_and_always_there(text: str) -> None:
    found = grams.of(text)
    assert len(found) > 0
    assert (np.diff(found.astype(object)) > 0).all()
    assert (grams.of(text) == found).all()


def test_chinese_is_compared_by_pairs_of_characters() -> None:
    pairs, letters = grams.of("退货说明"), grams.of("returns")
    assert len(pairs) == 5
    assert set(pairs.tolist()) & set(grams.of("请看退货").tolist())
    assert (grams.worth(pairs) > grams.worth(letters).max()).all()


# containment ----------------------------------------------------------------------------------------------------------
def test_a_part_is_found_in_a_longer_text_and_not_the_other_way_round() -> None:
    known = sentences(40)
    mail = f"Hello, this was sent to me by a colleague. {known[7]} Could you look at it? Best wishes, Ursula"
    found = Texts(known).overlaps(0.5, [mail])
    (place,) = np.flatnonzero(found.others == 7)
    assert found.around[place] > 0.95
    assert found.inside[place] < 0.6
    assert found.part[place] == found.around[place]
    assert set(found.others[found.part > 0.6].tolist()) == {7}


def test_what_all_texts_have_in_common_is_set_aside() -> None:
    head = "Sort the message between the marks and answer with one word of the list that stands above it. Message: "
    messages = [f"{head}<<{text}>>" for text in sentences(30, 4)]
    found = Texts(messages).overlaps(0.5)
    assert not (found.alike > 0.5).any()
    alone = Texts([head, messages[0]]).overlaps(0.5)
    assert alone.part.max() > 0.9  # of two texts nobody can tell what is common


def test_each_pair_of_known_texts_once() -> None:
    known = [*sentences(10), *sentences(10)]
    found = Texts(known).overlaps(0.99)
    assert sorted(zip(found.others.tolist(), found.ones.tolist(), strict=True)) == [(i, i + 10) for i in range(10)]
    assert np.allclose(found.alike, 1)


@settings(deadline=None, max_examples=30)
@given(st.lists(ANY, min_size=1, max_size=12), ANY)
def test_shares_lie_between_nothing_and_all(texts: list[str], asked: str) -> None:
    found = Texts(texts).overlaps(0.0, [asked, texts[0]])
    for values in (found.inside, found.around, found.alike):
        assert ((values >= 0) & (values <= 1 + 1e-9)).all()
    assert not Texts([]).overlaps(0.0, texts).ones.size


def test_a_search_by_rare_n_grams_misses_no_copy_of_common_words() -> None:
    """By counting: every pair that overlaps as much is found, however common its words are."""
    draw = random.Random(3)
    texts = [" ".join(draw.choices(WORDS[:4], k=6)) for _ in range(400)]
    texts[50] = texts[10] + " today"
    found = Texts(texts).overlaps(0.9)
    pairs = set(zip(found.ones.tolist(), found.others.tolist(), strict=True))
    copies = {(i, j) for i in range(400) for j in range(i) if texts[i] == texts[j]}
    assert copies <= pairs
    assert (50, 10) in pairs


# answers, spelling, near-duplicates -----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("We open at nine on Sundays.", "On Sundays we open at nine.", True),
        ("Returns are free within 30 days.", "You can return it within 30 days, and it is free.", True),
        ("Returns are free within 30 days.", "Returns are free within 14 days.", False),
        ("Yes, we ship to Norway.", "No, we do not ship to Norway.", False),
        ("repair", "booking", False),
        ("Booking.", "booking", True),
        ("1", "-1", False),
        ("Use std::getline.", "Use fgets in a loop.", False),
        ("可以退货，运费由本店承担。", "可以退货，运费由本店承担", True),
        ("可以退货。", "不可以退货。", False),
    ],
)
def test_whether_one_answer_may_stand_for_the_other(one: str, other: str, same: bool) -> None:
    assert agree(one, other) is agree(other, one) is same


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("does my orchid like sun", "does my orchids like sun", True),
        ("does my orchid like sun", "does my orhcid like sun", True),
        ("does my orchid like sun", "does my cactus like sun", False),
        ("order 123456 is late", "order 123457 is late", False),
        ("कल का अर्थ", "काल का अर्थ", False),
    ],
)
def test_a_misspelt_word_is_no_other_one(one: str, other: str, same: bool) -> None:
    assert misspelt(one, other) is same


def test_near_takes_texts_one_by_one() -> None:
    near = Near()
    assert near.add("How do I read a file in C++, line by line?") == []
    assert near.add("How do I read a file in C#, line by line?") == []
    assert near.add("how do i read a file in C++ line by line") == [0]
    assert near.add("昨天在二楼阅览室丢了一个黑色钱包，有人交到服务台吗？") == []
    assert near.add("昨天在二楼阅览室丢了一个黑色钱包，有人交到服务抬吗") == [3]
