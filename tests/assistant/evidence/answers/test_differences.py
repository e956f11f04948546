"""Where an answer differs from the approved one."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from assistant.evidence.answers.differences import pieces

TEXTS = st.text(alphabet="ab c.,\n'é’", max_size=40)


def differing(answer: str, approved: str) -> list[str]:
    return [piece.text for piece in pieces(answer, approved) if not piece.same]


def test_words_that_differ_are_marked_and_no_others() -> None:
    assert differing("Steep it at 90 degrees.", "Steep it at 80 degrees.") == ["90"]
    assert differing("steep  IT at 80 degrees.", "Steep it at 80 degrees.") == []
    assert differing("Hello! Steep it.", "Steep it.") == ["Hello!"]
    assert differing("Steep it.\nBye now", "Steep it.") == ["Bye now"]
    assert differing("Steep", "Steep it at 80 degrees.") == []  # what is missing is not in it
    assert differing("", "Steep") == []
    assert differing("Don't.", "Do.") == ["Don't"]


@given(TEXTS, TEXTS)
def test_the_pieces_are_the_answer_to_the_letter(answer: str, approved: str) -> None:
    found = pieces(answer, approved)
    assert "".join(piece.text for piece in found) == answer
    assert all(one.same != other.same for one, other in pairwise(found))
    assert all(piece.text == piece.text.strip() != "" for piece in found if not piece.same)


@given(TEXTS)
def test_the_same_text_differs_nowhere(text: str) -> None:
    assert differing(text, text) == []


def test_what_is_too_long_to_compare_is_shown_unmarked() -> None:
    text = "one two " * 2000
    assert [piece.same for piece in pieces(text, "three")] == [True]
