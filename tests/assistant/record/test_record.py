"""The record: nothing overwritten, nothing half-written, safe from any thread."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat

import pytest
from sqlite_utils import Database

from assistant.errors import AttuneError
from assistant.record.disk import alone, private
from assistant.record.migrations import migrations
from assistant.record.store import Store
from assistant.record.types import Brief, Case, Dataset, Item, Passage, Score, Variant
from tests.assistant.material import at_once


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "deep" / "attune.db")
    store.add_case(Case("c", "A case", brief=Brief(goal="g", must=("a", "b"))))
    return store


def test_opening_twice_keeps_the_rows_and_applies_no_migration_again(store):
    again = Store(store.path)
    assert again.case("c").brief == Brief(goal="g", must=("a", "b"))
    assert again.db.journal_mode == "wal"


def test_every_table_of_the_design_is_there(store):
    wanted = "cases documents variants conversations messages datasets dataset_items jobs evaluations scores switches"
    assert {*wanted.split(), "proposals"} <= set(store.db.table_names())


def test_threads_write_at_the_same_time_and_nothing_is_lost(store):
    conversation = store.add_conversation("c", "chat")

    def write():
        for _ in range(25):
            store.add_turn(conversation.id, 0, "user", "x")
        store.close()

    at_once(*[write] * 4)
    assert len(store.turns(conversation.id)) == 100


def test_what_is_atomic_is_written_whole_or_not_at_all(store):

    def half():
        with store.atomic():
            store.add_conversation("c", "chat")
            store.add_document("c", "a.md", "md", "text", "00")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        half()
    assert store.conversations("c") == []
    assert store.documents("c") == []


def test_a_document_of_the_same_name_replaces_the_old_one_which_stays_in_the_record(store):
    store.add_document("c", "a.md", "md", "old", "00")
    store.add_document("c", "a.md", "md", "new", "11", warnings=["w"])
    (only,) = store.documents("c")
    assert (only.text, only.warnings) == ("new", ("w",))
    assert store.db.table("documents").count == 2


def test_turns_keep_their_passages_and_labels(store):
    conversation = store.add_conversation("c", "chat")
    turn = store.add_turn(conversation.id, 0, "assistant", "a", passages=[Passage("d", "h", "t", 0.5, 1)])
    store.label(turn.id, "approved")
    found = store.turn(turn.id)
    assert (found.label, found.passages) == ("approved", (Passage("d", "h", "t", 0.5, 1),))


def test_a_dataset_freezes_content(store):
    conversation = store.import_conversation(
        "c",
        "import",
        [
            {"role": "user", "content": "q"},
            {"role": "assistant", "content": "a", "weight": 0},
            {"role": "user", "content": "q"},
            {"role": "assistant", "content": "b"},
        ],
    )
    assert [t.label for t in store.turns(conversation.id)] == ["", "", "", "approved"]
    items = [Item(0, "train", [{"role": "user", "content": "é"}], conversation.id), Item(1, "test", [], 0)]
    store.add_dataset(Dataset("h", "c", 1, 1, 1), items)
    store.add_dataset(Dataset("h", "c", 1, 1, 1), items)
    store.add_turn(conversation.id, 0, "user", "edited later")
    assert store.items("h") == items
    assert store.items("h", "test") == items[1:]


def test_the_dataset_that_was_built_last_is_the_latest(store):
    for id in ("a", "b", "a"):
        store.add_dataset(Dataset(id, "c", 1, 1, 1), [])
    assert [known.id for known in store.datasets("c")] == ["b", "a"]


def test_datasets_from_before_keep_their_order(tmp_path):
    db = Database(tmp_path / "old.db")
    migrations.apply(db, stop_before="m009_built")
    db.table("cases").insert({"id": "c", "title": "c", "owner": "local", "brief": "{}", "options": "{}", "created": ""})
    for id, day in (("late", 3), ("early", 1), ("same day", 1)):
        db.table("datasets").insert(
            {
                "id": id,
                "case": "c",
                "seed": 1,
                "train": 1,
                "test": 1,
                "dropped": "{}",
                "created": f"2026-01-0{day}T03:04:05.000+00:00",
            }
        )
    db.close()
    store = Store(tmp_path / "old.db")
    assert [known.id for known in store.datasets("c")] == ["early", "same day", "late"]
    store.add_dataset(store.dataset("early"), [])
    assert [known.id for known in store.datasets("c")] == ["same day", "late", "early"]


def test_a_variant_is_recorded_once(store):
    variant = Variant("c", "rag", "local", "m", "s", passages=3, id="v1")
    assert store.add_variant(variant) == store.add_variant(variant) == variant
    assert len(store.variants("c")) == 1


def test_a_score_asked_again_replaces_the_failed_one(store):
    store.add_variant(Variant("c", "rag", "local", "m", "s", id="v1"))
    store.add_dataset(Dataset("h", "c", 1, 1, 1), [])
    evaluation = store.add_evaluation("c", "h", 0, "chrf", ["v1"])
    for error, value in (("down", None), ("", 0.5)):
        store.add_score(Score(evaluation.id, "v1", 0, 0, "", value, 1, 1, 0.1, 0.2, error))
    assert [score.score for score in store.scores(evaluation.id)] == [0.5]


def test_a_proposal_is_decided_once(store):
    proposal = store.add_proposal("c", "train", {"epochs": 2}, "why", "basis")
    assert store.decide(proposal.id, "confirmed")
    assert not store.decide(proposal.id, "declined")
    assert store.proposal(proposal.id).state == "confirmed"


def test_unknown_ids_are_a_sentence(store):
    for ask in (lambda: store.case("x"), lambda: store.variant("x"), lambda: store.job(9), lambda: store.turn(9)):
        with pytest.raises(AttuneError, match="There is no"):
            ask()


def test_a_record_that_cannot_be_opened_is_a_sentence(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(AttuneError, match="cannot be opened"):
        Store(tmp_path / "file" / "attune.db")
    (tmp_path / "bad.db").write_bytes(b"this is no database, whatever its name says" * 200)
    with pytest.raises(AttuneError, match="is not a SQLite database"):
        Store(tmp_path / "bad.db")


def test_a_full_disk_is_a_sentence_and_leaves_the_record_whole(store):
    pages = store.db.execute("pragma page_count").fetchone()[0]
    store.db.execute(f"pragma max_page_count = {pages + 2}")  # SQLite then answers as it does on a full disk
    conversation = store.add_conversation("c", "chat")
    with pytest.raises(AttuneError, match="cannot be written: the disk is full"):
        store.add_turn(conversation.id, 0, "user", "x" * 1_000_000)
    assert store.turns(conversation.id) == []
    assert sqlite3.connect(store.path).execute("pragma integrity_check").fetchone() == ("ok",)


def test_a_damaged_record_is_said_to_be_damaged_when_it_is_read(store):
    conversation = store.add_conversation("c", "chat").id
    for _ in range(50):
        store.add_turn(conversation, 0, "user", "word " * 400)
    store.db.execute("pragma wal_checkpoint(truncate)").fetchall()
    store.close()
    size = store.path.stat().st_size
    with open(store.path, "r+b") as file:
        file.seek(size // 2)
        file.write(b"\xff" * (size // 4))
    with pytest.raises(AttuneError, match="is damaged") as told:
        store.turns(conversation)
    assert "backup" in told.value.remedy
    assert "disk space" not in told.value.remedy


def test_a_record_in_use_is_said_to_be_in_use(store):
    store.db.execute("pragma busy_timeout = 50")
    other = sqlite3.connect(store.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(AttuneError, match="in use by another program"):
        store.add_conversation("c", "chat")
    other.execute("ROLLBACK")
    assert store.add_conversation("c", "chat").id


def test_a_record_that_is_read_only_is_said_to_be(store):
    store.db.execute("pragma query_only = 1")
    with pytest.raises(AttuneError, match="cannot be written") as told:
        store.add_conversation("c", "chat")
    assert "writable" in told.value.remedy


def test_a_fault_of_ours_is_none_of_the_disk(store):
    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        store.db.execute("select * from nowhere")


@pytest.mark.parametrize("again", [False, True], ids=["removed", "replaced"])
def test_a_folder_removed_meanwhile_is_a_sentence(store, again):
    shutil.rmtree(store.path.parent)
    if again:
        Store(store.path)
    for act in (lambda: store.cases(), lambda: store.add_conversation("c", "chat"), lambda: hold(store)):
        with pytest.raises(AttuneError, match="removed, moved or replaced") as told:
            act()
        assert "start Attune again" in told.value.remedy
    assert store.path.exists() == again


def hold(store):
    with alone.alone(store, "x"), store.atomic():
        pass


def modes(folder):
    return {path.name: oct(stat.S_IMODE(path.stat().st_mode)) for path in [folder, *folder.rglob("*")]}


def test_other_users_cannot_read_the_record(tmp_path):
    before = os.umask(0o022)
    try:
        store = Store(tmp_path / "run" / "attune.db")
        store.add_case(Case("c"))
        assert modes(tmp_path / "run") == {"run": "0o700"} | dict.fromkeys(
            ("attune.db", "attune.db-wal", "attune.db-shm"), "0o600"
        )
    finally:
        os.umask(before)


def test_what_was_left_open_to_others_is_mended(tmp_path):
    data = tmp_path / "run"
    for name in ("jobs/one", "logs", "models"):
        (data / name).mkdir(parents=True)
    for name in ("jobs/one/request.json", "logs/a.log", "attune.db", "attune.db-wal", "models/weights"):
        (data / name).write_text("words")
    for path in [data, *data.rglob("*")]:
        path.chmod(0o755)
    kept = tmp_path / "kept"
    kept.write_text("words")
    kept.chmod(0o644)
    (data / "jobs" / "link").symlink_to(kept)
    private.fix(data)
    found = modes(data)
    assert found.pop("models") == found.pop("weights") == "0o755"
    assert found.pop("link") == "0o644"  # what it leads to is none of ours
    assert set(found.values()) == {"0o700"}


def test_a_home_is_no_data_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home" / "me"))
    (tmp_path / "home" / "me").mkdir(parents=True)
    for folder in (tmp_path / "home", tmp_path / "home" / "me"):
        folder.chmod(0o755)
        private.fix(folder)
        assert stat.S_IMODE(folder.stat().st_mode) == 0o755
