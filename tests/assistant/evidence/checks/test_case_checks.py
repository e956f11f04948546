"""The checks of a case in a real record: compiled, edited, restored, and as a case file has them."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant import cases
from assistant.errors import AttuneError
from assistant.evidence.checks import case_checks
from assistant.evidence.checks.assertion import BriefCheck, make
from assistant.record.store import Store
from assistant.record.types import Brief
from assistant.stages import dataset
from assistant.workbench import Workbench
from tests.assistant.material import new_case, opened, talk

CASE = "plants"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    _, store = new_case(tmp_path)
    store.set_brief(
        CASE, Brief(must=("No emoji", "Start with 'Hello'"), success="95 % of answers keep the format"), "form"
    )
    yield store
    store.close()


def ids(store: Store) -> list[str]:
    return [check.id for check in case_checks.of_case(store, CASE).checks]


def test_the_brief_counts_until_somebody_edits(store: Store) -> None:
    hello = make("starts_with", "Hello").id
    assert ids(store) == ["no_emoji", hello]
    store.set_brief(CASE, Brief(must=("No emoji",)), "form")
    assert ids(store) == ["no_emoji"]
    assert not case_checks.is_edited(store, CASE)

    case_checks.add(store, CASE, "contains", "Hello | Hi there\nGood day", share=0.9)
    added = case_checks.of_case(store, CASE)
    assert added.checks[-1].argument == ("Hello", "Hi there", "Good day")
    assert [(one.subject, one.share) for one in added.thresholds] == [(added.checks[-1].id, 0.9)]
    store.set_brief(CASE, Brief(must=("No links",)), "form")
    assert ids(store) == ["no_emoji", added.checks[-1].id]

    case_checks.remove(store, CASE, "no_emoji")
    case_checks.remove(store, CASE, added.checks[-1].id)
    assert ids(store) == []
    case_checks.restore(store, CASE)
    assert ids(store) == ["no_url"]
    assert store.case(CASE).options == {}


def test_other_options_of_the_case_stay(store: Store) -> None:
    store.set_options(CASE, {"scorer": "chrf"})
    case_checks.add(store, CASE, "json", "")
    assert store.case(CASE).options["scorer"] == "chrf"
    case_checks.restore(store, CASE)
    assert store.case(CASE).options == {"scorer": "chrf"}


def test_what_cannot_be_done_is_said_and_changes_nothing(store: Store) -> None:
    for kind, typed in (("max_words", "few"), ("nonsense", ""), ("no_emoji", "")):
        with pytest.raises(AttuneError):
            case_checks.add(store, CASE, kind, typed)
    with pytest.raises(AttuneError, match="no_emoji"):
        case_checks.remove(store, CASE, "nothing")
    assert not case_checks.is_edited(store, CASE)


def test_a_share_of_the_brief_stays_where_the_list_is_edited(store: Store) -> None:
    case_checks.add(store, CASE, "json", "")
    assert [one.subject for one in case_checks.of_case(store, CASE).thresholds] == ["format"]


def test_approved_answers_are_those_of_the_train_side(store: Store) -> None:
    for number in range(12):
        store.import_conversation(CASE, "import", talk(f"How is plant {number}?", f"Plant {number} is fine 😊."))
    store.import_conversation(CASE, "heldout", talk("And the fern?", "The fern is held out."))
    assert len(case_checks.approved(store, CASE)) == 12
    found = case_checks.of_case(store, CASE)
    assert not found.checks
    assert {(one.check.id, one.kept, one.told) for one in found.doubtful if one.check.kind == "no_emoji"} == {
        ("no_emoji", 0, 12)
    }
    dataset.run(store, CASE)
    train = [str(item.messages[-1]["content"]) for item in store.items(store.datasets(CASE)[-1].id, "train")]
    assert sorted(case_checks.approved(store, CASE)) == sorted(train)
    assert "The fern is held out." not in train


def test_of_many_answers_some_of_all_are_tried(store: Store) -> None:
    with store.atomic():
        for number in range(1300):
            store.import_conversation(CASE, "import", talk(f"Plant {number}?", f"It is number {number}."))
    found = case_checks.approved(store, CASE)
    assert 400 < len(found) <= case_checks.MOST_APPROVED
    assert any("number 12" in answer for answer in found[-20:])


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60).filter(lambda text: text.strip())
SHARES = st.none() | st.floats(0.01, 1)
CHECKS = (
    st.builds(make, st.sampled_from(["contains", "not_starts_with"]), TEXTS, TEXTS, st.just("must"), SHARES)
    | st.builds(make, st.just("one_of"), st.lists(TEXTS.map(str.strip), min_size=2, unique=True), share=SHARES)
    | st.builds(make, st.sampled_from(["max_words", "min_lines"]), st.integers(1, 999), TEXTS, share=SHARES)
    | st.builds(make, st.sampled_from(["json", "no_emoji"]), share=SHARES)
)


@given(st.lists(CHECKS, unique_by=lambda check: check.id))
def test_a_case_file_gives_back_what_was_written(checks: list[BriefCheck]) -> None:
    table = tomllib.loads(case_checks.as_toml(checks))
    assert case_checks.read_list(table.get("checks", [])) == checks


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "desk"
    (folder / "documents").mkdir(parents=True)
    (folder / "conversations.jsonl").write_text(
        '{"messages": [{"role": "user", "content": "Open?"}, {"role": "assistant", "content": "Yes."}]}\n'
    )
    return folder


def from_file(bench: Workbench, folder: Path, checks: str) -> list[BriefCheck]:
    (folder / "case.toml").write_text(f'{checks}\n[brief]\ngoal = "Help."\nmust = ["No emoji"]\n', encoding="utf-8")
    case = cases.from_folder(bench, folder)
    return list(case_checks.of_case(bench.store, case.id).checks)


def test_a_case_file_may_bring_its_own_list(store: Store, tmp_path: Path, folder: Path) -> None:
    bench = opened(new_case(tmp_path / "other")[0], store)
    (brief,) = from_file(bench, folder, "")
    assert brief.id == "no_emoji"
    own = '[[checks]]\ntext = "Short"\nkind = "max_words"\nargument = 80\nshare = 0.9\n[[checks]]\nkind = "json"\n'
    assert [(check.id, check.source_text, check.share) for check in from_file(bench, folder, own)] == [
        ("max_words-80", "Short", 0.9),
        ("json", "is valid JSON", None),
    ]
    assert from_file(bench, folder, "checks = []") == []


@pytest.mark.parametrize(
    ("checks", "word"),
    [
        ('[[checks]]\nkind = "max_word"\nargument = 80', "Check 1"),
        ('[[checks]]\nkind = "json"\n[[checks]]\nkind = "max_words"', "Check 2"),
        ('[[checks]]\nkinds = "json"', "no kind"),
        ('[[checks]]\nkind = "json"\nshares = 1', "shares"),
        ('[checks]\nkind = "json"', "[[checks]]"),
        ("checks = 3", "[[checks]]"),
        ("checks = [3]", "no kind"),
    ],
)
def test_a_wrong_list_leaves_no_case(store: Store, tmp_path: Path, folder: Path, checks: str, word: str) -> None:
    bench = opened(new_case(tmp_path / "other")[0], store)
    before = len(store.cases())
    with pytest.raises(AttuneError) as refused:
        from_file(bench, folder, checks)
    assert refused.value.sentence.startswith("case.toml: ")
    assert word in str(refused.value)
    assert len(store.cases()) == before
