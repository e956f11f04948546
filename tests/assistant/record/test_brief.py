"""The brief: typed, tolerant of older ones, every change a version, the same from every face."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr
import pytest
from sqlite_utils import Database

from assistant.errors import AttuneError
from assistant.faces.cli import brief_commands
from assistant.faces.ui.guide.brief_form import BriefForm, as_texts
from assistant.faces.ui.session import Session
from assistant.knowledge.prompt import composition
from assistant.record.briefs import differences
from assistant.record.migrations import migrations
from assistant.record.store import Store
from assistant.record.types import BRIEF_QUESTIONS, OPTIONAL_FIELDS, Brief, Case
from assistant.settings import Settings
from assistant.stages import baseline, current, interview
from assistant.workbench import Workbench, open_workbench
from tests.conftest import ROOT, Attune

EXAMPLE = ROOT / "data" / "examples" / "teashop"
OLDER = {name: f"about {name}" for name in BRIEF_QUESTIONS if name not in OPTIONAL_FIELDS}
OLDER |= {"must": ["be kind"], "must_not": [], "skipped": ["must_not"]}  # type: ignore[dict-item]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "attune.db")


@pytest.fixture
def case(store: Store) -> str:
    return interview.new(store, "Tea shop").id


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Workbench]:
    bench = open_workbench(Settings.model_validate({"data": tmp_path / "run"}))
    yield bench
    bench.close()


def test_every_change_is_a_version_with_its_time_and_source(store: Store, case: str) -> None:
    assert store.brief_versions(case) == []
    interview.run(store, case, {"goal": "Answer mails"})
    interview.run(store, case, {"tone": "warm", "must": ["a", "b"]}, source="form")
    interview.run(store, case, {"tone": "warm"}, source="form")  # changes nothing
    interview.run(store, case, {"tone": "skip"}, source="command line")
    found = store.brief_versions(case)
    assert [(version.number, version.source) for version in found] == [(1, "guide"), (2, "form"), (3, "command line")]
    assert [version.brief.tone for version in found] == ["", "warm", ""]
    assert found[1].brief.must == ("a", "b")
    assert found[0].created <= found[1].created <= found[2].created
    assert found[-1].brief == store.case(case).brief
    assert differences(found[0].brief, found[1].brief) == {"tone": ("", "warm"), "must": ([], ["a", "b"])}
    assert differences(found[1].brief, found[2].brief) == {"tone": ("warm", "skip")}


def test_restoring_is_a_version_too(store: Store, case: str) -> None:
    for tone in ("warm", "cold", "formal"):
        interview.run(store, case, {"tone": tone})
    assert store.restore_brief(case, 1, "form").tone == "warm"
    assert store.case(case).brief.tone == "warm"
    last = store.brief_versions(case)[-1]
    assert (last.number, last.restored, last.source) == (4, 1, "form")
    store.restore_brief(case, 4, "form")  # it is so already: no version
    assert len(store.brief_versions(case)) == 4
    store.restore_brief(case, 3, "form")
    assert store.case(case).brief.tone == "formal"
    with pytest.raises(AttuneError, match="no version 9") as caught:
        store.restore_brief(case, 9, "form")
    assert "1 to 5" in caught.value.remedy
    with pytest.raises(AttuneError, match="no version 1"):
        store.restore_brief(interview.new(store, "Other").id, 1, "form")


def test_versions_of_two_cases_do_not_mix(store: Store, case: str) -> None:
    other = interview.new(store, "Other").id
    for name in (case, other, case):
        interview.run(store, name, {"tone": f"tone {len(store.brief_versions(name))}"})
    assert [version.number for version in store.brief_versions(case)] == [1, 2]
    assert [version.number for version in store.brief_versions(other)] == [1]


def test_two_who_answer_at_once_lose_nothing(store: Store, case: str) -> None:
    names = [name for name in BRIEF_QUESTIONS if name not in ("must", "must_not", "examples")]

    def answer(name: str) -> None:
        interview.run(store, case, {name: f"about {name}"})
        store.close()

    threads = [threading.Thread(target=answer, args=[name]) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    brief = store.case(case).brief
    assert all(getattr(brief, name) == f"about {name}" for name in names)
    assert [version.number for version in store.brief_versions(case)] == list(range(1, len(names) + 1))


def test_a_record_from_before_versions_keeps_its_briefs(tmp_path: Path) -> None:
    db = Database(tmp_path / "old.db")
    migrations.apply(db, stop_before="m002_brief_versions")
    assert "brief_versions" not in db.table_names()
    for id, brief in (("old", OLDER), ("begun", {"goal": "g"}), ("new", {"goal": "", "must": [], "skipped": []})):
        db.table("cases").insert(
            {
                "id": id,
                "title": id,
                "owner": "local",
                "brief": json.dumps(brief),
                "options": "{}",
                "created": "2026-01-02T03:04:05.000+00:00",
            }
        )
    db.table("proposals").insert(
        {
            "id": 1,
            "case": "old",
            "kind": "train",
            "payload": "{}",
            "why": "w",
            "basis": "b",
            "state": "open",
            "result": "",
            "created": "",
            "decided": "",
        }
    )
    db.close()
    store = Store(tmp_path / "old.db")
    assert store.case("old").brief.tone == "about tone"
    assert store.case("old").brief.gaps == []  # it was complete before there were more questions
    assert store.case("begun").brief.gaps == [name for name in BRIEF_QUESTIONS if name != "goal"]
    first = store.brief_versions("old")
    assert [(version.number, version.source, version.created[:10]) for version in first] == [
        (1, "earlier", "2026-01-02")
    ]
    assert store.brief_versions("new") == []
    assert store.proposal(1).terms == {}
    interview.run(store, "old", {"tone": "formal"})
    store.restore_brief("old", 1, "form")
    assert store.case("old").brief == Brief.from_json(OLDER)


@pytest.mark.parametrize(
    ("value", "field", "expected"),
    [
        ({"goal": "g", "colour": "red"}, "goal", "g"),
        ({"must": "one rule"}, "must", ("one rule",)),
        ({"goal": ["a", "b"]}, "goal", "a b"),
        ({"tone": None, "must": None}, "must", ()),
        ({"goal": 7}, "goal", "7"),
        ({"examples": ["a\nb", "c"]}, "examples", ("a\nb", "c")),
        ({}, "goal", ""),
    ],
)
def test_other_json_is_read_as_far_as_it_goes(value: dict[str, Any], field: str, expected: Any) -> None:
    brief = Brief.from_json(value)
    assert getattr(brief, field) == expected
    assert Brief.from_json(brief.to_json()) == brief


def test_no_stage_waits_for_the_examples(store: Store, case: str) -> None:
    interview.run(store, case, {k: v for k, v in OLDER.items() if k != "skipped"} | {"must_not": "skip"})
    brief = store.case(case).brief
    assert brief.gaps == list(OPTIONAL_FIELDS)
    assert brief.missing == []
    assert baseline.blocked(store, case) is None
    assert current(store, case) == "baseline"
    assert interview.run(store, case, {}, source="file").brief.gaps == []  # a file that leaves them out is complete


def test_examples_change_no_instruction() -> None:
    brief = Brief.from_json(OLDER)
    more = replace(brief, examples=("Hello!\nWe post today.",), bad_example="No idea.", skipped=("must_not",))
    assert composition.instruction(Case("c", brief=more)) == composition.instruction(Case("c", brief=brief))
    assert "{" not in composition.instruction(Case("c", brief=more))


def test_examples_keep_their_lines(store: Store, case: str) -> None:
    text = "Hello!\nWe post today; thanks.\n\nOf course.\nIt is open.\n \nNo."
    brief = interview.run(store, case, {"examples": text, "bad_example": "hi\n- later; maybe", "goal": "a; b"}).brief
    assert brief.examples == ("Hello!\nWe post today; thanks.", "Of course.\nIt is open.", "No.")
    assert brief.bad_example == "hi\n- later; maybe"
    assert brief.goal == "a; b"
    assert interview.run(store, case, {"examples": ["A\n\nB"]}).brief.examples == ("A\n\nB",)


# the form -------------------------------------------------------------------------------------------------------------
def form(bench: Workbench) -> BriefForm:
    with gr.Blocks():
        return BriefForm(bench, Session())


def test_the_form_saves_what_was_edited_and_nothing_else(bench: Workbench) -> None:
    case = interview.new(bench.store, "A").id
    interview.run(bench.store, case, {"goal": "Answer mails", "must": ["a", "b"], "users": "all"})
    panel = form(bench)
    loaded, note, *_ = panel.show(case, {}, *[""] * len(BRIEF_QUESTIONS))
    assert loaded["must"] == "a\nb"
    assert "10 still open" in note
    assert "Version 1" in note
    interview.run(bench.store, case, {"tone": "warm"})  # the guide, meanwhile
    texts = as_texts(bench.store.brief_version(case, 1).brief) | {
        "must": "a\nb\nc",
        "users": " ",
        "format": "Two lines",
    }
    panel.save_brief(case, loaded, *texts.values())
    brief = bench.store.case(case).brief
    assert brief.must == ("a", "b", "c")
    assert brief.tone == "warm"
    assert (brief.users, "users" in brief.gaps) == ("", True)
    last = bench.store.brief_versions(case)[-1]
    assert (last.number, last.source) == (3, "form")


def test_the_form_keeps_what_is_being_typed(bench: Workbench) -> None:
    case = interview.new(bench.store, "A").id
    other = interview.new(bench.store, "B").id
    panel = form(bench)
    empty = [""] * len(BRIEF_QUESTIONS)
    loaded = panel.show(case, {}, *empty)[0]
    typing = ["I am still typ", *empty[1:]]
    interview.run(bench.store, case, {"tone": "warm"})
    _, _, _, _, goal, _, _, _, tone, *_ = panel.show(case, loaded, *typing)
    assert goal.value == "I am still typ"
    assert tone.value == "warm"
    assert panel.show(other, loaded, *typing)[4].value == ""  # another case: its own text
    assert "gap" in goal.elem_classes
    assert "gap" not in tone.elem_classes


def test_the_form_shows_what_restoring_would_change(bench: Workbench) -> None:
    case = interview.new(bench.store, "A").id
    for tone in ("warm", "<b>cold</b>"):
        interview.run(bench.store, case, {"tone": tone})
    panel = form(bench)
    shown = panel.compare_version(case, 1)
    assert "warm" in shown
    assert "&lt;b&gt;cold" in shown
    assert "as it stands" in panel.compare_version(case, 2)
    panel.restore_version(case, 1)
    assert bench.store.case(case).brief.tone == "warm"
    assert bench.store.brief_versions(case)[-1].restored == 1


# the command line -----------------------------------------------------------------------------------------------------
def told(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(done.stdout)
    return value


def test_answers_from_a_file_show_the_gaps(here: Attune, tmp_path: Path) -> None:
    here("new", "A")
    (tmp_path / "some.toml").write_text('goal = "Answer mails"\nmust = ["a; b", "c"]\ntone = "skip"\n')
    found = told(here("interview", "--answers", str(tmp_path / "some.toml"), "--json"))
    assert found["brief"]["must"] == ["a; b", "c"]
    assert found["gaps"] == [name for name in BRIEF_QUESTIONS if name not in ("goal", "must", "tone")]
    whole = told(here("interview", "--answers", str(EXAMPLE / "case.toml"), "--json"))
    assert whole["gaps"] == []
    assert len(whole["brief"]["examples"]) == 3
    assert whole["brief"]["bad_example"].count("\n") == 3


def test_a_terminal_understands_the_words_of_the_checklist(bench: Workbench) -> None:
    case = interview.new(bench.store, "A")
    name = "goal"
    for said, asked in (
        ("hello", "goal"),
        ("why", "goal"),
        ("What is this?", "goal"),
        (":-)", "goal"),
        ("next", "users"),
        ("Customers", "must_not"),
        ("", "language"),
        ("Back", "must_not"),
        ("zurück", "users"),
        ("Readers; of all kinds", "must_not"),
        ("Lie; cheat", "language"),
    ):
        case, name = brief_commands.took(bench, case, name, said)
        assert name == asked, said
    brief = case.brief
    assert (brief.goal, brief.users, brief.must_not) == ("", "Readers; of all kinds", ("Lie", "cheat"))
    assert brief.skipped == ()


def test_an_older_case_file_is_complete(here: Attune, tmp_path: Path) -> None:
    here("new", "A")
    answers = {k: v for k, v in OLDER.items() if k != "skipped"} | {"must_not": "skip"}
    (tmp_path / "older.json").write_text(json.dumps(answers))
    found = told(here("interview", "--answers", str(tmp_path / "older.json"), "--json"))
    assert found["gaps"] == []
    assert set(found["brief"]["skipped"]) == {"must_not", *OPTIONAL_FIELDS}


def test_a_wrong_key_is_named_and_the_rest_is_kept(here: Attune, tmp_path: Path) -> None:
    here("new", "A")
    (tmp_path / "a.json").write_text(json.dumps({"gaol": "x", "tone": "warm", "users": 5, "must": ["a"]}))
    done = here("interview", "--answers", str(tmp_path / "a.json"), "--json")
    assert done.returncode == 1
    error = told(done)
    assert "no 'gaol' (did you mean 'goal'?)" in error["error"]
    assert "'users' is not text" in error["error"]
    assert "2 other answers are kept" in error["remedy"]
    brief = told(here("brief", "--json"))["brief"]
    assert (brief["tone"], brief["must"], brief["goal"]) == ("warm", ["a"], "")


def test_brief_shows_versions_and_restores_one(here: Attune, tmp_path: Path) -> None:
    here("new", "A")
    assert "no version yet" in here("brief", "--versions").stdout
    for tone in ("warm", "formal"):
        (tmp_path / "a.json").write_text(json.dumps({"tone": tone, "costs": "skip"}))
        here("interview", "--answers", str(tmp_path / "a.json"))
    text = here("brief").stdout
    assert "tone: formal" in text
    assert "goal: (open)" in text
    assert "costs: (skipped)" in text
    versions = told(here("brief", "--versions", "--json"))["versions"]
    assert [(v["number"], v["source"], v["restored"]) for v in versions] == [(1, "file", 0), (2, "file", 0)]
    assert versions[1]["changes"] == {"tone": ["warm", "formal"]}
    assert told(here("brief", "a", "--restore", "1", "--json"))["brief"]["tone"] == "warm"
    listed = here("brief", "--versions").stdout
    assert "3. " in listed
    assert "command line, version 1 again" in listed
    assert "tone: formal -> warm" in listed
    refused = here("brief", "--restore", "7")
    assert refused.returncode == 1
    assert "no version 7" in refused.stderr
