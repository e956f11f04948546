"""The training panel in a browser: its options, pausing, taking a model elsewhere, and a model that is hosted."""

from __future__ import annotations

import json
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import Page, expect

from app import make_app
from assistant.guide import proposals
from assistant.settings import Settings
from assistant.stages import finetune
from assistant.workbench import Workbench, open_workbench
from tests.assistant.guide.proposing import ready
from tests.assistant.hosted_bench import at
from tests.assistant.test_hosting import opened
from tools import jobdir

pytestmark = pytest.mark.timeout(600)
MINUTE = 60_000


@contextmanager
def serving(bench: Workbench) -> Iterator[str]:
    """The app over an open workbench, in this process."""
    server = uvicorn.Server(uvicorn.Config(make_app(bench), port=0, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(20)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Workbench]:
    made = open_workbench(Settings.model_validate({"data": tmp_path / "run", "embedding": "lexical"}))
    yield made
    made.close()


def test_options_and_a_model_that_leaves(bench: Workbench, page: Page, shots: Path) -> None:
    case = ready(bench)
    trained(bench, case)
    with serving(bench) as url:
        open_training(page, url)
        expect(page.locator(".tracker-note")).to_contain_text("Evaluate")  # it ended while nobody looked
        page.locator("#expert > button").click()
        page.locator("#method input").click()
        page.get_by_role("option", name="Prefer the better of two answers (DPO)").click()
        expect(page.locator("#forecast")).to_contain_text("pair")  # nobody has compared two answers yet
        expect(page.locator("#expert")).to_contain_text("--method dpo")
        looks(page, shots, "options")
        page.locator("#method input").click()
        page.get_by_role("option", name="Imitate the approved answers").click()
        page.locator("#tuning input").click()
        page.get_by_role("option", name="All weights (small models)").click()
        page.locator("#patience input").fill("2")
        expect(page.locator("#forecast")).to_contain_text("memory")
        expect(page.locator("#expert")).to_contain_text("--tuning full --patience 2")

        page.locator("#export > button").click()
        page.locator("#export-go").click()
        expect(page.locator("#export-told")).to_contain_text("as transformers and vLLM read it")
        assert (bench.settings.data / "exports" / case / "job-1-model" / "model.safetensors").is_file()
        page.locator("#export-kind input").click()
        page.get_by_role("option", name="A repository on the Hub").click()
        expect(page.locator("#export-what")).to_contain_text("This leaves your computer")
        page.locator("#export-go").click()
        expect(page.get_by_text("The repository has no name")).to_be_visible()
        page.locator("#export-name input, #export-name textarea").fill("ada/tea")
        page.locator("#export-go").click()
        expect(page.locator("#export-told")).to_contain_text("Set HF_TOKEN")
        looks(page, shots, "export")


@pytest.mark.slow
def test_a_run_is_paused_and_goes_on(bench: Workbench, page: Page, shots: Path) -> None:
    case = ready(bench)
    finetune.run(bench, case, trainer="trl", max_steps=4000)
    status = page.locator("#run-status")
    with serving(bench) as url:
        open_training(page, url)
        expect(status).to_contain_text("step", timeout=3 * MINUTE)
        page.locator("#pause-run").click()
        expect(status).to_contain_text("Paused at step", timeout=2 * MINUTE)
        expect(page.locator("#pause-run")).to_be_hidden()
        expect(page.locator(".tracker-note")).to_contain_text("is paused: resume it or cancel it")
        looks(page, shots, "paused")
        page.locator("#resume-run").click()
        expect(status).to_contain_text("running", timeout=MINUTE)
        page.locator("#stop-run").click()
        page.locator("#really-stop").click()
        expect(status).to_contain_text("cancelled", timeout=2 * MINUTE)


def test_a_hosted_model_is_deployed_and_taken_down(page: Page, shots: Path, tmp_path: Path) -> None:
    ids = {"azure_subscription_id": "sub-1", "azure_resource_group": "group-1", "embedding": "lexical"}
    with at("azure", tmp_path / "run", **ids) as found:
        found.bench.hosting = opened(found)
        found.run()
        found.ended()
        with serving(found.bench) as url:
            open_training(page, url)
            text = page.locator("#hosting-text")
            expect(text).to_contain_text("is not deployed at Azure")
            expect(page.locator("#take-down")).to_be_hidden()
            looks(page, shots, "hosting")
            page.locator("#deploy").click()
            expect(page.locator("#proposal")).to_contain_text("$1.70 an hour")
            looks(page, shots, "hosting-proposal")
            made = proposals.current(found.bench, found.case)
            assert made is not None
            proposals.confirm(found.bench, made.id)
            page.reload()
            open_training(page, url)
            expect(text).to_contain_text("of 8 reserved hours")
            looks(page, shots, "hosting-deployed")
            page.locator("#take-down").click()
            expect(text).to_contain_text("is not deployed at Azure")
            assert not found.vendor.deployments


def trained(bench: Workbench, case: str) -> None:
    """A run that has succeeded, whose model is the tiny one."""
    store, settings = bench.store, bench.settings
    folder = settings.jobs / "trl-earlier"
    shutil.copytree(settings.chat_model, folder / "merged")
    steps = [{"type": "step", "step": n, "steps": 9, "loss": 3 / n, "lr": 1e-3, "tokens": 50 * n} for n in range(1, 10)]
    (folder / jobdir.EVENTS).write_text("".join(json.dumps(step) + "\n" for step in steps))
    result = {"state": "succeeded", "model": "merged", "metrics": {"seconds": 9}}
    (folder / jobdir.RESULT).write_text(json.dumps(result))
    handle, noted = settings.portable(str(folder)), {"system": "", "base_name": "tiny"}
    store.add_job(case, store.datasets(case)[-1].id, "trl", handle, "running", noted)


def open_training(page: Page, url: str) -> None:
    page.goto(url)
    expect(page.locator(".tracker")).to_be_visible()
    page.get_by_role("tab", name="Training", exact=True).click()
    expect(page.locator("#run, #start-form").first).to_be_attached()
    page.wait_for_timeout(700)


def looks(page: Page, shots: Path, name: str) -> None:
    """It fits both widths; a picture of each is kept."""
    for width in (390, 1440):
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_timeout(600)
        page.screenshot(path=shots / f"training-{name}-{width}.png", full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
