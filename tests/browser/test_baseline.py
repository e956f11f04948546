"""From documents to the best untrained variant in a browser: read, asked, cited, measured, and served by one click."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.assistant.evidence.reading_server import ReadingServer
from tests.assistant.knowledge.office_files import docx, epub, pptx, xlsx
from tests.assistant.material import new_case, pdf
from tests.assistant.stages.test_baseline_measured import skip_the_rest
from tests.browser.conftest import App

pytestmark = pytest.mark.timeout(900)
MINUTE = 60_000
TERMS = (
    "Parcels leave the house within one working day.\nThe bicycle courier costs 4 euros a parcel.\n"
    "Broken pots are replaced within thirty days."
)
NUMBERS = ("pages", "chunks", "tokens")


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[App]:
    """The app with a case whose interview is done, before a chat server on loopback that cites what it was given."""
    _, store = new_case(tmp_path / "data")
    skip_the_rest(store)
    store.close()
    with ReadingServer() as chat:
        app = App(tmp_path / "data", ATTUNE_CHAT_BASE_URL=chat.url, ATTUNE_CHAT_MODEL="reads")
        app.start()
        yield app
        app.process.terminate()
        app.process.wait(20)


def test_from_documents_to_the_variant_that_serves(shop: App, page: Page, shots: Path, tmp_path: Path) -> None:
    page.goto(shop.url)
    expect(page.locator(".tracker")).to_be_visible()
    _upload(page, tmp_path)
    _both(page, shots, "baseline-documents", page.locator("#documents"))

    _tab(page, "Chat")
    _ask(page, "How much does the bicycle courier cost?")
    chat = page.locator("#chat")
    chat.locator("button.cite", has_text="[1]").click()
    cited = chat.locator(".cited.n1.meant")
    expect(cited).to_contain_text("Terms of delivery.pdf")
    expect(cited.locator("mark").filter(has_text="costs 4 euros a parcel")).to_be_visible()
    _both(page, shots, "baseline-cited", cited)

    _tab(page, "Compare")
    page.locator("#measure-baseline").click()
    report = page.locator("#baseline-report")
    expect(report.locator("table")).to_be_visible(timeout=4 * MINUTE)
    expect(report).to_contain_text(re.compile(r"Generated: \d+ questions"))
    expect(report).to_contain_text("The search alone")
    rows = report.locator("table.answers tr")
    expect(rows).to_have_count(1 + 5)
    plain = rows.filter(has=page.locator("b", has_text=re.compile("^prompt$")))
    expect(plain.locator("td").nth(3)).to_have_text("–")  # nothing to compare it with
    for name in ("rag", "rag+few-shot"):
        row = rows.filter(has=page.locator("b", has_text=re.compile(f"^{re.escape(name)}$")))
        expect(row.locator("td").nth(4)).to_have_text(re.compile(r"\d+%"))
    _both(page, shots, "baseline-report", report)

    expect(page.locator("#answering")).to_contain_text("rag on reads")
    page.locator("#serve-few-shot").click()  # one click, and it answers
    expect(page.locator("#answering")).to_contain_text("few-shot on reads")
    expect(page.locator("#serve-few-shot")).to_be_disabled()
    expect(page.locator("#serve-few-shot")).to_have_text("few-shot answers now")
    _both(page, shots, "baseline-switched", page.locator("#serve"))
    page.locator("#undo-switch").click()
    expect(page.locator("#answering")).to_contain_text("rag on reads")


def _upload(page: Page, folder: Path) -> None:
    """Five kinds at once; the table tells what was read of each."""
    files = {
        "Brewing guide.docx": docx(),
        "Training slides.pptx": pptx(),
        "Prices.xlsx": xlsx(),
        "Tea book.epub": epub(),
        "Terms of delivery.pdf": pdf(TERMS),
    }
    for name, data in files.items():
        (folder / name).write_bytes(data)
    _tab(page, "Documents")
    page.locator("#upload input[type=file]").set_input_files([folder / name for name in files])
    expect(page.locator("#upload-progress")).to_contain_text("5 added.", timeout=4 * MINUTE)
    table = page.locator("#documents table")
    expect(table.locator("tr")).to_have_count(1 + len(files))
    for name in files:
        row = table.locator("tr", has_text=name)
        for place, _ in enumerate(NUMBERS, start=1):
            expect(row.locator("td.n").nth(place)).to_have_text(re.compile(r"[1-9]"))
    page.locator("#build-baseline").click()
    expect(page.locator("#answering")).to_contain_text("rag on reads")


def _ask(page: Page, question: str) -> None:
    page.locator("#message textarea").fill(question)
    page.keyboard.press("Enter")
    expect(page.locator("#chat")).to_contain_text(re.compile("passages? used"), timeout=MINUTE)
    expect(page.locator("#chat button.cite").first).to_be_visible()


def _both(page: Page, shots: Path, name: str, shown: Locator) -> None:
    """A picture of what is shown on a wide and on a narrow screen; nothing is wider than either."""
    for width in (1440, 390):
        page.set_viewport_size({"width": width, "height": 900 if width > 900 else 844})
        page.wait_for_timeout(700)
        shown.scroll_into_view_if_needed()
        page.screenshot(path=shots / f"{name}-{width}.png")
        page.screenshot(path=shots / f"{name}-{width}-whole.png", full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        box = shown.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
        cut = "nodes => nodes.filter(node => node.scrollWidth > node.clientWidth + 1).length"
        assert shown.locator(".answers td, .wide").evaluate_all(cut) == 0
    page.set_viewport_size({"width": 1440, "height": 900})


def _tab(page: Page, name: str) -> None:
    page.get_by_role("tab", name=name, exact=True).click()
    page.wait_for_timeout(500)
