"""Chunks follow a document's structure, and are measured in tokens of the model that will read them."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from assistant.knowledge.prompt.tokens import REMOTE_WINDOW, Reader, estimate, of_folder, reader
from assistant.knowledge.reading import ingestion
from assistant.knowledge.search.chunks import LEAST, MOST, Sizes, sizes, split
from assistant.knowledge.search.corpus import Corpus
from assistant.record.types import Document
from assistant.settings import ROOT
from tests.assistant.material import settings

EXAMPLE = ROOT / "data" / "examples" / "teashop" / "documents"
WORDS = Sizes(110, lambda text: len(text.split()))  # where the tests count by eye


def cut(text: str, kind: str = "markdown") -> list[tuple[str, str]]:
    return [(chunk.heading, chunk.text) for chunk in split(Document(1, "c", "a", kind, text, ""), WORDS)]


def test_chunks_follow_the_headings() -> None:
    text = "# A\n\nOne.\n\n## B\n\nTwo.\n\n- x\n- y\n\n### C\n\nThree.\n\n## D\n\nFour."
    assert cut(text) == [("A", "One."), ("A > B", "Two.\n\n- x\n- y"), ("A > B > C", "Three."), ("A > D", "Four.")]


def test_headings_of_text_without_marks() -> None:
    assert cut("Guide\n=====\n\nOne.\n\nCare\n----\nTwo.", "text") == [("Guide", "One."), ("Guide > Care", "Two.")]
    assert cut("Guide\n\nPESTS\nOne.\n\nOpening hours:\n\nTwo.", "text") == [
        ("Guide > PESTS", "One."),
        ("Guide > Opening hours", "Two."),
    ]


def test_a_heading_without_text_is_not_lost() -> None:
    assert cut("# A\n\n## B\n\n## C\n\nText.\n\n# D") == [("A", "B"), ("A > C", "Text."), ("", "D")]


def test_code_and_tables_stay_whole_and_a_long_table_repeats_its_head() -> None:
    code = "```\n# no heading\n\nx = 1\n```"
    assert cut(f"# A\n\n{code}") == [("A", code)]
    rows = "\n".join(f"| plant {i} | water on day {i} |" for i in range(60))
    pieces = [text for _, text in cut(f"# T\n\n| Plant | Day |\n|---|---|\n{rows}")]
    assert len(pieces) > 2
    assert all(piece.startswith("| Plant | Day |\n|---|---|\n| plant") for piece in pieces)
    assert sum(piece.count("| plant ") for piece in pieces) == 60


def test_no_chunk_is_too_long_and_no_word_is_lost() -> None:
    sentences = " ".join(f"Sentence {i} says that number {i} is fine." for i in range(200))
    for text in (sentences, "word " * 2000, sentences.replace(". ", ".\n\n")):
        pieces = [body for _, body in cut(text, "text")]
        assert all(len(body.split()) <= WORDS.limit for body in pieces)
        assert " ".join(pieces).split() == text.split()


@pytest.mark.parametrize("path", sorted(EXAMPLE.iterdir()), ids=lambda path: path.name)
def test_the_example_documents_are_read_and_cut(path: Path) -> None:
    found = ingestion.read(path.name, path.read_bytes(), max_mb=1)
    local = sizes(reader(settings(path)))
    pieces = split(Document(1, "c", path.name, found.kind, found.text, ""), local)
    assert found.warnings == ()
    assert len(pieces) >= 4
    assert all(piece.heading for piece in pieces)
    assert all(piece.tokens <= local.limit for piece in pieces)


def test_a_list_and_a_table_that_fit_stay_whole() -> None:
    items = "\n".join(f"- item {n} of the list" for n in range(15))
    rows = "\n".join(f"| plant {n} | {n} |" for n in range(15))
    filler = " ".join(["word"] * 60)
    pieces = [text for _, text in cut(f"# A\n\n{filler}\n\n{items}\n\n{filler}\n\n| P | D |\n|---|---|\n{rows}")]
    assert sum(items in piece for piece in pieces) == 1
    assert sum(rows in piece for piece in pieces) == 1


def test_a_long_table_in_a_text_keeps_every_row_and_its_head_within_the_limit() -> None:
    head = "| Plant and its name | Day of watering it |\n|---|---|"
    rows = [f"| plant number {n} | water it on day {n} of the month |" for n in range(100)]
    found = split(Document(1, "c", "a", "xlsx", "# T\n\n" + "\n".join((head, *rows)), ""), WORDS)
    assert all(chunk.text.startswith(head) for chunk in found)
    assert all(len(f"{chunk.heading} {chunk.text}".split()) <= WORDS.limit for chunk in found)
    assert [row for chunk in found for row in chunk.text.split("\n")[2:]] == rows


def test_a_row_of_a_table_with_too_long_a_head_names_its_columns() -> None:
    names = [f"column {n} of the table" for n in range(60)]
    wide = "| " + " | ".join(names) + " |\n|" + "---|" * 60
    rows = ["| " + " | ".join(f"row-{n}-{at}" if at != 7 else "" for at in range(60)) + " |" for n in range(5)]
    lines = [line for _, text in cut("\n".join((wide, *rows))) for line in text.split("\n")]
    cells = [pair for line in lines for pair in line.split("; ")]
    for n in range(5):
        assert all(f"{names[at]}: row-{n}-{at}" in cells for at in range(60) if at != 7)
    assert all(line.startswith(f"{names[0]}: row-") for line in lines[:-1])  # each says which row it belongs to
    assert lines[-1] == names[7]  # no row fills it, and it is not lost


def test_headings_take_at_most_a_third() -> None:
    path = "\n\n".join(f"{'#' * n} {' '.join([f'title{n}'] * 30)}" for n in range(1, 7))
    found = cut(f"{path}\n\n{'word ' * 300}")
    assert all(len(heading.split()) <= WORDS.limit // 3 for heading, _ in found)
    assert all(len(f"{heading} {text}".split()) <= WORDS.limit for heading, text in found)
    assert all("title6" in heading for heading, text in found if "word" in text)


def test_sizes_follow_the_model_that_reads(tiny: Path, tmp_path: Path) -> None:
    local = reader(settings(tmp_path))
    assert local.count("Two words") == counted(tiny, "Two words")
    assert sizes(local).limit == max(LEAST, min(MOST, local.window // 6))
    far = reader(settings(tmp_path, chat_base_url="http://127.0.0.1:1/v1", chat_model="large"))
    assert (far.window, far.count("x" * 35)) == (REMOTE_WINDOW, 10)
    assert sizes(far).limit == MOST
    assert sizes(Reader(128, estimate)).limit == LEAST
    assert reader(settings(tmp_path, chat_model=str(tmp_path / "nothing"))).count("x" * 35) == 10


def counted(model: Path, text: str) -> int:
    """By the counter that counts prompts: what another line adds."""
    count = of_folder(model).count
    return count([{"role": "user", "content": f"a\n{text}"}]) - count([{"role": "user", "content": "a\n"}])


def test_no_chunk_is_larger_than_said_by_the_tokenizer_itself(tmp_path: Path) -> None:
    local = sizes(reader(settings(tmp_path)))
    odd = "Größe 5 € 漢字 🙂 " * 400 + "\n\n" + "AbC123/xyz_" * 900 + "\n\n" + "A sentence. " * 400
    for chunk in split(Document(1, "c", "a", "markdown", f"# Heading\n\n{odd}", ""), local):
        assert local.count(f"{chunk.heading}\n{chunk.text}") <= chunk.tokens <= local.limit


def test_a_chunk_that_stays_the_same_keeps_its_id() -> None:
    """So a new version of a document is not embedded again as a whole."""
    sections = [f"# S{n}\n\n{'Water it. ' * 30}{n}" for n in range(8)]
    before = Corpus([Document(1, "c", "a.md", "markdown", "\n\n".join(sections), "x")], None, WORDS)
    after = Corpus(
        [Document(2, "c", "a.md", "markdown", "\n\n".join(["# New\n\nFirst.", *sections]), "y")], before, WORDS
    )
    assert len(after.texts.keys() - before.texts.keys()) == 1
    assert before.texts.keys() < after.texts.keys()


def test_equal_chunks_of_one_document_are_told_apart() -> None:
    same = "\n\n".join(f"# Same\n\n{'Water it. ' * 40}" for _ in range(3))
    corpus = Corpus([Document(1, "c", "a.md", "markdown", same, "x")], None, WORDS)
    assert len(corpus.texts) == len(corpus.chunks) == 3
    assert all(a != b for a, b in pairwise(corpus.texts))
