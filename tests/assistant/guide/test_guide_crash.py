"""`kill -9` between any two turns of an interview, and inside a turn before any of its commits: nothing is lost."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from assistant.guide.agent import SOURCE, Guide
from assistant.record.store import Store
from assistant.record.types import Brief
from assistant.settings import ROOT, Settings
from assistant.stages import interview
from assistant.workbench import open_workbench

# What is asked, and what is said to it; "" where a step is offered. Twice an answer is taken back.
SCRIPT = (
    ("goal", "Answer customers' mails about their orders in our house style"),
    ("users", "Customers of the shop"),
    ("must_not", "Back"),
    ("users", "Customers of the shop, and Ada"),
    ("must_not", "Promise a date"),
    ("", "Baseline"),
    ("language", "English"),
    ("tone", "Warm and brief"),
    ("format", "Two sentences, then a line with the next step"),
    ("must", "Name the next step\nSay the fact first"),
    ("examples", "Back"),
    ("must", "Skip"),
    ("examples", "Hello! It left today.\nNext step: watch your inbox.\n\nYes, until five.\nNext step: drop in."),
    ("bad_example", "Dunno, maybe on Friday :)"),
)

# A process that has imported everything once. For every line it is given it forks a child, which opens the record as a
# new app would, has one turn, and dies by SIGKILL: after its reply, or where it was told to, before the nth commit.
NURSERY = """
import json, os, signal, sys
from pathlib import Path
from assistant.guide.agent import Guide
from assistant.record.store import Store
from assistant.settings import Settings
from assistant.workbench import open_workbench

def die():
    os.kill(os.getpid(), signal.SIGKILL)

class Watched(Store):  # the same record, whose every connection tells its statements before they are run
    commits = 0
    nth = 0

    @property
    def db(self):
        db = super().db
        db.conn.set_trace_callback(self.before)
        return db

    def before(self, statement):
        self.commits += statement.strip().upper() == "COMMIT"
        if self.commits == self.nth:
            die()

def turn(order):
    bench = open_workbench(Settings(data=Path(order["data"])))
    if order["nth"]:
        bench.store.__class__ = Watched
        bench.store.nth = order["nth"]
    guide = Guide(bench)
    reply = guide.say(order["case"], order["text"]) if order["text"] else guide.opening(order["case"])
    answer = {"text": reply.text, "suggestions": list(reply.suggestions)}
    os.write(1, (json.dumps(answer) + "\\n").encode())
    die()

for line in sys.stdin:
    child = os.fork()
    if not child:
        turn(json.loads(line))
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL, status
    os.write(1, b"killed\\n")
"""


class Nursery:
    """Turns of the guide, each in a process that does not survive it."""

    def __init__(self) -> None:
        self.data = Path()
        self.process = subprocess.Popen(
            [sys.executable, "-c", NURSERY], cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def turn(self, case: str, text: str = "", nth: int = 0) -> dict[str, Any] | None:
        """The reply to a message, or the opening; None where the process died before it answered."""
        assert self.process.stdin
        assert self.process.stdout
        order = {"data": str(self.data), "case": case, "text": text, "nth": nth}
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if line == "killed\n":
            return None
        assert self.process.stdout.readline() == "killed\n"
        found: dict[str, Any] = json.loads(line)
        return found

    def close(self) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait(30)


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    nursery = Nursery()
    yield nursery
    nursery.close()


@dataclass(frozen=True)
class Whole:
    """The interview in one process without a crash: its brief, its versions, its last words."""

    brief: Brief
    versions: int
    last: str


def asked(store: Store, case: str) -> str:
    """The field that the guide's last message asks for."""
    turns = store.turns_of_case(case, [SOURCE])
    return str(turns[max(turns)][-1].details.get("asked", ""))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Whole:
    bench = open_workbench(Settings.model_validate({"data": tmp_path_factory.mktemp("whole")}))
    guide, case = Guide(bench), interview.new(bench.store, "Tea shop").id
    guide.opening(case)
    for name, text in SCRIPT:
        assert asked(bench.store, case) == name
        reply = guide.say(case, text)
    found = Whole(bench.store.case(case).brief, len(bench.store.brief_versions(case)), reply.text)
    bench.close()
    assert found.brief.users == "Customers of the shop, and Ada"
    assert found.brief.skipped == ("must",)
    return found


@pytest.fixture
def begun(tmp_path: Path, nursery: Nursery) -> tuple[Store, str]:
    """A record and a case in it that the guide has opened."""
    nursery.data = tmp_path
    store = Store(Settings.model_validate({"data": tmp_path}).database)
    case = interview.new(store, "Tea shop").id
    assert nursery.turn(case)
    return store, case


@pytest.mark.timeout(300)
def test_an_interview_whose_every_turn_ends_by_kill(whole: Whole, nursery: Nursery, begun: tuple[Store, str]) -> None:
    store, case = begun
    last = ""
    for name, text in SCRIPT:
        assert asked(store, case) == name
        reply = nursery.turn(case, text)
        assert reply
        again = nursery.turn(case)  # the app is started anew: it asks what it asked, and adds no message
        assert again
        assert again["suggestions"] == reply["suggestions"]
        last = reply["text"]
    assert last == whole.last
    assert store.case(case).brief == whole.brief
    assert len(store.brief_versions(case)) == whole.versions
    said = store.turns_of_case(case, [SOURCE])
    assert [turn.role for turn in next(iter(said.values()))] == ["assistant", *["user", "assistant"] * len(SCRIPT)]


@pytest.mark.timeout(300)
def test_a_turn_that_is_killed_before_any_of_its_commits(
    whole: Whole, nursery: Nursery, begun: tuple[Store, str]
) -> None:
    """The answer is recorded whole or not at all, and the question that comes after the restart knows which."""
    store, case = begun
    killed = 0
    for name, text in SCRIPT:
        if (name, text) not in (SCRIPT[1], SCRIPT[2], SCRIPT[9], SCRIPT[11], SCRIPT[13]):
            assert nursery.turn(case, text)
            continue
        nth = 1
        while asked(store, case) == name and nursery.turn(case, text, nth) is None:
            killed += 1
            assert nursery.turn(case)  # the app is started anew and says where the case stands
            nth += 1
    assert killed >= 10  # before the message is kept, before the answer is, before the reply is
    assert store.case(case).brief == whole.brief
    assert len(store.brief_versions(case)) == whole.versions
