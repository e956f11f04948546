"""The answers on the table in a real browser: read, marked, picked, and five of them before a switch."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from assistant.evidence.answers.rows import AnswerTable
from assistant.settings import Settings
from assistant.workbench import open_workbench
from tests.assistant.evidence.answers import measured_shop
from tests.assistant.evidence.judging.judging_server import JudgingServer
from tests.assistant.evidence.judging.test_judge import mark
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
        _vote(page, shots)
        page.locator("#switch").click()
        expect(page.locator("#answering")).to_contain_text("tuned")
    finally:
        shop.process.terminate()
        shop.process.wait(20)
    bench = open_workbench(Settings.model_validate({"data": shop.data}))
    marks, votes = [one.mark for one in bench.store.marks(1)], [one.choice for one in bench.store.votes(1)]
    bench.close()
    assert votes == ["left", "both bad"]
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


def _vote(page: Page, shots: Path) -> None:
    """Two answers without names; what was voted so far is folded away."""
    page.locator("#blind-fold > button").click()
    blind = page.locator("#blind")
    expect(blind.locator(".answer h4")).to_have_text(["A", "B"])
    asked = blind.locator(".asked").inner_text()
    for width in (390, 1440):
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_timeout(500)
        blind.scroll_into_view_if_needed()
        page.screenshot(path=shots / f"blind-{width}.png")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    blind.get_by_role("button", name="A is better").click()
    expect(blind.locator(".asked")).not_to_have_text(asked)
    expect(page.locator("#blind-said")).to_be_hidden()
    blind.get_by_role("button", name="Both bad").focus()
    page.keyboard.press("Enter")
    page.locator("#blind-results > button").click()
    expect(page.locator("#blind-said")).to_contain_text("of 2 votes")


def test_a_model_judges_once_enough_was_marked(shop: App, page: Page, shots: Path) -> None:
    bench = open_workbench(Settings.model_validate({"data": shop.data}))
    table = AnswerTable(bench.store, bench.store.evaluation(1))
    with JudgingServer() as server:
        shop.settings |= {"ATTUNE_GUIDE_BASE_URL": server.url, "ATTUNE_GUIDE_MODEL": "wise"}
        try:
            shop.start()
            page.goto(shop.url)
            page.get_by_role("tab", name="Compare", exact=True).click()
            page.locator("#judge-fold > button").click()
            page.locator("#judge-ask").click()
            said = page.locator("#judge-said")
            expect(said).to_contain_text("mark 20 answers right or wrong, 0 are")
            mark(table)
            page.locator("#judge-ask").click()
            expect(said).to_contain_text("wise: The judge agrees with you in 100% of 24 answers")
            said.scroll_into_view_if_needed()
            page.screenshot(path=shots / "judge.png")
        finally:
            shop.process.terminate()
            shop.process.wait(20)
    bench.close()


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
