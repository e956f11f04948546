"""Documents from the command line: added many at once, listed with what was read of each, removed, indexed again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.assistant.knowledge.office_files import docx, xlsx, zipped
from tests.conftest import Attune


@pytest.fixture
def desk(tmp_path: Path, here: Attune) -> Path:
    """A folder of documents, one of them bad, beside a case."""
    assert here("new", "Tea desk").returncode == 0
    folder = tmp_path / "papers"
    folder.mkdir()
    files = {
        "tea.docx": docx(),
        "prices.xlsx": xlsx(),
        "bad.pdf": b"%PDF-1.4 broken",
        "a.md": b"# Tea\n\nGreen.",
        "more.zip": zipped({"deep/note.txt": b"Boil water first."}),
    }
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return folder


def test_add_list_remove_and_index_again(desk: Path, here: Attune) -> None:
    done = here("add", str(desk), "--json")
    value = json.loads(done.stdout)
    assert {d["name"] for d in value["documents"]} == {"tea.docx", "prices.xlsx", "a.md", "more.zip/deep/note.txt"}
    assert [d["name"] for d in value["refused"]] == ["bad.pdf"]
    assert "Reading tea.docx" in done.stderr
    assert "'bad.pdf' is a damaged PDF. Export it again" in done.stderr
    assert "Added 0 documents to 'tea-desk' (4 were already there)." in here("add", str(desk)).stdout

    listed = json.loads(here("documents", "--json").stdout)
    assert all(d["chunks"] > 0 and d["tokens"] > 0 for d in listed["documents"])
    assert next(d for d in listed["documents"] if d["name"] == "prices.xlsx")["pages"] == 2
    assert [d["name"] for d in listed["refused"]] == ["bad.pdf"]

    text = here("documents", "--remove", "bad.pdf", "--remove", "tea.docx")
    assert "tea.docx" not in text.stdout
    assert "bad.pdf" not in text.stderr
    again = json.loads(here("documents", "--reindex", "--json").stdout)
    left = [d["name"] for d in listed["documents"] if d["name"] != "tea.docx"]
    assert [d["name"] for d in again["documents"]] == left


def test_what_cannot_be_done_is_said(desk: Path, here: Attune) -> None:
    assert "No documents yet." in here("documents").stdout
    done = here("add", str(desk / "bad.pdf"))
    assert done.returncode == 1
    assert done.stderr.count("is a damaged PDF") == 1
    done = here("documents", "--remove", "nothing.md")
    assert done.returncode == 1
    assert "There is no document 'nothing.md'" in done.stderr
