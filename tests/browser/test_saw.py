"""What the model saw, in a real browser: the prompt in its parts, what was left out, and the passage that is cited."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from assistant import variants
from assistant.knowledge.prompt import composition, tokens, trace
from assistant.knowledge.reading import ingestion
from assistant.record.types import Case, Passage
from assistant.settings import Settings
from assistant.workbench import open_workbench
from tests.browser.conftest import App

pytestmark = pytest.mark.timeout(900)
MINUTE = 60_000
CARE = "Rinse the pot with hot water. Never use soap on a Kuro pot, for the seasoning comes off with it."
HOURS = "The counter is open from nine to six.\u202e" + "wide" * 60 + " <img src=x onerror=alert(1)> [x](http://evil)"
ANSWER = "Never use soap: the seasoning comes off [1]. We open at nine [2]."


def fill(data: Path) -> None:
    """A conversation whose answer cites two passages, with the prompt it came from; and a document to ask about."""
    bench = open_workbench(Settings.model_validate({"data": data}))
    store, made = bench.store, bench.settings
    case = store.add_case(Case("shop", "Tea shop")).id
    ingestion.add(store, made, case, "care.md", f"# Pots\n\n{CARE}".encode())
    variant = variants.plain(store, made, case)
    passages = [Passage("care.md", "Pots", CARE, 0.9), Passage("hours.md", "", HOURS, 0.5)]
    messages = [{"role": "user", "content": "May I use soap?\nAnd when are you open?"}]
    shots = [[{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello from the shop."}]]
    counter = tokens.of_folder(Path(made.model_path(variant.model)))
    whole = composition.build(variant, messages, passages, [], counter.window, counter.count)
    built = composition.build(
        variant, messages, passages, shots * 9, whole.tokens + variant.max_tokens + 20, counter.count
    )
    assert built.left_out
    talk = store.add_conversation(case, "chat").id
    asked = store.add_turn(talk, 0, "user", messages[0]["content"])
    store.add_turn(
        talk,
        asked.id,
        "assistant",
        ANSWER,
        variant=variant.id,
        passages=built.passages,
        details={"saw": trace.record(built, counter)},
    )
    variants.plain(store, made, case)
    store.add_switch(case, variants.untrained(store, made, case)["rag"].id, "switch", "for this test", "user")
    bench.close()


def fold(page: Page, title: str) -> Locator:
    return page.locator("#chat").get_by_text(title).last


def test_the_prompt_and_the_cited_passage(page: Page, tmp_path: Path, shots: Path) -> None:
    app = App(tmp_path / "data")
    fill(app.data)
    try:
        app.start()
        page.goto(app.url)
        chat = page.locator("#chat")
        expect(chat).to_contain_text("We open at nine", timeout=4 * MINUTE)

        chat.locator("button.cite", has_text="[2]").click()  # the passages unfold, and the one that is meant stands out
        expect(chat.locator(".cited.n2.meant")).to_be_visible()
        chat.locator("button.cite", has_text="[1]").click()
        expect(chat.locator(".cited.n1.meant")).to_be_visible()
        expect(chat.locator(".cited.n2.meant")).to_have_count(0)
        expect(chat.locator(".cited.n1 mark")).to_have_text(
            "Never use soap on a Kuro pot, for the seasoning comes off with it."
        )
        expect(chat.locator(".cited.n1")).to_contain_text("cited")

        fold(page, "What the model saw").click()
        text = chat.locator(".seen .text")
        expect(text.locator(".part.passages").nth(1)).to_contain_text("[1] Pots: Rinse the pot")
        expect(text.locator(".part.question")).to_contain_text("And when are you open?")
        expect(text.locator(".part.instruction")).to_contain_text("You are a helpful assistant")
        expect(text).to_contain_text("<img src=x onerror=alert(1)>")  # as text
        assert chat.locator("img[src=x], a[href*=evil]").count() == 0
        expect(chat.locator(".seen .left")).to_contain_text("least similar first")
        expect(chat.locator(".seen .left .example").first).to_have_text("Hi")
        expect(chat.locator(".seen .key")).to_contain_text("question")
        looks(page, shots)

        page.locator("#message textarea").fill("How do I clean my Kuro pot?")
        page.keyboard.press("Enter")
        expect(chat.get_by_text("What the model saw")).to_have_count(2, timeout=4 * MINUTE)
        fold(page, "What the model saw").click()
        expect(chat.locator(".seen .part.question").last).to_contain_text("How do I clean my Kuro pot?")
        expect(chat.locator(".seen .part.history").last).to_contain_text("We open at nine")
        page.screenshot(path=shots / "saw-asked.png", full_page=True)
    finally:
        app.process.terminate()
        app.process.wait(20)


def looks(page: Page, shots: Path) -> None:
    """Every kind of part has its own colour, and nothing is wider than the screen."""
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        for width in (1440, 390):
            page.set_viewport_size({"width": width, "height": 844})
            page.wait_for_timeout(600)
            page.screenshot(path=shots / f"saw-{width}-{scheme}.png", full_page=True)
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            box = page.locator("#chat .seen").first
            assert box.evaluate("node => node.scrollWidth <= node.clientWidth + 1")
            colours = [
                page.locator(f"#chat .seen .key .{kind}").evaluate("node => getComputedStyle(node).backgroundColor")
                for kind in ("instruction", "passages", "question")
            ]
            assert len(set(colours)) == len(colours)
            assert "rgba(0, 0, 0, 0)" not in colours
    page.set_viewport_size({"width": 1440, "height": 900})
    page.emulate_media(color_scheme="light")
