"""The guide in a browser: from hello to a confirmed training, the brief as a form, and a card that can be changed."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Page, expect

from assistant.record.store import Store
from assistant.record.types import BRIEF_QUESTIONS, Turn
from assistant.settings import Settings
from tests.browser.conftest import ROOT, App

pytestmark = pytest.mark.timeout(1800)  # a minute on a free machine
EXAMPLE = ROOT / "data" / "examples" / "teashop"
MINUTE = 60_000
PATIENCE_S = 180  # for one answer of the guide on a machine with other work
TYPED = {
    "users": "Customers of a small tea shop",
    "must": "Name the next step\nSay the fact first",
    "must_not": "Promise a date",
    "examples": "Hello! It left today.\n\nYes, until five.",
}


def test_from_hello_to_a_confirmed_training(app: App, page: Page, shots: Path) -> None:
    store = Store(Settings.model_validate({"data": app.data}).database)
    page.goto(app.url)
    expect(page.locator("#guide-chat .bot.message")).to_have_count(1, timeout=2 * MINUTE)
    case = store.cases()[0].id
    page.screenshot(path=shots / "guide-01-hello.png")

    interview(page, store, case, shots)
    _say(page, store, case, "Back")
    assert store.case(case).brief.missing == ["must_not"]
    interview(page, store, case, shots)
    _say(page, store, case, "Baseline")
    expect(page.locator("#answering")).to_contain_text("prompt", timeout=MINUTE)
    interview(page, store, case, shots)
    _say(page, store, case, "Summary")
    _looks(page, shots, "guide-03-summary")
    _form(page, store, case, shots)

    rows = [json.loads(line) for line in (EXAMPLE / "conversations.jsonl").read_text("utf-8").splitlines()[:24]]
    for row in rows:
        store.import_conversation(case, "import", row["messages"])
    _say(page, store, case, "Dataset")
    for name in ("alternatives", "costs", "benefits"):
        assert _asked(store, case) == name
        with _answered(page, store, case):
            page.locator("#guide-chat .option", has_text=re.compile("^Skip$")).click()
    _say(page, store, case, "Train")

    card = page.locator("#proposal")
    expect(card).to_be_visible(timeout=MINUTE)
    for part in ("What", "Why", "How long", "How much", "What not"):
        expect(card.locator("dt", has_text=re.compile(f"^{part}$"))).to_be_visible()
    assert not store.jobs(case)
    _looks(page, shots, "guide-05-card")

    card.locator("#change").click()
    card.locator("#change-trainer input").click()
    page.get_by_role("option", name=re.compile("^trl")).click()
    card.locator("#change-max-steps input").fill("3")
    card.locator("#confirm").scroll_into_view_if_needed()
    page.screenshot(path=shots / "guide-06-change.png")
    card.locator("#change-propose").click()
    expect(card).to_contain_text("at most 3 steps", timeout=MINUTE)
    first, second = store.proposals(case)
    assert (first.state, second.state) == ("expired", "open")
    assert (second.payload["trainer"], second.payload["max_steps"]) == ("trl", 3)
    assert not store.jobs(case)

    card.locator("#confirm").click()
    expect(card).to_be_hidden(timeout=2 * MINUTE)
    expect(page.locator("#guide-chat")).to_contain_text("Training has started")
    assert store.proposal(second.id).state == "confirmed"
    assert [(job.trainer, job.request["max_steps"]) for job in store.jobs(case)] == [("trl", 3)]
    page.screenshot(path=shots / "guide-07-confirmed.png")


def interview(page: Page, store: Store, case: str, shots: Path) -> None:
    """Answers what is asked: types some answers, taps the first button for the others; a reload forgets nothing."""
    for number in range(len(BRIEF_QUESTIONS)):
        brief = store.case(case).brief
        name = _asked(store, case)
        if not name:
            break
        for button in ("Skip", "Back", "Why", "Next"):
            expect(page.locator("#guide-chat .option", has_text=re.compile(f"^{button}$"))).to_be_visible()
        if name in TYPED:
            _say(page, store, case, TYPED[name])
        else:
            with _answered(page, store, case):
                page.locator("#guide-chat .option").first.click()
        assert len(store.case(case).brief.gaps) < len(brief.gaps), name
        if number == 1:
            page.reload()
            expect(page.locator("#guide-chat .option").first).to_be_visible()
            page.screenshot(path=shots / "guide-02-interview.png")
    assert not store.case(case).brief.missing


def _form(page: Page, store: Store, case: str, shots: Path) -> None:
    """Edits one field beside the chat, sees the version, and brings the earlier one back."""
    number, before = len(store.brief_versions(case)), store.case(case).brief
    page.get_by_role("tab", name="Brief", exact=True).click()
    tone = page.locator("#brief-tone textarea")
    expect(tone).to_have_value(before.tone)
    tone.fill("Formal and exact, with a wink")
    page.screenshot(path=shots / "guide-04-editing.png")
    page.locator("#save-brief").click()
    expect(page.locator("#brief-note")).to_contain_text(f"Version {number + 1}")
    assert store.case(case).brief.tone == "Formal and exact, with a wink"
    page.locator("#brief-versions > button").click()
    page.locator("#brief-version input").click()
    page.get_by_role("option", name=re.compile(rf"^{number}\. ")).click()
    expect(page.locator("#brief-changes")).to_contain_text("with a wink")
    _looks(page, shots, "guide-04-form")
    expect(page.locator("#guide-chat")).to_be_in_viewport()  # the guide stays beside a long form
    page.locator("#restore-brief").click()
    expect(page.locator("#brief-note")).to_contain_text(f"Version {number + 2}")
    expect(tone).to_have_value(before.tone)
    assert store.case(case).brief == before
    page.get_by_role("tab", name="Chat", exact=True).click()


def _asked(store: Store, case: str) -> str:
    """The field that the guide's last message asks for."""
    turns = store.turns_of_case(case, ["guide"])
    return str(turns[max(turns)][-1].details["asked"])


@contextmanager
def _answered(page: Page, store: Store, case: str) -> Iterator[None]:
    """Waits until the guide has answered what is said inside, and the answer is on the screen."""

    def turns() -> list[Turn]:
        return next(iter(store.turns_of_case(case, ["guide"]).values()))

    before = turns()[-1].id
    yield
    deadline = time.monotonic() + PATIENCE_S
    while [turn.role for turn in turns() if turn.id > before][:2] != ["user", "assistant"]:
        assert time.monotonic() < deadline, turns()[-2:]
        page.wait_for_timeout(100)
    said = next(turn.content for turn in turns() if turn.id > before)
    expect(page.locator("#guide-chat .user.message").last).to_contain_text(said.splitlines()[0], timeout=MINUTE)
    expect(page.locator("#guide-chat").get_by_text("Thinking…")).to_have_count(0, timeout=MINUTE)
    page.wait_for_timeout(700)  # the other panels look at the record again


def _say(page: Page, store: Store, case: str, text: str) -> None:
    with _answered(page, store, case):
        box = page.locator("#guide-message textarea")
        box.fill(text)
        for _ in range(10):  # while the last answer is still being drawn, the box keeps what is sent
            box.press("Enter")
            page.wait_for_timeout(1000)
            if box.input_value() != text:
                break


def _looks(page: Page, shots: Path, name: str) -> None:
    """A picture at 1440 and at 390 pixels; nothing is wider than the screen."""
    schemes: tuple[tuple[int, Literal["light", "dark"]], ...] = ((390, "dark"), (1440, "light"))
    for width, scheme in schemes:
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)
        page.wait_for_timeout(600)
        page.screenshot(path=shots / f"{name}-{width}.png", full_page=width < 1000)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
