"""The scripted interviews: people who talk in their own way, and the brief that the built-in guide makes of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from assistant.record.types import BRIEF_QUESTIONS
from tests.assistant.guide import interviewing
from tests.assistant.guide.proposing import open_bench

ENOUGH = 0.95  # of the fields


@pytest.mark.timeout(900)
@pytest.mark.parametrize("half", interviewing.HALVES)
def test_the_brief_holds_what_was_said(half: str, tmp_path: Path) -> None:
    bench, _ = open_bench(tmp_path / "run", guide_model="")
    try:
        outcomes = [interviewing.hold(bench, script) for script in interviewing.scripts(half)]
    finally:
        bench.close()
    told = {o.script.number: (o.wrong, o.repeated, o.unflagged) for o in outcomes if o.wrong or o.repeated}
    found = interviewing.totals(outcomes)
    assert found["complete"] == found["interviews"], told
    assert found["share"] >= ENOUGH, told
    assert found["asked_twice"] == 0, told
    assert found["most_questions"] <= interviewing.MOST_QUESTIONS, told
    assert found["flags_missed"] == 0, told


def test_the_scripts_are_sound() -> None:
    """Numbered once each, and every expectation names fields of the brief."""
    scripts = interviewing.scripts()
    assert [script.number for script in scripts] == list(range(1, len(scripts) + 1))
    for script in scripts:
        fields = {name for names in script.expect for name in names.split("|")} - {"flags"}
        assert fields <= set(BRIEF_QUESTIONS), script.number
        assert set(script.answers) <= set(BRIEF_QUESTIONS), script.number


def test_the_check_finds_what_is_wrong(tmp_path: Path) -> None:
    """A person whose words do not bear out the expectation fails it, so that a pass means something."""
    expect = {"goal": ["trains"], "tone": ["warm", "!cold"], "format": []}
    answers = {"goal": ["Sort mails"], "tone": ["warm or cold"]}
    script = interviewing.Script(1, "wrong", answers, [], expect, ["changing"])
    bench, _ = open_bench(tmp_path / "run", guide_model="")
    try:
        outcome = interviewing.hold(bench, script)
    finally:
        bench.close()
    assert outcome.wrong == {"goal": "Sort mails", "tone": "warm or cold"}
    assert outcome.unflagged == ["changing"]
    assert set(outcome.repeated) == set(BRIEF_QUESTIONS[:-2]) - {"goal", "tone"}  # asked without anything left to say
    assert outcome.complete
