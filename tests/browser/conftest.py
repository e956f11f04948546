"""The real app in a child process with an empty data folder, and a real browser."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

expect.set_options(timeout=60_000)  # two busy cores
ROOT = Path(__file__).resolve().parents[2]
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
START_SECONDS = 120


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium of this machine. Without one the test skips, except in CI, which promised to run it."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        reason = "no chromium on the PATH: install the package 'chromium' to test the interface"
        if os.environ.get("CI", "").lower() == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def shots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where screenshots go: ATTUNE_SHOTS, else a temporary folder."""
    folder = Path(os.environ.get("ATTUNE_SHOTS") or tmp_path_factory.mktemp("shots"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


class App:
    """The app as its own process; it may be ended and started again on the same data."""

    def __init__(self, data: Path, **settings: str) -> None:
        """`settings` are environment variables for it."""
        self.data = data
        self.settings = {"ATTUNE_CHAT_MODEL": os.environ["ATTUNE_CHAT_MODEL"]} | settings
        self.url = ""
        self.lines: list[str] = []
        self._listening = threading.Event()

    def start(self) -> None:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("ATTUNE_", "OPENAI_"))}
        self.lines.clear()
        self._listening.clear()
        self.url = ""
        self.process = subprocess.Popen(
            [sys.executable, "app.py"],
            cwd=ROOT,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**kept, "ATTUNE_DATA": str(self.data), "ATTUNE_PORT": "0", **self.settings},
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        assert self._listening.wait(START_SECONDS), "".join(self.lines)
        assert self.url, "".join(self.lines)

    def stop(self) -> str:
        """Ctrl-C; returns what the app said at its end."""
        self.process.send_signal(signal.SIGINT)
        code = self.process.wait(40)
        self._reader.join(10)
        assert code == 0, f"exit {code}: {''.join(self.lines)}"
        return "".join(self.lines)

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line)
            if found := re.search(r"Attune is at (http://\S+)", line):
                self.url = found[1]
                self._listening.set()
        self._listening.set()


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    app = App(tmp_path / "data")
    app.start()
    yield app
    if app.process.poll() is None:
        app.process.terminate()
        app.process.wait(20)


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 1440, "height": 900}, color_scheme="light")
    context.set_default_timeout(60_000)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A page that notes every error of its scripts and every request to another host."""
    page = context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(f"script: {error}"))
    page.on("request", lambda request: problems.append(f"elsewhere: {request.url}") if _foreign(request.url) else None)
    yield page
    assert not problems, problems


def _foreign(url: str) -> bool:
    return not re.match(r"(data|blob|about):|(https?|wss?)://(127\.0\.0\.1|localhost)[:/]", url)
