"""A proxy that the environment names is not asked for what this machine serves itself."""

from __future__ import annotations

import functools
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from assistant.endpoints import Endpoint
from assistant.settings import Settings
from assistant.workbench import open_workbench
from tests.tools.vendor_server import BASE, KEY, serving
from tools import loopback, process
from tools.engine.serving import ModelServer

DEAD = "http://127.0.0.1:9"


@pytest.fixture(autouse=True)
def _dead_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, DEAD)
    for name in loopback.EXEMPT:
        monkeypatch.setenv(name, "")


@pytest.fixture
def health(tmp_path: Path) -> Iterator[str]:
    """The address of a server that says that it is well."""
    (tmp_path / "health").touch()
    handler = functools.partial(SimpleHTTPRequestHandler, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def test_a_model_server_is_found_well_past_a_dead_proxy(health: str, tmp_path: Path) -> None:
    server = ModelServer("model", tmp_path / "log")
    server.base_url = f"{health}/v1"
    server.process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        assert server.healthy()
    finally:
        server.stop()


def test_an_app_that_was_opened_chats_on_loopback_past_a_dead_proxy(tmp_path: Path) -> None:
    bench = open_workbench(Settings.model_validate({"data": tmp_path / "run", "embedding": "lexical"}))
    try:
        with serving() as vendor:
            assert [model.id for model in Endpoint(vendor.api, BASE, KEY).client().models.list()] == [BASE]
    finally:
        bench.close()


def test_children_go_past_it_and_whoever_was_exempt_stays_so() -> None:
    assert process.environment()["no_proxy"] == process.environment()["NO_PROXY"] == "127.0.0.1,localhost"
    own = {"HTTP_PROXY": DEAD, "NO_PROXY": "intern, 10.0.0.1"}
    for _ in range(2):
        loopback.bypass(own)
        assert own["no_proxy"] == own["NO_PROXY"] == "intern,10.0.0.1,127.0.0.1,localhost"
    for untouched in ({"NO_PROXY": "intern"}, {"http_proxy": DEAD, "no_proxy": "*", "NO_PROXY": "*"}):
        before = dict(untouched)
        loopback.bypass(untouched)
        assert untouched == before
