"""Conversations in the browser: a product's export as it was downloaded, a table whose columns are told, tool calls."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.assistant.conversations.formats import samples
from tests.assistant.conversations.formats.samples import COUNT
from tests.browser.conftest import App

pytestmark = pytest.mark.timeout(600)


def test_what_people_have_gets_in(app: App, page: Page, shots: Path, tmp_path: Path) -> None:
    call = {"id": "c", "type": "function", "function": {"name": "timetable", "arguments": '{"boat": 3}'}}
    calling = {"messages": [*samples.plain("When?", "At nine."), *samples.plain("And boat 3?", "I look.")]}
    calling["messages"][-1]["tool_calls"] = [call]
    files = {
        "export.zip": samples.SAMPLES["ChatGPT, zip"][1](),
        "faq.csv": samples.table([{"Thema": "Pier 3?", "Text": "Closed.", "Nr": "7"}]),
        "calls.jsonl": samples.lines([calling | {"tools": [samples.TOOL]}]),
    }
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    page.goto(app.url)
    expect(page.locator(".tracker")).to_be_visible()
    page.get_by_role("tab", name="Dataset").click()
    page.locator("#import > button").click()
    drop = page.locator("#jsonl input[type=file]")
    drop.set_input_files([tmp_path / "export.zip"])
    expect(page.get_by_text(f"{COUNT} conversations imported").last).to_be_visible()
    expect(page.get_by_text(f"reasoning ({COUNT})").last).to_be_visible()
    drop.set_input_files([tmp_path / "faq.csv"])
    expect(page.get_by_text("It is not clear which columns").last).to_be_visible()
    page.locator("#import-names textarea, #import-names input").fill("question=Thema,answer=Text")
    drop.set_input_files([tmp_path / "faq.csv"])
    expect(page.get_by_text("1 conversation imported").last).to_be_visible()
    page.locator("#import-names textarea, #import-names input").fill("")
    drop.set_input_files([tmp_path / "calls.jsonl"])
    rows = page.locator("#conversations")
    expect(rows).to_contain_text("Pier 3?")
    expect(rows).to_contain_text('timetable({"boat": 3})')
    page.screenshot(path=shots / "import-1440.png", full_page=True)
