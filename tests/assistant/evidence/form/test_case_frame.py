"""The frame of a case: learned, corrected by a person, or named by its case file."""

from __future__ import annotations

from pathlib import Path

import pytest

from assistant import cases
from assistant.errors import AttuneError
from assistant.evidence.form import case_frame
from assistant.evidence.verdict import limits
from assistant.record.store import Store
from assistant.record.types import Case
from tests.assistant.evidence.form.test_frame import ENGLISH, FACTS
from tests.assistant.guide.proposing import open_bench
from tests.assistant.material import talk


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = Store(tmp_path / "a.db")
    made.add_case(Case("desk", "Desk"))
    for question, answer in zip(FACTS, ENGLISH, strict=True):
        made.import_conversation("desk", "import", talk(question, answer))
    return made


def test_it_is_learned_until_somebody_corrects_it(store: Store):
    assert len(case_frame.of_case(store, "desk").parts) == 4
    case_frame.remove(store, "desk", 4)
    found = case_frame.add(store, "desk", "opens", ["Good day", "Hi"])
    assert [part.kind for part in found.parts] == ["opens", "line", "closes", "opens"]
    assert found.parts[-1].share == 1
    assert case_frame.of_case(store, "desk") == found
    assert case_frame.is_corrected(store, "desk")
    assert len(case_frame.restore(store, "desk").parts) == 4
    assert not case_frame.is_corrected(store, "desk")


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (lambda s: case_frame.remove(s, "desk", 9), "no part 9"),
        (lambda s: case_frame.add(s, "desk", "middle", ["x"]), "no kind 'middle'"),
        (lambda s: case_frame.add(s, "desk", "opens", [" "]), "no phrases"),
        (lambda _: case_frame.of_options({"frame": "x"}), "not a list"),
        (lambda _: case_frame.of_options({"frame": ["x"]}), "no kind"),
        (lambda _: limits({"margin": "wide"}), "no number from 0 to 1"),
        (lambda _: limits({"smallest_difference": {"tone": 0.1}}), "knows no 'tone'"),
    ],
)
def test_what_is_wrong_is_told_and_changes_nothing(store: Store, act, said: str):
    with pytest.raises(AttuneError, match=said):
        act(store)
    assert not case_frame.is_corrected(store, "desk")


def test_a_case_file_may_name_it(tmp_path: Path):
    folder = tmp_path / "desk"
    folder.mkdir()
    (folder / "conversations.jsonl").write_text(
        '{"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Ho."}]}\n', encoding="utf-8"
    )
    text = (
        '[brief]\ngoal = "x"\n[evaluate]\nmargin = 0.2\nsmallest_difference = {facts = 0.1}\n'
        '[[frame]]\nkind = "%s"\nphrases = ["Ho."]\n'
    )
    bench, _ = open_bench(tmp_path / "data")
    (folder / "case.toml").write_text(text % "opens", encoding="utf-8")
    case = cases.from_folder(bench, folder)
    assert case_frame.of_case(bench.store, case.id).bare() == "Ho."
    assert limits(case.options) == {"smallest": {"form": 0.05, "facts": 0.1, "score": 0.02}, "margin": 0.2}
    (folder / "case.toml").write_text(text % "sideways", encoding="utf-8")
    with pytest.raises(AttuneError, match="Part 1 of the format has no kind 'sideways'"):
        cases.from_folder(bench, folder)
    bench.close()
