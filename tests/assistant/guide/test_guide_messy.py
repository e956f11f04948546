"""Interviews as people hold them, in five languages: every word stands where it was asked for, or nowhere."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from assistant.guide.agent import SOURCE, Guide
from assistant.guide.sentences.table import LANGUAGES
from assistant.record.threads import thread
from assistant.record.types import Brief
from assistant.stages import interview
from assistant.workbench import Workbench
from tests.assistant.guide.proposing import open_bench

TABLE = Path(__file__).parent / "messy.toml"
INTERVIEWS: list[dict[str, Any]] = tomllib.loads(TABLE.read_text(encoding="utf-8"))["interview"]


@pytest.fixture(scope="module", params=LANGUAGES)
def opened(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbench]:
    bench, _ = open_bench(tmp_path_factory.mktemp("run"), guide_language=request.param)
    yield bench
    bench.close()


def asked(bench: Workbench, case: str) -> str:
    """The field that the guide's last message asks for."""
    turns = bench.store.turns_of_case(case, [SOURCE])
    return str(thread(turns[max(turns)])[-1].details["asked"])


def text(brief: Brief, name: str) -> str:
    value = getattr(brief, name)
    return value if isinstance(value, str) else "\n".join(value)


def test_there_are_eight_of_every_language() -> None:
    assert Counter(each["language"] for each in INTERVIEWS) == dict.fromkeys(LANGUAGES, 8)
    said = [line for each in INTERVIEWS for line in each["says"]]
    assert Counter(line[0] for line in said).keys() == set("=?~|sbwnc")


def test_every_word_stands_where_it_was_asked_for_and_nowhere_else(opened: Workbench) -> None:
    language = opened.settings.guide_language
    for each in (each for each in INTERVIEWS if each["language"] == language):
        held(opened, each["says"])


def held(bench: Workbench, says: list[str]) -> None:
    """Hold one interview and check the brief after every message."""
    guide, case = Guide(bench), interview.new(bench.store, "Messy").id
    guide.opening(case)
    noted: list[tuple[str, Brief]] = []  # the fields that were noted, with the brief before
    for kind, said in ((line[0], line[1:]) for line in says):
        before, field = bench.store.case(case).brief, asked(bench, case)
        reply = guide.say(case, said)
        after = bench.store.case(case).brief
        if kind == "=":
            assert field, said
            assert text(after, field) == said
            assert f"{said}" in reply.text, "what was noted is said"
            assert replace(after, **{field: getattr(before, field)}) == before, said
            noted.append((field, before))
        elif kind == "s":
            assert after == replace(before, skipped=(*before.skipped, field)), said
            noted.append((field, before))
        elif kind == "b":
            field, before = noted.pop()
            assert after == before, said
            assert asked(bench, case) == field
        else:
            assert after == before, said
    notes = [text(bench.store.case(case).brief, name) for name in interview.QUESTIONS]
    assert not {line[1:] for line in says if line[0] in "?~|wnc"} & set(notes)
