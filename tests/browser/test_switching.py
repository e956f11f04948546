"""A share, a reason and the automatic return, in a real browser."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from assistant import variants
from assistant.knowledge.reading import ingestion
from assistant.record.types import QUOTE, Case, Variant
from assistant.settings import Settings
from assistant.stages import baseline, switch
from assistant.workbench import open_workbench
from tests.browser.conftest import App

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
MINUTE = 60_000
QUESTION = "Which pots may be rinsed with soap?"


def fill(data: Path) -> None:
    """The documents are quoted, a tuned model is no longer there, and the quotes of twelve conversations are known."""
    bench = open_workbench(Settings.model_validate({"data": data}))
    store, made = bench.store, bench.settings
    deadline = time.monotonic() + 60
    while not store.cases() and time.monotonic() < deadline:  # the app makes a first one in its own time; this is newer
        time.sleep(0.05)
    case = store.add_case(Case("shop", "Tea shop")).id
    ingestion.add(store, made, case, "care.md", b"# Pots\n\nNever rinse a Kuro pot with soap.")
    baseline.run(store, made, case)
    switch.run(store, case, QUOTE)
    quote = switch.active(store, made, case)
    store.add_variant(variants.identified(Variant(case, "tuned", "local", str(data / "gone"), "Help.", job=1)))
    for _ in range(12):
        talk = store.add_conversation(case, "chat").id
        asked = store.add_turn(talk, 0, "user", QUESTION)
        store.add_turn(talk, asked.id, "assistant", "Never rinse a Kuro pot with soap.", variant=quote.id)
    bench.close()


def _ask(page: Page) -> None:
    page.locator("#new-conversation").click()
    page.locator("#message textarea").fill(QUESTION)
    page.locator("#message textarea").press("Enter")


def test_a_share_with_a_reason_and_the_way_back(app: App, page: Page, shots: Path) -> None:
    fill(app.data)
    page.goto(app.url)
    expect(page.locator("#answering")).to_contain_text("quote", timeout=MINUTE)
    page.get_by_role("tab", name="Compare").click()
    page.locator("#other > button").click()
    page.locator("#other-variant input").click()
    page.get_by_role("option", name="tuned", exact=True).click()
    page.locator("#sure input").check()
    page.locator("#switch-anyway").click()
    expect(page.get_by_text("a reason of at least three words")).to_be_visible()
    expect(page.locator("#other-variant input")).to_have_value("tuned")  # what was refused stands as it was
    page.get_by_label("Why, for the record").fill("to see how real questions are answered")
    page.locator("#switch-share input[type=number]").fill("50")
    page.locator("#switch-share input[type=number]").press("Tab")
    page.locator("#switch-anyway").click()
    expect(page.locator("#answering")).to_contain_text(re.compile(r"tuned 50 · quote 50"))
    expect(page.locator("#switches")).to_contain_text("switch (50 of 100)")
    expect(page.locator("#switches")).to_contain_text("overridden: to see how real questions are answered")
    expect(page.locator("#switch-trial")).to_contain_text("comes back by itself")
    page.locator("#other").scroll_into_view_if_needed()
    page.screenshot(path=shots / "switching-1440.png", full_page=True)
    page.set_viewport_size({"width": 390, "height": 844})
    page.screenshot(path=shots / "switching-390.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.set_viewport_size({"width": 1440, "height": 900})

    expect(page.get_by_label("Why, for the record")).to_have_value("")
    page.get_by_label("Why, for the record").fill("half of them went well")
    page.locator("#switch-share input[type=number]").fill("100")
    page.locator("#switch-share input[type=number]").press("Tab")
    page.locator("#switch-anyway").click()
    expect(page.locator("#answering")).to_contain_text("the model of training 1")
    page.get_by_role("tab", name="Chat").click()
    back = page.get_by_text("'quote' answers again")
    for _ in range(8):
        _ask(page)
        expect(page.locator("#message textarea")).to_be_enabled(timeout=MINUTE)
        expect(page.get_by_text("is not a model folder").or_(back).first).to_be_visible(timeout=MINUTE)
        if back.count():
            break
    expect(back.first).to_be_visible()
    page.screenshot(path=shots / "switching-returned.png")
    expect(page.locator("#answering")).to_contain_text("quote")
    _ask(page)
    expect(page.locator("#chat")).to_contain_text("Never rinse a Kuro pot with soap", timeout=MINUTE)
