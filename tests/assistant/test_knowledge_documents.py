"""Files come in as they are in the world: each bad one is answered by one sentence and a remedy."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from pypdf import PdfReader, PdfWriter

from assistant.errors import AttuneError
from assistant.knowledge import documents
from assistant.knowledge.chunks import LIMIT, split
from assistant.record.types import Document
from tests.assistant.material import new_case, pdf

EXAMPLE = Path(__file__).resolve().parents[2] / "data" / "examples" / "teashop" / "documents"


def locked_pdf() -> bytes:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf("Secret."))))
    writer.encrypt("password", algorithm="RC4-128")
    held = io.BytesIO()
    writer.write(held)
    return held.getvalue()


BAD = {
    "empty": ("a.txt", b"", "is empty"),
    "blank": ("a.md", b" \n\n ", "is empty"),
    "no words": ("a.md", b"--- *** ---", "holds no words"),
    "binary": ("a.txt", b"\x00\x01\x02" * 50, "binary data"),
    "control characters": ("a.txt", b"\x01\x02\x03\x04 word" * 50, "binary data"),
    "too large": ("a.txt", b"word " * 300_000, "at most 1 MB"),
    "unknown kind": ("a.docx", b"PK\x03\x04 and more", "(.docx)"),
    "not a PDF": ("a.pdf", b"<html>no</html>", "is not a PDF"),
    "damaged PDF": ("a.pdf", b"%PDF-1.7\n" + b"\xff" * 400, "damaged PDF"),
    "cut PDF": ("a.pdf", pdf("Hello there.")[:60], "PDF"),
    "locked PDF": ("a.pdf", locked_pdf(), "locked with a password"),
    "scanned PDF": ("a.pdf", pdf("", ""), "is it scanned?"),
}


@pytest.mark.parametrize("bad", BAD)
def test_a_bad_file_is_one_sentence_and_a_remedy(bad: str) -> None:
    name, data, part = BAD[bad]
    with pytest.raises(AttuneError) as caught:
        documents.read(name, data, max_mb=1)
    assert part in caught.value.sentence
    assert caught.value.sentence.endswith((".", "?"))
    assert "\n" not in caught.value.sentence
    assert caught.value.remedy.endswith(".")


@pytest.mark.parametrize(
    ("data", "text", "warned"),
    [
        ("Größe: 5 €".encode(), "Größe: 5 €", False),
        ("Größe".encode("utf-8-sig"), "Größe", False),
        ("Größe".encode("utf-16"), "Größe", False),
        ("Größe: 5 €".encode("cp1252"), "Größe: 5 €", True),
        (b"un caf\xe9 au lait, mon ami\x81", "un café au lait, mon ami", True),  # 0x81 is no letter of Windows-1252
        (b"one\r\ntwo\rthree", "one\ntwo\nthree", False),
    ],
)
def test_text_of_any_encoding(data: bytes, text: str, warned: bool) -> None:
    found = documents.read("a.txt", data, max_mb=1)
    assert found.text == text
    assert bool(found.warnings) is warned


def test_a_pdf_is_read_page_by_page() -> None:
    found = documents.read("a.pdf", pdf("First page.", "", "Third page."), max_mb=1)
    assert (found.kind, found.pages) == ("pdf", 3)
    assert found.text.split() == ["First", "page.", "Third", "page."]
    assert "1 of 3 pages" in found.warnings[0]


def test_what_is_too_much_is_cut_with_a_warning() -> None:
    long = documents.read("a.txt", b"word " * 500_000, max_mb=20)
    assert len(long.text) == documents.MAX_CHARACTERS
    assert "Only the first 2,000,000 characters" in long.warnings[0]
    many = documents.read("a.pdf", pdf(*["Page."] * (documents.MAX_PAGES + 5)), max_mb=20)
    assert many.pages == documents.MAX_PAGES + 5
    assert many.text.count("Page.") == documents.MAX_PAGES
    assert "Only the first 500 of 505 pages" in many.warnings[0]


def test_the_same_file_is_added_once_and_a_new_version_takes_its_place(tmp_path: Path) -> None:
    made, store = new_case(tmp_path)
    first = documents.add(store, made, "plants", "a.txt", b"One.")
    assert documents.add(store, made, "plants", "some/folder/a.txt", b"One.") == first
    documents.add(store, made, "plants", "b.txt", b"One.")
    second = documents.add(store, made, "plants", "a.txt", b"Two.")
    assert [(d.name, d.text) for d in store.documents("plants")] == [("b.txt", "One."), ("a.txt", "Two.")]
    assert second.id != first.id


def test_names_hold_no_folders_and_no_control_characters() -> None:
    assert documents.clean_name("..\\..\\x/\x00y\n.md") == "y.md"
    assert documents.clean_name("") == "document"
    assert len(documents.clean_name("a" * 500 + ".pdf")) == 120


def cut(text: str, kind: str = "markdown") -> list[tuple[str, str]]:
    return [(chunk.heading, chunk.text) for chunk in split(Document(1, "c", "a", kind, text, ""))]


def test_chunks_follow_the_headings() -> None:
    text = "# A\n\nOne.\n\n## B\n\nTwo.\n\n- x\n- y\n\n### C\n\nThree.\n\n## D\n\nFour."
    assert cut(text) == [("A", "One."), ("A > B", "Two.\n\n- x\n- y"), ("A > B > C", "Three."), ("A > D", "Four.")]


def test_headings_of_text_without_marks() -> None:
    assert cut("Guide\n=====\n\nOne.\n\nCare\n----\nTwo.", "text") == [("Guide", "One."), ("Guide > Care", "Two.")]
    assert cut("Guide\n\nPESTS\nOne.\n\nOpening hours:\n\nTwo.", "text") == [
        ("Guide > PESTS", "One."), ("Guide > Opening hours", "Two."),
    ]  # fmt: skip


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
        assert all(len(body.split()) <= LIMIT for body in pieces)
        assert " ".join(pieces).split() == text.split()


@pytest.mark.parametrize("path", sorted(EXAMPLE.iterdir()), ids=lambda path: path.name)
def test_the_example_documents_are_read_and_cut(path: Path) -> None:
    found = documents.read(path.name, path.read_bytes(), max_mb=1)
    pieces = split(Document(1, "c", path.name, found.kind, found.text, ""))
    assert found.warnings == ()
    assert len(pieces) >= 4
    assert all(piece.heading for piece in pieces)
    assert all(len(piece.text.split()) <= LIMIT for piece in pieces)
