"""Conversations from the command line: in any form, told what is not taken, once each."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

from tests.assistant.conversations.formats import samples
from tests.assistant.conversations.formats.samples import COUNT
from tests.conftest import Attune


def test_a_products_export_is_imported_once_and_what_is_not_taken_is_told(here: Attune, tmp_path: Path) -> None:
    here("new", "A")
    (tmp_path / "export.zip").write_bytes(samples.SAMPLES["ChatGPT, zip"][1]())
    done = here("import", "export.zip", "--json")
    assert done.returncode == 0, done.stderr
    value = json.loads(done.stdout)
    assert (value["conversations"], value["formats"]) == (COUNT, {"ChatGPT export": COUNT})
    assert f"reasoning ({COUNT})" in done.stderr
    again = json.loads(here("import", "export.zip", "--json").stdout)
    assert (again["conversations"], again["known"]) == (0, COUNT)


def test_columns_speakers_and_letters_of_another_encoding(here: Attune, tmp_path: Path) -> None:
    here("new", "A")
    (tmp_path / "faq.csv").write_bytes("Nr;Thema;Text\n1;Où est le café;Près de l'église à côté\n".encode("cp1252"))
    refused = here("import", "faq.csv")
    assert refused.returncode == 1
    assert "Nr, Thema, Text" in refused.stderr.splitlines()[-1]
    done = here("import", "faq.csv", "--columns", "question=Thema,answer=Text")
    assert done.returncode == 0, done.stderr
    assert "Imported 1 approved conversation into 'a'. Read as questions and answers." in done.stdout
    assert "was read as cp1252" in done.stderr
    talk = "Ann: hi\nBen: yo\nCat: hm\nAnn: why\nBen: so\nCat: bye\n"
    (tmp_path / "talk.txt").write_text(talk)
    assert "Ann, Ben, Cat" in here("import", "talk.txt").stderr
    assert here("import", "talk.txt", "--speakers", "assistant=Ben").returncode == 0
    (record,) = tmp_path.rglob("attune.db")
    with sqlite3.connect(record) as db:
        said = [text for (text,) in db.execute("select content from messages order by id")]
    assert said == [
        "Où est le café",
        "Près de l'église à côté",
        "hi",
        "yo",
        "hm\n\nwhy",
        "so",
    ]  # what follows the last answer is told


def test_a_case_folder_may_hold_another_form(here: Attune, tmp_path: Path) -> None:
    folder = tmp_path / "boats"
    folder.mkdir()
    (folder / "case.toml").write_text('name = "boats"\n[brief]\ngoal = "Help."\nusers = "All."\nmust_not = "skip"\n')
    (folder / "conversations.xlsx").write_bytes(samples.workbook(samples.columns("Question", "Answer", Page="2")))
    done = here("new", "--folder", "boats")
    assert done.returncode == 0, done.stderr
    assert f'the field "Page" of rows ({COUNT})' in done.stderr
    assert json.loads(here("status", "--json").stdout)["conversations"]["import"] == COUNT
