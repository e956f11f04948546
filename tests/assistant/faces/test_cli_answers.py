"""`attune answers`: what was measured, beside each other, for people and for programs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from assistant.faces import journey
from assistant.stages import switch
from assistant.workbench import open_workbench
from tests.assistant.evidence.answers import measured_shop
from tests.assistant.guide.proposing import open_bench
from tests.conftest import Attune

CASE = "fern-kettle"


@pytest.fixture(autouse=True)
def shop(tmp_path: Path) -> None:
    bench, trainer = open_bench(tmp_path / "run")
    measured_shop.measured(bench, measured_shop.trained(bench, trainer))
    bench.close()


def test_rows_for_programs(here: Attune) -> None:
    done = json.loads(here("answers", CASE, "--json", "--limit", "3").stdout)
    assert (done["candidate"], done["against"], done["total"], done["read"]) == ("tuned", "few-shot", 24, 0)
    row = done["rows"][0]
    assert "99" in row["answers"]["tuned"]["text"]
    assert row["answers"]["tuned"]["flags"] == ["numbers from nowhere: 99"]
    assert row["approved"] != row["answers"]["tuned"]["text"]
    assert len(done["rows"]) == 3
    assert json.loads(here("answers", "--json").stdout)["read"] == 0  # a program reads nothing


def test_what_is_printed_for_people_is_read(here: Attune) -> None:
    done = here("answers", CASE, "--sort", "different")
    assert done.returncode == 0
    assert "Rows 1 to 5 of 24." in done.stdout
    assert "! not so: opens with" in done.stdout
    assert json.loads(here("answers", "--json").stdout)["read"] == 5
    reminded = here("switch", CASE)
    assert "first" not in reminded.stderr
    assert "Rows 24 to 24 of 24." in here("answers", "--start", "23").stdout


def test_a_switch_at_a_terminal_reminds_and_is_made(here: Attune) -> None:
    done = here("switch", CASE)
    assert done.returncode == 0
    assert "Read five answers first: 0 of 5." in done.stderr
    assert f"attune answers {CASE}" in done.stderr
    bench = open_workbench()
    assert switch.done(bench.store, CASE)
    bench.close()


def test_a_journey_switches_and_says_that_nobody_has_read() -> None:
    bench = open_workbench()
    found = bench.store.evaluation(1)
    made = journey.take_over(bench.store, found)
    assert made.reason == f"{found.verdict['reason']} Nobody has read the answers yet."
    assert (made.by, made.evaluation) == ("journey", found.id)
    for item in bench.store.items(found.dataset, "test")[:5]:
        bench.store.add_mark(found.id, item.position, 0, "read")
    assert journey.take_over(bench.store, found).reason == found.verdict["reason"]
    bench.close()


def test_marks_at_a_terminal(here: Attune) -> None:
    first = json.loads(here("answers", "--json", "--limit", "1").stdout)["rows"][0]
    row = f"{first['item']}.{first['turn']}"
    done = json.loads(here("answers", "--row", row, "--mark", "wrong", "--json").stdout)
    assert done["rows"][0]["answers"]["tuned"]["mark"] == "wrong"
    assert (done["marks"], done["read"]) == ({"right": 0, "wrong": 1, "references": 0}, 1)
    done = json.loads(here("answers", "--row", row, "--mark", "reference", "--json").stdout)
    assert done["rows"][0]["reference"] == "reference"
    done = json.loads(here("answers", "--row", row, "--mark", "cleared", "--json").stdout)
    assert (done["rows"][0]["reference"], done["rows"][0]["answers"]["tuned"]["mark"]) == ("", "")
    approved = here("answers", "--row", row, "--variant", "few-shot", "--approve")
    assert "stays held out" in approved.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--row", "999"], "no row 999"),
        (["--mark", "right"], "not said which answer"),
        (["--row", "40", "--mark", "right", "--variant", "gpt"], "not measured here"),
        (["--variant", "gpt"], "not measured here"),
        (["--marked", "maybe"], "no mark 'maybe'"),
    ],
)
def test_what_cannot_be_is_a_sentence_and_a_remedy(here: Attune, arguments: list[str], said: str) -> None:
    done = here("answers", CASE, *arguments)
    assert (done.returncode, done.stdout) == (1, "")
    assert said in done.stderr


def test_before_an_evaluation_there_is_nothing_to_read(here: Attune) -> None:
    here("new", "Empty")
    assert "Nothing has been measured yet" in here("answers", "empty").stderr
