"""The bench of the verdicts: a case goes through the whole journey and comes out judged; a record keeps the others."""

from __future__ import annotations

import json

import pytest

from assistant import workbench
from assistant.settings import Settings
from tests.bench import verdicts


@pytest.fixture
def bench(tmp_path):
    opened = workbench.open_workbench(Settings(data=tmp_path / "run"))
    yield opened
    opened.close()


@pytest.mark.slow
def test_a_case_is_trained_measured_and_judged(bench, tmp_path):
    """With the model of the tests, which answers nonsense: with 6 held out nothing is ever proved."""
    folder = verdicts.shortened(verdicts.EXAMPLES / "dispatch", tmp_path, 12, 6)
    found = verdicts.measure(bench, "dispatch", folder, answers=2)
    assert found["dataset"]["train"] == 12
    assert found["scorer"] == "exact"
    assert {"prompt", "few-shot", "quote", "tuned"} <= set(found["variants"])
    assert found["verdict"]["decision"] in verdicts.DONT
    assert found["ok"]
    assert [len(one["said"]) for one in found["answers"]] == [len(found["variants"])] * 2
    told = verdicts.text("dispatch", found)
    assert "Right is stay or undecided: ok" in told
    assert found["answers"][0]["asked"] in told


def test_a_record_keeps_the_other_cases_and_no_name_of_this_machine(tmp_path):
    file = tmp_path / "verdicts.json"
    verdicts.keep(file, "cafe", {"case": "cafe-7", "ok": True})
    verdicts.keep(file, "mobile", {"case": "mobile", "ok": False})
    verdicts.keep(file, "cafe", {"case": "cafe-8", "ok": False})
    cases = json.loads(file.read_text(encoding="utf-8"))["cases"]
    assert {name: of["ok"] for name, of in cases.items()} == {"cafe": False, "mobile": False}
    assert set(cases["cafe"]) == {"recorded", "machine", "ok"}


def test_a_shortened_case_is_not_recorded(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr("sys.argv", ["verdicts", "--rows", "12", "--record", str(tmp_path / "verdicts.json")])
    with pytest.raises(SystemExit):
        verdicts.main()
    assert "not recorded" in capsys.readouterr().err
    assert not (tmp_path / "verdicts.json").exists()
