"""The whole journey in a browser, as a person makes it: from the interview to a switch and its undo."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Locator, Page, expect

from assistant.record.store import Store
from assistant.settings import Settings
from tests.browser.conftest import ROOT, App
from tests.browser.test_guide import interview

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
EXAMPLE = ROOT / "data" / "examples" / "teashop"
STEPS, TRAIN, HELDOUT = 6, 24, 5
MINUTE = 60_000


def test_journey(app: App, page: Page, shots: Path, tmp_path: Path) -> None:
    _open(page, app.url)
    expect(page.locator("#answering")).to_contain_text("prompt on tiny")
    page.screenshot(path=shots / "01-first.png")

    store = Store(Settings.model_validate({"data": app.data}).database)
    interview(page, store, store.cases()[0].id, shots)
    expect(page.locator("#guide-chat")).to_contain_text("Next is the baseline")
    expect(_stage(page)).to_contain_text("Baseline")
    page.screenshot(path=shots / "02-interview.png")

    _tab(page, "Documents")
    page.locator("#upload input[type=file]").set_input_files([EXAMPLE / "documents" / "delivery.md"])
    expect(page.locator("#documents")).to_contain_text("delivery.md")
    page.locator("#build-baseline").click()
    expect(page.locator("#answering")).to_contain_text("rag on tiny")
    page.screenshot(path=shots / "03-documents.png")

    _tab(page, "Chat")
    _chat(page, shots)

    _tab(page, "Dataset")
    expect(page.locator("#build-dataset")).to_be_disabled()
    _import(page, _head(tmp_path, "conversations.jsonl", TRAIN), heldout=False)
    _import(page, _head(tmp_path, "heldout.jsonl", HELDOUT), heldout=True)
    expect(page.locator("#dataset-counts")).to_contain_text(f"{HELDOUT}held-out")
    page.locator("#build-dataset").click()
    expect(page.locator("#dataset-why")).to_contain_text("Frozen")
    page.screenshot(path=shots / "05-dataset.png", full_page=True)

    _train(page, shots)
    app.stop()  # a person may end the app at any time: what was done is in the record
    app.start()
    _open(page, app.url)
    _compare(page, shots)
    for width, scheme in ((1440, "dark"), (390, "light")):
        _looks(page, shots, width, scheme)


def test_narrow_and_dark(app: App, page: Page, shots: Path) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.emulate_media(color_scheme="dark")
    _open(page, app.url)
    expect(page.locator("#guide-chat")).to_be_in_viewport()  # a new case begins with the guide's question
    _looks(page, shots, 390, "dark")


def _looks(page: Page, shots: Path, width: int, scheme: Literal["light", "dark"]) -> None:
    """Every panel fits the width; a picture of each is kept."""
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme)
    page.reload()
    for name in ("Chat", "Brief", "Documents", "Dataset", "Training", "Compare"):
        _tab(page, name)
        page.wait_for_timeout(1500)  # the plots draw themselves
        page.screenshot(path=shots / f"{width}-{scheme}-{name.lower()}.png", full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name


def _open(page: Page, url: str) -> None:
    page.goto(url)
    expect(page.locator(".tracker")).to_be_visible()
    expect(page.locator("#guide-chat .message").first).to_be_visible()


def _stage(page: Page) -> Locator:
    return page.locator(".tracker li.current")


def _tab(page: Page, name: str) -> None:
    page.get_by_role("tab", name=name, exact=True).click()
    page.wait_for_timeout(700)


def _ask(page: Page, question: str) -> None:
    page.locator("#message textarea").fill(question)
    page.keyboard.press("Enter")
    expect(page.locator("#message .submit-button")).to_have_text("Send", timeout=MINUTE)
    expect(page.locator("#chat .bot.message").last).not_to_be_empty()


def _chat(page: Page, shots: Path) -> None:
    """Asks, approves, edits, regenerates, and finds it all again after a reload."""
    chat = page.locator("#chat")
    _ask(page, "When do you post my parcel?")
    expect(chat).to_contain_text("passages used", timeout=MINUTE)
    chat.get_by_role("button", name="Like", exact=True).last.click()
    expect(page.locator("#approved")).to_contain_text("1 answer approved")
    page.screenshot(path=shots / "04-chat.png")
    chat.get_by_role("button", name="Retry").click()  # another answer, or word for word the same one, which is told
    another = page.locator("#approved").filter(has_text="0 answers approved")
    expect(another.or_(page.get_by_text("The model gave the same answer again"))).to_be_visible(timeout=MINUTE)
    chat.get_by_role("button", name="Edit").last.click()
    chat.locator("textarea").first.fill("We post within one working day.\nNext step: watch your inbox.")
    chat.get_by_role("button", name="Submit").click()
    expect(page.get_by_text("Your version is kept")).to_be_visible()
    expect(page.locator("#approved")).to_contain_text("1 answer approved")
    page.reload()
    expect(chat).to_contain_text("We post within one working day.")
    expect(chat).to_contain_text("When do you post my parcel?")


def _head(folder: Path, name: str, rows: int) -> Path:
    path = folder / name
    path.write_text("\n".join((EXAMPLE / name).read_text(encoding="utf-8").splitlines()[:rows]), encoding="utf-8")
    return path


def _import(page: Page, path: Path, heldout: bool) -> None:
    fold = page.locator("#import > button")
    if not page.locator("#heldout input").is_visible():
        fold.click()
    page.locator("#heldout input").set_checked(heldout)
    page.locator("#jsonl input[type=file]").set_input_files([path])
    expect(page.get_by_text(re.compile(r"\d+ conversations imported")).last).to_be_visible()
    page.wait_for_timeout(500)


def _train(page: Page, shots: Path) -> None:
    """A few steps, followed live; the page is closed in between."""
    _tab(page, "Training")
    expect(page.locator("#forecast")).to_contain_text("memory")
    page.locator("#expert > button").click()
    page.locator("#max-steps input").fill(str(STEPS))
    expect(page.locator("#expert")).to_contain_text(f"--max-steps {STEPS}")
    page.screenshot(path=shots / "06-training-form.png", full_page=True)
    page.locator("#start-training").click()
    expect(page.locator("#run-status")).to_contain_text("Training 1", timeout=MINUTE)
    page.reload()
    _tab(page, "Training")
    expect(page.locator("#run-status")).to_contain_text(re.compile(rf"step \d of {STEPS}"), timeout=2 * MINUTE)
    expect(page.locator("#loss .scatterlayer path.js-line").first).to_be_attached(timeout=MINUTE)
    expect(page.locator("#run-status")).to_contain_text("succeeded", timeout=2 * MINUTE)
    expect(page.locator("#samples table")).to_be_visible()
    expect(_stage(page)).to_contain_text("Evaluate")
    page.screenshot(path=shots / "07-trained.png", full_page=True)


def _compare(page: Page, shots: Path) -> None:
    """Measures, switches by explicit choice (six steps prove nothing), and undoes it."""
    _tab(page, "Compare")
    page.locator("#evaluate").click()
    expect(page.locator("#evaluate-progress .bar")).to_be_visible()
    page.screenshot(path=shots / "08-evaluating.png")
    expect(page.locator("#results table")).to_be_visible(timeout=2 * MINUTE)
    expect(page.locator("#results")).to_contain_text("tuned")
    expect(page.locator("#verdict")).to_contain_text("Cannot tell yet")
    expect(page.locator("#switch")).to_be_disabled()
    page.screenshot(path=shots / "09-compared.png", full_page=True)

    page.locator("#other > button").click()
    page.locator("#other-variant input").click()
    page.get_by_role("option", name="tuned", exact=True).click()
    page.locator("#sure input").check()
    page.get_by_label("Why, for the record").fill("to see how it answers")
    page.locator("#switch-anyway").click()
    expect(page.locator("#answering")).to_contain_text("tuned on the model of training 1")
    page.screenshot(path=shots / "10-switched.png", full_page=True)
    page.locator("#undo-switch").click()
    expect(page.locator("#answering")).to_contain_text("rag on tiny")
    expect(page.locator("#undo-switch")).to_be_hidden()
    page.screenshot(path=shots / "11-undone.png")
