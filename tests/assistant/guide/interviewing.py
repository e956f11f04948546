"""Scripted interviews: who says what, a runner that lets them talk to the real guide, and a check of the brief.

The scripts are the TOML files in `interviews/`; the README beside them says how to read them.
"""

from __future__ import annotations

import re
import tomllib
from collections import defaultdict, deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from assistant.guide import state
from assistant.guide.agent import SOURCE, Guide
from assistant.record.threads import thread
from assistant.record.types import OPTIONAL_FIELDS
from assistant.stages import interview
from assistant.workbench import Workbench

FOLDER = Path(__file__).parent / "interviews"
HALVES = ("dev", "heldout")
MOST_TURNS = 60  # of one interview: a guide that is not done by then is lost
MOST_QUESTIONS = 14
LAST_OF_DEV = 68  # scripts with a higher number were held out: see the README of the scripts


@dataclass(frozen=True)
class Script:
    """One person. `answers` holds, by field, what they say each time it is asked."""

    number: int
    name: str
    answers: dict[str, list[str]]
    end: list[str]
    expect: dict[str, list[str]]
    flags: list[str]

    @property
    def half(self) -> str:
        return HALVES[self.number > LAST_OF_DEV]


@dataclass
class Outcome:
    """How an interview went: `wrong` are the fields that differ from what was said, with what the brief holds."""

    script: Script
    fields: int = 0
    wrong: dict[str, str] = field(default_factory=dict)
    questions: int = 0
    repeated: list[str] = field(default_factory=list)
    unflagged: list[str] = field(default_factory=list)
    complete: bool = False
    talk: list[str] = field(default_factory=list)


def scripts(half: str = "all", folder: Path = FOLDER) -> list[Script]:
    """The interviews of one half, or all of them, by number."""
    files = [tomllib.loads(path.read_text("utf-8")) for path in sorted(folder.glob("*.toml"))]
    found = sorted((_script(row) for file in files for row in file["interview"]), key=lambda script: script.number)
    return [script for script in found if half in ("all", script.half)]


def hold(bench: Workbench, script: Script) -> Outcome:
    """Let the person of a script talk to the guide until both have nothing to say, and check the brief."""
    guide = Guide(bench)
    case = interview.new(bench.store, script.name).id
    queues = defaultdict(deque, {name: deque(says) for name, says in script.answers.items()})
    end, outcome, seen = deque(script.end), Outcome(script), set()
    heard = guide.opening(case).text
    outcome.talk.append(f"GUIDE {heard}")
    while len(outcome.talk) < 2 * MOST_TURNS:
        asked = _asked(bench, case)
        gaps = bench.store.case(case).brief.gaps
        if asked and not queues[asked] and asked not in OPTIONAL_FIELDS:
            outcome.repeated.append(asked)
        if asked:
            seen.add(asked)
            says = queues[asked].popleft() if queues[asked] else "skip"
        elif gaps:
            says = "next"  # an LLM may chat without asking
        elif end:
            says = end.popleft()
        else:
            break
        reply = guide.say(case, says).text
        heard += reply
        outcome.talk += [f"PERSON {says}", f"GUIDE {reply}"]
    outcome.questions = len(seen) + len(outcome.repeated)
    _check(outcome, bench, case, heard)
    return outcome


def totals(outcomes: list[Outcome]) -> dict[str, Any]:
    """The figures of a run."""
    fields, wrong = sum(o.fields for o in outcomes), sum(len(o.wrong) for o in outcomes)
    return {
        "interviews": len(outcomes),
        "complete": sum(o.complete for o in outcomes),
        "fields": fields,
        "right": fields - wrong,
        "share": round((fields - wrong) / fields, 4) if fields else 0.0,
        "asked_twice": sum(len(o.repeated) for o in outcomes),
        "most_questions": max((o.questions for o in outcomes), default=0),
        "flags_missed": sum(len(o.unflagged) for o in outcomes),
    }


def _script(row: dict[str, Any]) -> Script:
    answers = {name: _list(says) for name, says in row.get("answers", {}).items()}
    answers["goal"] = [*_list(row["first"]), *answers.get("goal", [])]
    end = _list(row.get("end", {}).get("say", []))
    return Script(row["number"], row["name"], answers, end, row["expect"], row["expect"].get("flags", []))


def _list(says: str | list[str]) -> list[str]:
    return [says] if isinstance(says, str) else says


def _asked(bench: Workbench, case: str) -> str:
    """The field that the guide's last message asked for."""
    turns = bench.store.turns_of_case(case, [SOURCE])
    return str(thread(turns[max(turns)])[-1].details.get("asked", ""))


def _check(outcome: Outcome, bench: Workbench, case: str, heard: str) -> None:
    now = state.read(bench, case)
    outcome.complete = not now["gaps"]
    for names, patterns in outcome.script.expect.items():
        if names == "flags":
            continue
        outcome.fields += 1
        values = [now["brief"][name] for name in names.split("|")]
        text = "; ".join("; ".join(v) if isinstance(v, list) else v for v in values)
        if not _fits(text, patterns):
            outcome.wrong[names] = text
    flags: dict[str, str] = now["red_flags"]
    outcome.unflagged = [name for name in outcome.script.flags if name not in flags or flags[name] not in heard]


def _fits(text: str, patterns: list[str]) -> bool:
    if not patterns:
        return not text
    return all(bool(re.search(p.removeprefix("!"), text, re.I)) != p.startswith("!") for p in patterns)
