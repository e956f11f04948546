"""Shares, reasons and the automatic return as each face has them: command line, page, guide, MCP and /v1."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr
import openai
import pytest

from assistant import variants
from assistant.errors import AttuneError
from assistant.faces.mcp.verbs import Verbs
from assistant.faces.ui.chat.chat_tab import ChatTab
from assistant.faces.ui.result.compare_tab import CompareTab
from assistant.faces.ui.session import Session
from assistant.faces.ui.top import Top
from assistant.guide import proposals, replies, state
from assistant.record.types import QUOTE, Case, Job, Variant
from assistant.stages import baseline, switch
from assistant.traffic import history
from assistant.uploads import tuned_models
from assistant.uploads.refusals import Refused
from assistant.workbench import Workbench, open_workbench
from tests.assistant.faces.api.conftest import V1, opened
from tests.assistant.material import add_documents, new_case
from tests.conftest import Attune

CASE = "plants"
QUESTION = "How often does the monstera want water?"
WHY = "to see how real questions are answered"


def prepared(bench: Workbench) -> Variant:
    """The documents are quoted; beside that there is a tuned model that is no longer on this machine."""
    store, settings = bench.store, bench.settings
    baseline.run(store, settings, CASE)
    switch.run(store, CASE, QUOTE)
    gone = str(settings.data / "gone")
    return store.add_variant(variants.identified(Variant(CASE, "tuned", "local", gone, "Help.", job=1)))


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Workbench]:
    made, store = new_case(tmp_path / "run")
    add_documents(made, store)
    found = open_workbench()
    prepared(found)
    yield found
    found.close()


def last(bench: Workbench) -> tuple[str, str, int]:
    row = bench.store.switches(CASE)[-1]
    return row.kind, row.reason, row.share


def test_the_command_line_wants_a_reason_and_tells_shares(bench: Workbench, here: Attune) -> None:
    for more in ([], ["--reason", "why not"]):
        done = here("switch", CASE, "--variant", "tuned", "--force", *more)
        assert done.returncode == 1
        assert "a reason of at least three words" in done.stderr
    told = here("switch", CASE, "--variant", "tuned", "--force", "--reason", WHY, "--share", "10")
    assert told.stdout == "'tuned' answers 10 of 100 conversations now. To go back: attune undo\n"
    assert last(bench) == ("switch", f"overridden: {WHY}", 10)
    found = json.loads(here("status", CASE, "--json").stdout)
    assert found["shares"] == {"tuned": 10, "quote": 90}
    assert found["switches"][-1]["reason"] == f"overridden: {WHY}"
    assert "'quote' comes back by itself" in found["traffic"]
    assert "tuned 10 of 100 conversations, quote 90 of 100 conversations" in here("status", CASE).stdout
    assert here("switch", CASE, "--variant", "prompt", "--share", "0").returncode == 2


def test_a_command_that_fails_for_good_brings_the_earlier_variant_back(bench: Workbench, here: Attune) -> None:
    for number in range(10):
        assert here("ask", CASE, f"{QUESTION} ({number})").returncode == 0
    assert bench.store.failures(CASE, switch.find(bench.store, CASE, QUOTE).id) == [0.0] * 10
    switch.run(bench.store, CASE, "tuned", reason=WHY, force=True)
    told = ""
    for number in range(8):
        done = here("ask", CASE, f"{QUESTION} [{number}]")
        told += done.stderr
        if done.returncode == 0:
            break
    assert done.stdout.startswith("Water the monstera once a week.")
    assert "'quote' answers again: answers of 'tuned' failed in" in told
    assert last(bench)[0] == "return"
    assert json.loads(here("status", CASE, "--json").stdout)["traffic"].startswith("'quote' answers again")


def test_the_page_switches_a_share_with_a_reason_and_shows_it(bench: Workbench) -> None:
    with gr.Blocks():
        tab, top = CompareTab(bench, Session()), Top(bench, Session())
    tuned = switch.find(bench.store, CASE, "tuned")
    with pytest.raises(AttuneError, match="a reason of at least three words"):
        tab._other(CASE, tuned.id, True, "", 100)
    with pytest.raises(AttuneError, match="Nothing has been measured"):
        tab._other(CASE, tuned.id, False, WHY, 100)
    tab._other(CASE, tuned.id, True, f"{WHY} <b>", 25)
    assert last(bench) == ("switch", f"overridden: {WHY} <b>", 25)
    shown = tab.show(CASE)
    history, trial = shown[-2:]
    assert "switch (25 of 100)" in history
    assert f"overridden: {WHY} &lt;b&gt;" in history
    assert "comes back by itself" in trial
    now = top.show(CASE)[1]
    assert "<b>tuned</b> 25 · <b>quote</b> 75" in now


def test_the_page_tells_of_a_return_where_it_happens(bench: Workbench, caught: list[str]) -> None:
    with gr.Blocks():
        tab = ChatTab(bench, Session())
    for number in range(10):
        list(tab.send(f"{QUESTION} ({number})", [], CASE, 0))
    switch.run(bench.store, CASE, "tuned", reason=WHY, force=True)
    for number in range(8):
        list(tab.send(f"{QUESTION} [{number}]", [], CASE, 0))
        if last(bench)[0] == "return":
            break
    assert last(bench)[0] == "return"
    assert "answers again: answers of" in caught[-1]


@pytest.fixture
def caught(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the page warned of: outside a page Gradio has nobody to tell."""
    found: list[str] = []
    monkeypatch.setattr(gr, "Warning", lambda text, **_: found.append(text))
    return found


def test_the_guide_proposes_and_tells_it(bench: Workbench) -> None:
    with pytest.raises(AttuneError, match="a reason of at least three words"):
        proposals.propose(bench, CASE, "switch", {"variant": "tuned", "force": True})
    with pytest.raises(AttuneError, match="A share of 120 is not possible"):
        proposals.propose(bench, CASE, "switch", {"variant": "prompt", "share": 120})
    made = proposals.propose(bench, CASE, "switch", {"variant": "tuned", "force": True, "reason": WHY, "share": 20})
    assert made.terms["what"] == "Let tuned answer 20 of 100 conversations from now on instead of quote."
    assert f"Your reason: {WHY}." in made.terms["why"]
    assert "answers 20 of 100 conversations" in proposals.confirm(bench, made.id)
    assert last(bench) == ("switch", f"overridden: {WHY}", 20)
    whole = proposals.propose(bench, CASE, "switch", {"variant": "tuned", "force": True, "reason": WHY})
    assert whole.payload["share"] == 100
    with pytest.raises(AttuneError, match="answers already"):
        proposals.propose(bench, CASE, "switch", {"variant": "tuned", "force": True, "reason": WHY, "share": 20})
    told = replies.status(state.read(bench, CASE), [])
    assert "tuned (20 %), quote (80 %)" in told
    assert "comes back by itself" in told


def test_agents_propose_a_share_with_the_reason_of_a_person(bench: Workbench) -> None:
    verbs = Verbs(bench)
    with pytest.raises(AttuneError, match="a reason of at least three words"):
        verbs.propose_switch("tuned", force=True)
    made = verbs.propose_switch("tuned", share=5, force=True, reason=WHY)
    assert bench.store.switches(CASE)[-1].variant != switch.find(bench.store, CASE, "tuned").id
    proposals.confirm(bench, made["proposal"])
    assert last(bench) == ("switch", f"overridden: {WHY}", 5)


def test_a_model_with_a_share_is_not_deleted(bench: Workbench) -> None:
    store, tuned = bench.store, switch.find(bench.store, CASE, "tuned")
    job = Job(1, CASE, "", "trl", "jobs/1", "succeeded", model=tuned.model)
    switch.run(store, CASE, "tuned", reason=WHY, force=True, share=1)
    switch.run(store, CASE, "prompt", share=50)
    with pytest.raises(Refused, match="This model answers"):
        tuned_models.delete(store, bench.settings, job)


@pytest.fixture
def v1(tmp_path: Path) -> Iterator[V1]:
    with opened(tmp_path / "run") as found:
        found.bench.store.add_case(Case(CASE, "Plant desk", owner="ada"))
        add_documents(found.bench.settings, found.bench.store)
        yield found


def test_programs_are_answered_by_one_variant_for_each_user(v1: V1) -> None:
    bench, store = v1.bench, v1.bench.store
    prepared(bench)
    switch.run(store, CASE, "tuned", reason=WHY, force=True, share=50)
    tuned, quote = (switch.find(store, CASE, name) for name in ("tuned", QUOTE))

    def answered(text: str, **more: Any) -> bool:
        """Whether an answer came, from the variant that quotes: the tuned model is gone."""
        messages: Any = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": text}]
        try:
            return bool(v1.ada.chat.completions.create(model=f"attune:{CASE}", messages=messages, **more).choices)
        except openai.APIStatusError:
            return False

    users = {user: {answered(f"{QUESTION} {n}", user=user) for n in range(3)} for user in ("eve", "fay", "gus", "hal")}
    begun = {text: {answered(text) for _ in range(2)} for text in ("Why me?", "Where to?")}
    expected = {user: history.told_apart("", user) for user in users} | {
        text: history.told_apart(text) for text in begun
    }
    for name, found in (users | begun).items():
        assert found == {switch.answering(store, bench.settings, CASE, expected[name]) == quote}, name
    assert {True, False} == set.union(*users.values())
    for user in users:
        try:
            said = bool(v1.ada.responses.create(model=f"attune:{CASE}", input=QUESTION, user=user).output_text)
        except openai.APIStatusError:
            said = False
        assert users[user] == {said}
    assert set(store.failures(CASE, tuned.id)) == {1.0}
    assert set(store.failures(CASE, quote.id)) == {0.0}
    assert len(store.failures(CASE, tuned.id)) + len(store.failures(CASE, quote.id)) == len(expected)


def test_a_request_that_is_at_fault_is_not_the_variants_failure(v1: V1) -> None:
    store = v1.bench.store
    made = store.add_variant(variants.identified(Variant(CASE, "prompt", "local", v1.model, "Help.")))
    switch.run(store, CASE, made.id)
    ask = v1.ada.chat.completions.create
    with pytest.raises(openai.BadRequestError):
        ask(model=f"attune:{CASE}", messages=[{"role": "user", "content": "word " * 200_000}])
    assert store.failures(CASE, made.id) == []
    assert ask(model=f"attune:{CASE}", messages=[{"role": "user", "content": "Hi"}], max_tokens=4).choices
    assert store.failures(CASE, made.id) == [0.0]
