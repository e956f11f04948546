"""Documents in the browser: many kinds dropped at once, the table of what was read, removing, a narrow screen."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.assistant.knowledge.office_files import docx, epub, pptx, xlsx
from tests.assistant.material import pdf
from tests.browser.conftest import App

pytestmark = pytest.mark.timeout(600)
MINUTE = 60_000


def test_five_kinds_at_once(app: App, page: Page, shots: Path, tmp_path: Path) -> None:
    files = {
        "Brewing guide.docx": docx(),
        "Training slides.pptx": pptx(),
        "Prices.xlsx": xlsx(),
        "Tea book.epub": epub(),
        "Terms of delivery.pdf": pdf("Parcels leave within one working day.\nPostage costs 4 euros."),
        "A file with a rather long name that somebody scanned in a hurry.pdf": pdf("", ""),
    }
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    page.goto(app.url)
    expect(page.locator(".tracker")).to_be_visible()
    _documents(page)
    page.locator("#upload input[type=file]").set_input_files([tmp_path / name for name in files])
    table = page.locator("#documents table")
    expect(page.locator("#upload-progress")).to_contain_text("5 added, 1 could not be used.", timeout=2 * MINUTE)
    for name in files:
        expect(table).to_contain_text(name)
    expect(table.locator("tr", has_text="Training slides.pptx").locator("td.n").nth(1)).to_have_text("2")
    expect(table.locator("tr.refused")).to_contain_text("is it scanned?")
    page.screenshot(path=shots / "documents-1440.png", full_page=True)

    page.reload()  # what became of the upload is in the record, not in the page
    _documents(page)
    expect(table.locator("tr.refused")).to_contain_text("is it scanned?")
    page.locator("#chosen-document input").click()
    page.get_by_role("option", name="Prices.xlsx").click()
    chosen = page.locator("#chosen-document input")
    (tmp_path / "Late.md").write_text("# Late\n\nGate 7 closes at noon.", encoding="utf-8")
    page.locator("#upload input[type=file]").set_input_files(tmp_path / "Late.md")
    expect(table).to_contain_text("Late.md", timeout=MINUTE)  # the panel was drawn anew, and the choice stays
    expect(page.locator("#upload-progress")).to_contain_text("1 added", timeout=MINUTE)
    expect(chosen).to_have_value("Prices.xlsx")
    page.locator("#remove").click()
    expect(table).not_to_contain_text("Prices.xlsx")
    expect(chosen).to_have_value("")
    expect(table).to_contain_text("A file with a rather long name")
    page.locator("#reindex").click()
    expect(page.locator("#upload-progress")).to_contain_text("Cut again into", timeout=MINUTE)

    page.set_viewport_size({"width": 390, "height": 844})
    page.reload()
    _documents(page)
    expect(table).to_contain_text("Brewing guide.docx")
    page.locator("#documents").scroll_into_view_if_needed()
    page.screenshot(path=shots / "documents-390.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def _documents(page: Page) -> None:
    page.get_by_role("tab", name="Documents", exact=True).click()
    expect(page.locator("#documents")).to_be_visible()
