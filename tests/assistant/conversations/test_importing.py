"""Imports: all of a file or nothing, each conversation once, labels as they were given, also where the process dies."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from assistant.conversations import importing, judged, labels
from assistant.conversations.formats.found import Hints
from assistant.errors import AttuneError
from assistant.leaving import export
from assistant.record.store import Store
from assistant.record.types import Case, Dataset, Item
from assistant.settings import ROOT
from tests.assistant.conversations.formats import samples
from tests.assistant.conversations.formats.samples import COUNT, EXPECTED

IMPORT = """
import sys
from pathlib import Path
from assistant.conversations import importing
from assistant.record.store import Store
store = Store(Path(sys.argv[1]))
print("begun", flush=True)
importing.files(store, "c", [Path(sys.argv[2])])
print("done", flush=True)
"""
MANY = 4000  # conversations: their import takes a moment


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store(tmp_path / "attune.db")
    store.add_case(Case("c"))
    return store


def file(folder: Path, data: bytes, name: str = "file.jsonl") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def test_the_same_file_twice_adds_nothing(store: Store, tmp_path: Path) -> None:
    first = file(tmp_path, samples.lines(samples.chat_rows()))
    again = file(tmp_path, samples.pretty([*samples.chat_rows(), *samples.chat_rows()[:2]]), "again.json")
    assert importing.files(store, "c", [first]).added == COUNT
    done = importing.files(store, "c", [again])
    assert (done.added, done.known, done.formats) == (0, COUNT + 2, {"OpenAI chat rows": COUNT + 2})
    assert [row.messages for row in labels.approved_rows(store, "c")] == EXPECTED
    assert importing.files(store, "c", [first], heldout=True).added == COUNT  # to be tested on is something else


def test_an_edited_conversation_is_still_known(store: Store, tmp_path: Path) -> None:
    path = file(tmp_path, samples.lines(samples.chat_rows()[:1]))
    importing.files(store, "c", [path])
    (turns,) = store.turns_of_case("c", ["import"]).values()
    store.add_turn(turns[1].conversation, turns[0].id, "assistant", "Better.", "approved", turns[1].id)
    assert importing.files(store, "c", [path]).known == 1


def test_a_file_with_a_bad_row_leaves_nothing(store: Store, tmp_path: Path) -> None:
    good = file(tmp_path, samples.lines(samples.chat_rows()))
    bad = file(tmp_path, samples.lines([*samples.chat_rows(), {"messages": []}]), "bad.jsonl")
    with pytest.raises(AttuneError, match=f"bad.jsonl, line {COUNT + 1}: "):
        importing.files(store, "c", [good, bad])
    assert store.conversations("c") == []


def test_thumbs_are_labels(store: Store, tmp_path: Path) -> None:
    importing.files(store, "c", [file(tmp_path, samples.array(samples.feedback()))])
    trees = store.turns_of_case("c", ["import"]).values()
    assert [turns[-1].label for turns in trees] == ["approved"] * 3 + ["rejected"] * 3
    assert [pair.rejected for turns in trees for pair in judged.of(turns)] == [a for _, a in samples.TALKS[3:]]


def test_hints_reach_the_reader(store: Store, tmp_path: Path) -> None:
    path = file(tmp_path, samples.table(samples.columns("Thema", "Text", Nummer="7")))
    done = importing.files(store, "c", [path], hints=Hints.parse(["question=Thema,answer=Text"]))
    assert done.added == COUNT
    assert done.told == [f'Left out: the field "Nummer" of rows ({COUNT}).']


def test_tools_are_exported_as_they_came(store: Store, tmp_path: Path) -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "timetable", "arguments": '{"boat": 3}'}}
    rows = [
        {
            "messages": [
                {"role": "user", "content": f"When does boat {n} leave?"},
                {"role": "assistant", "content": None, "tool_calls": [call]},
                {"role": "tool", "content": "at 9", "tool_call_id": "c1"},
                {"role": "assistant", "content": "    At 9.\n"},
            ],
            "tools": [samples.TOOL],
            "parallel_tool_calls": False,
        }
        for n in range(3)
    ]
    done = importing.files(store, "c", [file(tmp_path, samples.lines(rows))])
    assert done.calls == 3
    kept = labels.approved_rows(store, "c")
    items = [Item(n, "train", row.messages, row.conversation) for n, row in enumerate(kept)]
    store.add_dataset(Dataset("d", "c", 1, 3, 0), items)
    export.dataset(store, "c", tmp_path / "out")
    written = (tmp_path / "out" / "train.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line) for line in written] == rows


@pytest.mark.parametrize("number", range(5))
def test_a_killed_import_leaves_the_record_whole(store: Store, tmp_path: Path, number: int) -> None:
    """Killed at any moment, everything or nothing was imported, and the same import then completes it."""
    rows = [{"messages": samples.plain(f"Question {n}?", f"Answer {n}.")} for n in range(MANY)]
    path = file(tmp_path, samples.lines(rows))
    child = subprocess.Popen(
        [sys.executable, "-c", IMPORT, str(store.path), str(path)], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "begun\n"
    time.sleep(random.Random(number).uniform(0.0, 1.2))
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    child.stdout.close()
    left = len(Store(store.path).conversations("c"))
    assert left in (0, MANY)
    assert store.db.execute("pragma integrity_check").fetchone()[0] == "ok"
    assert importing.files(store, "c", [path]).added == MANY - left
    turns = next(store.db.query("select count(*) as n from messages"))["n"]
    assert (len(store.conversations("c")), turns) == (MANY, 2 * MANY)
