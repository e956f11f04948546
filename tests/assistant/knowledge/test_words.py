"""Words of any script, however they are typed."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.knowledge.search import chunks
from assistant.knowledge.search.words import content, folded, length, numbers, words
from assistant.record.types import Document

TYPED = {  # what is typed -> the same in its usual form
    "Ｔｅａｐｏｔ　１２": "teapot 12",
    "ﾃﾚﾋﾞ": "テレビ",
    "so\u00adft ze\u200bro \ufeffwidth": "soft zero width",
    "Straße STRASSE": "strasse strasse",
    "İstanbul": "istanbul",
    "oﬃce ﬁle": "office file",
    "۱۲ ١٢ १२": "12 12 12",
    "سلام‌ســلام": "سلامسلام",
    "don’t don't": "dont dont",
}


@pytest.mark.parametrize("text", TYPED)
def test_what_is_typed_otherwise_is_the_same(text: str) -> None:
    assert words(text) == TYPED[text].split()


@settings(deadline=None)
@given(st.text(st.characters(categories=("L", "M", "N", "P", "Z"))))
def test_composed_and_decomposed_text_have_the_same_words(text: str) -> None:
    assert words(unicodedata.normalize("NFD", text)) == words(unicodedata.normalize("NFC", text))
    assert folded(folded(text)) == folded(text)


@pytest.mark.parametrize("text", ["राम ने क्या किया", "مُحَمَّد رَسُول", "שָׁלוֹם עוֹלָם", "ราคา", "தமிழ் மொழி"])
def test_a_mark_belongs_to_its_letter(text: str) -> None:
    found = words(text)
    assert "".join(found) == unicodedata.normalize("NFKC", text).replace(" ", "")
    assert not any(unicodedata.category(word[0]).startswith("M") for word in found)
    assert len(found) == len(text.split())


def test_words_that_differ_in_a_vowel_sign_are_two() -> None:
    assert (
        len({"दिन", "दीन", "दान", "धुन", "धन", "धान"} & {words(text)[0] for text in "दिन दीन दान धुन धन धान".split()})
        == 6
    )


SENTENCES = {
    "茶壶可以在三十天之内退还": {"茶壶", "三十"},
    "急須は三十日以内なら返品できます": {"急須", "返品", "以内"},
    "ร้านเปิดเก้าโมงเช้าทุกวัน": {"ร้าน", "เปิด", "วัน"},
    "ភាសាខ្មែរគឺជាភាសា": {"ភាសា"},
    "ພາສາລາວ": {"ພາສາ", "ລາວ"},
    "မြန်မာစာ": {"မြန်မာ"},
    "iPhone15を買う": {"iphone15", "買う"},
}


@pytest.mark.parametrize("text", SENTENCES)
def test_words_without_spaces_between_them(text: str) -> None:
    found = words(text)
    assert SENTENCES[text] <= set(found)
    assert "".join(found) == folded(text)
    assert length(text) == len(found)


def test_particles_say_nothing() -> None:
    assert content("茶壶是什么？") == ["茶壶"]
    assert content("急須は何ですか。") == ["急須"]
    assert not content("你好吗？")


def test_powers_and_fractions_stay_apart_from_the_number() -> None:
    assert words("10² m") == ["10²", "m"] != words("102 m")
    assert words("1½") == ["1½"]
    assert numbers("１２ ٣٤ £1,000") == {"12", "34", "1000"}


def test_a_sentence_is_no_heading_and_ends_where_its_script_says_so() -> None:
    text = "送料について\n\n送料は当店が負担します。\n\n返品は三十日以内です。「早く」と言った。次の日も可能。"
    found = chunks.split(Document(1, "shop", "fees.txt", "text", text, "0"), chunks.Sizes(256))
    assert [one.heading for one in found] == ["送料について"]
    parts = [part for part in chunks.SENTENCE.split(text.split("\n\n")[2]) if part]
    assert parts == ["返品は三十日以内です。", "「早く」と言った。", "次の日も可能。"]
    assert chunks.SENTENCE.split("यह पहला है। यह दूसरा है।")[:2] == ["यह पहला है।", "यह दूसरा है।"]
