"""Which language an answer is in: wrong never, unsure where it is short."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from typing import Any

import pytest

from assistant.evidence.checks.answer_language import code_of, names, written_in
from tests.conftest import ROOT

SENTENCES = ROOT / "assistant" / "guide" / "sentences"
FIVE = ("en", "ro", "de", "es", "fr")


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    else:
        for part in value.values() if isinstance(value, dict) else value:
            yield from _texts(part)


@pytest.mark.parametrize("code", FIVE)
def test_the_guides_own_sentences_are_never_taken_for_another_language(code: str) -> None:
    table = tomllib.loads((SENTENCES / f"{code}.toml").read_text(encoding="utf-8"))
    texts = [text for text in _texts(table) if len(text.split()) > 5]
    own = [written_in(text, code) for text in texts]
    assert len(texts) > 20
    assert False not in own
    assert own.count(True) > len(own) * 0.7  # the rest are mostly words of another language
    assert not [(text, other) for text in texts for other in FIVE if other != code and written_in(text, other)]


@pytest.mark.parametrize(
    ("text", "code", "told"),
    [
        ("こんにちは。ご注文ありがとうございます。明日お届けします。", "ja", True),
        ("您好，感谢您的订单，我们明天发货。", "zh", True),
        ("您好，感谢您的订单，我们明天发货。", "ja", False),
        ("Добрый день! Ваш заказ отправлен вчера вечером.", "ru", True),
        ("https://fern.shop/RET30 RET30 BREAK7 12345", "en", None),
        ("Ok", "en", None),
        ("", "en", None),
        ("`SELECT name FROM customers WHERE city = 'Bonn'`", "de", None),
    ],
)
def test_other_scripts_and_what_is_no_language(text: str, code: str, told: bool | None) -> None:
    assert written_in(text, code) is told


def test_a_language_is_found_by_each_of_its_names() -> None:
    for code, known in names().items():
        assert code_of(code) == code
        assert all(code_of(name.upper()) == code for name in known)
    assert code_of("Klingon") is None
