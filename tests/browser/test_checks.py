"""The checks of the brief in a browser: seen with their shares, one taken out, one added, the brief's back again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from assistant.record.types import Brief
from tests.assistant.material import new_case, talk
from tests.browser.conftest import App

pytestmark = pytest.mark.timeout(600)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[App]:
    """The app with a case whose brief asks for two things that can be checked and one that cannot."""
    _, store = new_case(tmp_path / "data")
    brief = Brief(goal="Help.", users="All.", must=("At most 80 words",), must_not=("emojis", "Give advice on health"))
    store.set_brief("plants", brief, "form")
    store.import_conversation("plants", "import", talk("Is it well?", "Yes, it is."))
    store.close()
    app = App(tmp_path / "data")
    app.start()
    yield app
    app.process.terminate()
    app.process.wait(20)


def test_checks_are_seen_and_edited(desk: App, page: Page, shots: Path) -> None:
    page.goto(desk.url)
    expect(page.locator(".tracker")).to_be_visible()
    page.get_by_role("tab", name="Compare", exact=True).click()
    page.locator("#brief-checks").get_by_role("button", name="Checks from the brief").click()
    table = page.locator("#checks table")
    expect(table.locator("tr")).to_have_count(1 + 2)
    expect(table).to_contain_text("has at most 80 words")
    expect(table.locator("td.n").first).to_have_text("1 of 1")
    expect(page.locator("#not-checked")).to_contain_text("1 not checked")
    expect(page.locator("#restore-checks")).to_be_hidden()

    page.locator("#check-argument textarea, #check-argument input").fill("Kind regards")
    page.locator("#add-check").click()
    expect(page.locator("#checks")).to_contain_text('contains "Kind regards"')
    page.locator("#remove-check").click()  # the first one is chosen
    expect(table.locator("tr")).to_have_count(1 + 2)
    expect(table).not_to_contain_text("has at most 80 words")
    for width in (1440, 390):
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_timeout(500)
        page.locator("#checks").scroll_into_view_if_needed()
        page.screenshot(path=shots / f"checks-{width}.png")
        assert page.evaluate("document.documentElement.scrollWidth") <= width

    page.locator("#restore-checks").click()
    expect(table).to_contain_text("has at most 80 words")
    expect(table).not_to_contain_text("Kind regards")
    expect(page.locator("#restore-checks")).to_be_hidden()
