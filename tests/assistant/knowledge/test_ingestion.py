"""Files come in as they are in the world: each bad one is answered by one sentence and a remedy."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from pypdf import PdfReader, PdfWriter

from assistant.errors import AttuneError
from assistant.knowledge.reading import ingestion
from assistant.knowledge.reading.ingestion import IncomingFile
from assistant.knowledge.reading.pdf import MAX_PAGES
from assistant.knowledge.reading.text import MAX_CHARACTERS
from assistant.record.store import Store
from tests.assistant.knowledge.office_files import docx, epub, pptx, xlsx, zipped
from tests.assistant.material import new_case, pdf


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
    "unknown kind": ("a.png", b"\x89PNG\r\n\x1a\n\x00\x00", "(.png)"),
    "not rich text": ("a.rtf", b"Hello there.", "not a rich text document"),
    "a format that is a zip inside": ("a.pages", zipped({"Index/Document.iwa": b"x"}), "Apple Pages (.pages)"),
    "the same called a zip": ("a.zip", zipped({"Index/Document.iwa": b"x", "preview.jpg": b"x"}), "cannot be read"),
    "a zip by another name": ("a.backup", zipped({"a.txt": b"Hello."}), "(.backup)"),
    "a drawing of Visio": ("a.vsdx", zipped({"[Content_Types].xml": b"<T/>", "visio/document.xml": b""}), "Visio"),
    "a binary workbook": ("a.xlsb", zipped({"[Content_Types].xml": b"<T/>", "xl/workbook.bin": b""}), "(.xlsb)"),
    "a mail of Outlook": ("a.msg", b"\xd0\xcf\x11\xe0" + b"\x00" * 900, "a mail of Outlook (.msg)"),
    "an OpenDocument database": (
        "a.odb",
        zipped({"mimetype": b"application/vnd.oasis.opendocument.base", "content.xml": b"<x/>"}),
        "OpenDocument database",
    ),
    "not a notebook": ("a.ipynb", b'{"name": "x"}', "not a notebook"),
    "damaged archive": ("a.docx", b"PK\x03\x04 and more", "damaged archive"),
    "not a Word document": ("a.docx", b"Hello there.", "is not a Word document"),
    "old or locked Office": ("a.docx", b"\xd0\xcf\x11\xe0" + b"\x00" * 900, "before 2007"),
    "an archive where one file is wanted": ("a.zip", zipped({"a.txt": b"Hello."}), "archive of several files"),
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
        ingestion.read(name, data, max_mb=1)
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
        ("Die Größe: 5 €, früher 4 €, für alle größeren Räume ".encode() + b"caf\xe9", "", True),  # one letter is not
        ("Größe: 5".encode("utf-16-le"), "Größe: 5", False),
        ("Größe: 5".encode("utf-16-be"), "Größe: 5", False),
        (
            "退货期限为三十天，运费由本店承担。\r\n包装完好。".encode("utf-16-le"),
            "退货期限为三十天，运费由本店承担。\n包装完好。",
            False,
        ),
        ("退货期限为三十天，运费由本店承担。".encode("gbk"), "退货期限为三十天，运费由本店承担。", True),
        ("退貨期限為三十天，運費由本店承擔。".encode("big5"), "退貨期限為三十天，運費由本店承擔。", True),
        (
            "返品は三十日以内に可能です。送料は無料です。".encode("cp932"),
            "返品は三十日以内に可能です。送料は無料です。",
            True,
        ),
        ("返品は三十日以内に可能です。".encode("iso2022_jp"), "返品は三十日以内に可能です。", True),
        ("반품은 삼십일 이내에 가능합니다".encode("cp949"), "반품은 삼십일 이내에 가능합니다", True),
        ("Возврат в течение тридцати дней.".encode("cp1251"), "Возврат в течение тридцати дней.", True),
        (
            "Возврат в течение тридцати дней, бесплатно.".encode("koi8-r"),
            "Возврат в течение тридцати дней, бесплатно.",
            True,
        ),
        (b"one\r\ntwo\rthree", "one\ntwo\nthree", False),
    ],
)
def test_text_of_any_encoding(data: bytes, text: str, warned: bool) -> None:
    found = ingestion.read("a.txt", data, max_mb=1)
    assert found.text == (text or "Die Größe: 5 €, früher 4 €, für alle größeren Räume caf\ufffd")
    assert bool(found.warnings) is warned


def test_a_pdf_is_read_page_by_page() -> None:
    found = ingestion.read("a.pdf", pdf("First page.", "", "Third page."), max_mb=1)
    assert (found.kind, found.pages) == ("pdf", 3)
    assert found.text.split() == ["First", "page.", "Third", "page."]
    assert "1 of 3 pages" in found.warnings[0]


def test_what_is_too_much_is_cut_with_a_warning() -> None:
    long = ingestion.read("a.txt", b"word " * 500_000, max_mb=20)
    assert len(long.text) == MAX_CHARACTERS
    assert "Only the first 2,000,000 characters" in long.warnings[0]
    many = ingestion.read("a.pdf", pdf(*["Page."] * (MAX_PAGES + 5)), max_mb=20)
    assert many.pages == MAX_PAGES + 5
    assert many.text.count("Page.") == MAX_PAGES
    assert "Only the first 500 of 505 pages" in many.warnings[0]


def test_the_same_file_is_added_once_and_a_new_version_takes_its_place(tmp_path: Path) -> None:
    made, store = new_case(tmp_path)
    first = ingestion.add(store, made, "plants", "a.txt", b"One.")
    assert ingestion.add(store, made, "plants", "some/folder/a.txt", b"One.") == first
    ingestion.add(store, made, "plants", "b.txt", b"One.")
    second = ingestion.add(store, made, "plants", "a.txt", b"Two.")
    assert [(d.name, d.text) for d in store.documents("plants")] == [("b.txt", "One."), ("a.txt", "Two.")]
    assert second.id != first.id


def test_names_hold_no_folders_and_no_control_characters() -> None:
    assert ingestion.clean_name("..\\..\\x/\x00y\n.md") == "y.md"
    assert ingestion.clean_name("") == "document"
    assert len(ingestion.clean_name("a" * 500 + ".pdf")) == 120


HTML = b"""<!doctype html><html><head><title>Tea</title></head><body><h2>Green</h2><p>Steep at <b>80</b> degrees.</p>
<ul><li>one</li><li>two</li></ul><table><tr><th>Tea</th><th>Price</th></tr><tr><td>Sencha</td><td>8</td></tr></table>
</body></html>"""
FILES = {
    "tea.docx": (docx(), 1, ["# Tea", "Green tea", "## Prices", "| Tea | Price |", "| Sencha | 8 |", "- one"]),
    "tea.pptx": (pptx(), 2, ["## Steeping", "- Boil water", "  - Wait", "| Tea | Price |", "Say it slowly"]),
    "tea.xlsx": (xlsx(), 2, ["# Prices", "| Tea | Price |\n|---|---|\n| Sencha | 8 |", "# Stock", "2026-11-22"]),
    "tea.csv": (b"Tea;Price\nSencha;8,50\n", 1, ["| Tea | Price |\n|---|---|\n| Sencha | 8,50 |"]),
    "tea.html": (HTML, 1, ["## Green", "Steep at **80** degrees.", "- one\n- two", "| Sencha | 8 |"]),
    "tea.epub": (epub(), 2, ["# One", "First chapter.", "# Two", "Second chapter."]),
    "tea.md": (b"# Tea\n\nGreen.", 1, ["# Tea"]),
    "tea.log": (b"12:00 kettle on", 1, ["kettle on"]),
    "named wrongly.txt": (docx(), 1, ["# Tea"]),
}


@pytest.mark.parametrize("name", FILES)
def test_every_kind_is_read_with_its_structure(name: str) -> None:
    data, pages, parts = FILES[name]
    found = ingestion.read(name, data, max_mb=1)
    assert [part for part in parts if part not in found.text] == []
    assert found.pages == pages
    assert found.warnings == ()


def upload(folder: Path, files: dict[str, bytes]) -> list[IncomingFile]:
    folder.mkdir(exist_ok=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return [IncomingFile(name, folder / name) for name in files]


def test_many_at_once_with_progress_and_one_bad_one(tmp_path: Path) -> None:
    made, store = new_case(tmp_path)
    told: list[tuple[str, float]] = []
    files = {"a.txt": b"One.", "bad.pdf": b"%PDF-1.7 no", "tea.docx": docx(), "tea.xlsx": xlsx()}
    found = ingestion.add_all(
        store, made, "plants", upload(tmp_path / "files", files), lambda said, part: told.append((said, part))
    )
    assert [(one.name, one.state) for one in found] == [
        ("a.txt", "added"),
        ("bad.pdf", "refused"),
        ("tea.docx", "added"),
        ("tea.xlsx", "added"),
    ]
    assert [said for said, _ in told] == [f"Reading {name}" for name in files]
    assert [part for _, part in told] == [0, 0.25, 0.5, 0.75]
    assert "damaged PDF" in found[1].problem
    assert [document.name for document in store.documents("plants")] == ["a.txt", "tea.docx", "tea.xlsx"]
    assert [(document.name, document.problem) for document in store.refused_documents("plants")] == [
        ("bad.pdf", found[1].problem)
    ]


def test_only_what_changed_is_read_again(tmp_path: Path) -> None:
    made, store = new_case(tmp_path)
    files = {"a.txt": b"One.", "tea.docx": docx()}
    ingestion.add_all(store, made, "plants", upload(tmp_path / "files", files))
    before = store.documents("plants")
    files["a.txt"] = b"Two."
    found = ingestion.add_all(store, made, "plants", upload(tmp_path / "files", files))
    assert [one.state for one in found] == ["replaced", "same"]
    assert store.documents("plants")[0] == before[1]
    assert [document.text for document in store.documents("plants")][1] == "Two."


def test_a_bad_new_version_leaves_the_one_that_is_there(tmp_path: Path) -> None:
    made, store = new_case(tmp_path)
    ingestion.add_all(store, made, "plants", upload(tmp_path / "files", {"tea.pdf": pdf("Green tea.")}))
    found = ingestion.add_all(store, made, "plants", upload(tmp_path / "files", {"tea.pdf": b"%PDF-1.4 broken"}))
    assert found[0].state == "refused"
    assert [document.text for document in store.documents("plants")] == ["Green tea."]
    assert len(store.refused_documents("plants")) == 1
    ingestion.add_all(store, made, "plants", upload(tmp_path / "files", {"tea.pdf": pdf("Black tea.")}))
    assert [document.text for document in store.documents("plants")] == ["Black tea."]
    assert store.refused_documents("plants") == []


def test_the_same_bytes_under_another_name_are_searched_once(tmp_path: Path) -> None:
    made, store = new_case(tmp_path)
    files = {"a.txt": b"Ferns like shade.", "b.txt": b"Ferns like shade."}
    ingestion.add_all(store, made, "plants", upload(tmp_path / "files", files))
    found = store.documents("plants")
    assert [document.name for document in found] == ["a.txt", "b.txt"]
    assert ingestion.distinct(found) == found[:1]
    store.remove_document("plants", "a.txt")
    assert [document.name for document in ingestion.distinct(store.documents("plants"))] == ["b.txt"]


def test_an_archive_is_its_files(tmp_path: Path) -> None:
    made, store = new_case(tmp_path)
    packed = zipped({"guide/tea.docx": docx(), "guide/more/a.txt": b"One.", ".DS_Store": b"x", "pic.png": b"\x89PNG\0"})
    found = ingestion.add_all(store, made, "plants", upload(tmp_path / "files", {"all.zip": packed}))
    assert [(one.name, one.state) for one in found] == [
        ("all.zip/guide/tea.docx", "added"),
        ("all.zip/guide/more/a.txt", "added"),
        ("all.zip/pic.png", "refused"),
    ]
    again = ingestion.add_all(store, made, "plants", upload(tmp_path / "files", {"all.zip": packed}))
    assert [one.state for one in again] == ["same", "same", "refused"]


def test_documents_of_an_older_record_are_there(tmp_path: Path) -> None:
    """A record made before refused files were kept is brought up to date when it is opened."""
    made, store = new_case(tmp_path)
    ingestion.add(store, made, "plants", "a.txt", b"One.")
    store.db.execute("drop index idx_documents_case_removed_problem_id")
    store.db.table("documents").transform(drop={"problem"})
    store.db.execute("delete from _sqlite_migrations where name like 'm003%' or name like 'm008%'")
    store.db.conn.commit()
    store.close()
    assert [document.text for document in Store(made.database).documents("plants")] == ["One."]


def test_members_of_one_name_in_two_archives_do_not_replace_each_other(tmp_path: Path) -> None:
    made, store = new_case(tmp_path)
    files = {f"{year}.zip": zipped({"prices.txt": f"In {year} tea costs {year}."}) for year in (2024, 2025)}
    found = ingestion.add_all(store, made, "plants", upload(tmp_path / "files", files))
    assert [(one.name, one.state) for one in found] == [
        ("2024.zip/prices.txt", "added"),
        ("2025.zip/prices.txt", "added"),
    ]
    files["2025.zip"] = zipped({"prices.txt": "In 2025 tea is free."})
    ingestion.add_all(store, made, "plants", upload(tmp_path / "files", files))
    assert [document.text for document in store.documents("plants")] == [
        "In 2024 tea costs 2024.",
        "In 2025 tea is free.",
    ]


def test_files_whose_shown_names_are_alike_do_not_replace_each_other(tmp_path: Path) -> None:
    """In an archive deep folders are left out of names; in one upload two folders may hold files of one name."""
    made, store = new_case(tmp_path)
    packed = zipped({"north/a/b/c/d/note.txt": "North.", "south/a/b/c/d/note.txt": "South."})
    (tmp_path / "east").mkdir()
    (tmp_path / "west").mkdir()
    uploads = upload(tmp_path / "files", {"all.zip": packed})
    for folder in ("east", "west"):
        (tmp_path / folder / "note.txt").write_text(f"{folder}.")
        uploads.append(IncomingFile("note.txt", tmp_path / folder / "note.txt"))
    for states in (["added"] * 4, ["same"] * 4):
        found = ingestion.add_all(store, made, "plants", uploads)
        assert [one.state for one in found] == states
        assert [one.name for one in found] == [
            "all.zip/b/c/d/note.txt",
            "all.zip/b/c/d/note (2).txt",
            "note.txt",
            "note (2).txt",
        ]


def test_a_page_is_read_by_what_it_declares_or_by_its_bytes() -> None:
    page = "<html><head>{}</head><body><p>退货期限为三十天，运费由本店承担。</p></body></html>"
    declared = page.format('<meta charset="gb2312">').encode("gb18030")
    silent, wrong = page.format("").encode("gb18030"), page.format('<meta charset="utf-8">').encode("gb18030")
    for data, doubts in ((declared, 0), (silent, 1), (wrong, 1), (page.format("").encode(), 0)):
        found = ingestion.read("a.html", data, max_mb=1)
        assert found.text == "退货期限为三十天，运费由本店承担。"
        assert len(found.warnings) == doubts
