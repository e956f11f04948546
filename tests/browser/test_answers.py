"""The answers on the table in a real browser: read, marked, picked, and five of them before a switch."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from assistant.settings import Settings
from assistant.workbench import open_workbench
from tests.assistant.evidence.answers import measured_shop
from tests.assistant.guide.proposing import open_bench
from tests.browser.conftest import App

pytestmark = pytest.mark.timeout(900)
CASE = "fern-kettle"


@pytest.fixture
def shop(tmp_path: Path) -> App:
    """The app with a case whose model is proved better."""
    bench, trainer = open_bench(tmp_path / "data")
    measured_shop.measured(bench, measured_shop.trained(bench, trainer))
    bench.close()
    return App(tmp_path / "data")


def test_answers_are_read_and_marked_before_a_switch(shop: App, page: Page, shots: Path) -> None:
    try:
        shop.start()
        page.goto(shop.url)
        page.get_by_role("tab", name="Compare", exact=True).click()
        rows = page.locator("#answers details.row")
        expect(rows).to_have_count(5)
        expect(page.locator("#switch")).to_be_disabled()
        expect(page.locator("#switch-why")).to_contain_text("Read five answers first: 0 of 5.")

        _open(rows.nth(0))
        first = rows.nth(0)
        expect(first.locator(".differs").first).to_be_visible()
        expect(first.locator(".answer").first).to_contain_text("numbers from nowhere: 99")
        expect(page.locator("#switch-why")).to_contain_text("1 of 5")
        _wide_and_narrow(page, shots, "answers", first)

        wrong = first.get_by_role("button", name="Wrong", exact=True).first
        wrong.focus()
        page.keyboard.press("Enter")  # everything works without a mouse
        expect(first.locator(".answer").first.get_by_role("button", name="✓ Wrong")).to_be_focused()
        expect(page.locator("#answers-read")).to_contain_text("1 you called wrong")
        expect(first).to_have_attribute("open", "")

        for place in range(1, 5):
            rows.nth(place).locator("summary").first.focus()
            page.keyboard.press("Enter")
            expect(page.locator("#switch-why")).to_contain_text(f"{place + 1} of 5" if place < 4 else "Proved better")
        expect(page.locator("#switch")).to_be_enabled()

        _offer(rows.nth(4))
        _reports(page)
        page.locator("#answers-on button, button#answers-on").click()
        expect(page.locator("#answers-place")).to_contain_text("6 to 10 of 24")
        expect(page.locator("#answers details.row[open]")).to_have_count(0)
        page.locator("#answers-mark input").click()
        page.get_by_role("option", name="wrong", exact=True).click()
        expect(page.locator("#answers-place")).to_contain_text("1 to 1 of 1")
        page.locator("#switch").click()
        expect(page.locator("#answering")).to_contain_text("tuned")
    finally:
        shop.process.terminate()
        shop.process.wait(20)
    bench = open_workbench(Settings.model_validate({"data": shop.data}))
    marks = [one.mark for one in bench.store.marks(1)]
    bench.close()
    assert (marks.count("read"), marks.count("wrong"), marks.count("right")) == (5, 1, 1)


def _open(row: Locator) -> None:
    row.locator("summary").first.click()
    expect(row).to_have_attribute("open", "")


def _offer(row: Locator) -> None:
    """A right answer may become the approved one, with a word on what that means."""
    second = row.locator(".answer").nth(1)
    second.get_by_role("button", name="Right", exact=True).click()
    expect(second.get_by_role("button", name="Make it the approved answer")).to_be_visible()
    expect(second).to_contain_text("stays held out")


def _reports(page: Page) -> None:
    """Both kinds of the report come as files."""
    for kind, begins in (("html", b"<!doctype html>"), ("pdf", b"%PDF-")):
        with page.expect_download() as download:
            page.locator(f"#report-{kind}").click()
        assert download.value.suggested_filename == f"{CASE}-report.{kind}"
        assert Path(download.value.path()).read_bytes().startswith(begins)


def _wide_and_narrow(page: Page, shots: Path, name: str, shown: Locator) -> None:
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        for width in (1440, 390):
            page.set_viewport_size({"width": width, "height": 900})
            page.wait_for_timeout(600)
            shown.scroll_into_view_if_needed()
            page.screenshot(path=shots / f"{name}-{width}-{scheme}.png")
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            box = shown.bounding_box()
            assert box is not None
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= width
            places = (
                shown.locator(".cards")
                .first.locator(".answer")
                .evaluate_all("nodes => nodes.map(node => node.getBoundingClientRect().top)")
            )
            assert (len(set(places)) == 1) == (width == 1440)  # side by side, or one below the other
    page.set_viewport_size({"width": 1440, "height": 900})
    page.emulate_media(color_scheme="light")
