"""Rich text: its words, in the encoding that it names; pictures are told."""

from __future__ import annotations

import pytest

from assistant.knowledge.reading import ingestion


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (rb"{\rtf1\ansi The museum closes at five.\par}", "The museum closes at five."),
        (rb"{\rtf1\ansi\ansicpg1252 Gr\'f6\'dfe: 5 \'80\par}", "Größe: 5 €"),
        (rb"{\rtf1\ansi\ansicpg1251\deff0 \'c4\'e0\par}", "Да"),
        (rb"{\rtf1\ansi\uc1 \u36864?\u36135?\par}", "退货"),
        (rb"{\rtf1{\fonttbl{\f0 Arial;}}{\info{\author Ann}}One.\par Two.\par}", "One.\nTwo."),
    ],
)
def test_its_words_are_read(data: bytes, text: str) -> None:
    for name in ("a.rtf", "a.doc", "a.txt"):  # Word calls such a file .doc, too
        found = ingestion.read(name, data, max_mb=1)
        assert (found.kind, found.text, found.warnings) == ("rtf", text, ())


def test_pictures_are_told() -> None:
    found = ingestion.read("a.rtf", rb"{\rtf1 One.{\pict\pngblip 89504e47}\par}", max_mb=1)
    assert found.text == "One."
    assert "(1)" in found.warnings[0]
