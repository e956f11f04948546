"""The whole screen, as it is mounted."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import gradio as gr
import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from pydantic import SecretStr

import app
from assistant.faces.own_host import OwnHost
from assistant.faces.ui.handler_errors import told
from assistant.faces.ui.page import LOOK_SECONDS, PANELS, PROGRESS_SECONDS, build, mount
from assistant.settings import Settings
from assistant.workbench import open_workbench
from tools.trainer import ToolError

T = TypeVar("T")


def test_the_queue_looks_for_events_less_often_than_gradio_would(tmp_path: Path) -> None:
    with gr.Blocks() as plain:
        gr.Button()
    usual = plain.queue()._queue
    assert usual.sleep_when_free < LOOK_SECONDS  # no longer so: our setting can go
    assert usual.progress_update_sleep_when_free < PROGRESS_SECONDS
    bench = open_workbench(Settings(data=tmp_path / "run", embedding="lexical"))
    apps = [getattr(route, "app", None) for route in mount(FastAPI(), bench).routes]
    (queue,) = [app.get_blocks()._queue for app in apps if hasattr(app, "get_blocks")]
    assert (queue.sleep_when_free, queue.progress_update_sleep_when_free) == (LOOK_SECONDS, PROGRESS_SECONDS)
    bench.close()


@pytest.mark.filterwarnings("ignore::UserWarning")  # outside a page a warning of Gradio is one of Python
def test_a_handler_that_fails_gives_what_its_outputs_take(caplog: pytest.LogCaptureFixture) -> None:
    """Gradio warns in the terminal of a value for which there is no output, and empties an output that gets None."""

    def shown(fails: bool) -> str:
        if fails:
            raise ToolError("It is not there.")
        return "there"

    def silent(fails: bool) -> None:
        if fails:
            raise ZeroDivisionError

    assert told(shown)(False) == "there"
    assert told(shown)(True) == gr.skip()
    assert told(lambda: shown(True))() == gr.skip()
    assert told(silent)(True) is None
    assert "a handler of the interface failed" in caplog.text


def run(work: Coroutine[Any, Any, T]) -> T:
    """What it gives, on a thread of its own: in this one a browser's event loop may be running."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    """The whole app on a port of loopback."""
    bench = open_workbench(Settings(data=tmp_path / "run", embedding="lexical"))
    server = uvicorn.Server(uvicorn.Config(app.make_app(bench), port=0, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    thread.join(20)
    bench.close()


def test_on_loopback_only_its_own_names_are_answered(port: int) -> None:
    """A website whose name leads to 127.0.0.1 is not Attune, whatever the browser thinks."""

    def status(path: str, host: str) -> int:
        return httpx.get(f"http://127.0.0.1:{port}{path}", headers={"Host": host}).status_code

    for host in (f"127.0.0.1:{port}", "127.0.0.1", f"localhost:{port}", "LOCALHOST", f"[::1]:{port}", "[::1]:99"):
        assert (status("/", host), status("/v1/models", host)) == (200, 401), host
    wrong = (
        "evil.example",
        f"evil.example:{port}",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "10.0.0.1",
        "[::1",
        "evil.example:80@127.0.0.1",
        "localhost:80:80",
        "",
    )
    for host in wrong:
        found = {status(path, host) for path in ("/", "/config", "/gradio_api/queue/data", "/healthz", "/v1/models")}
        assert found <= {421, 400}, host
    told = httpx.get(f"http://127.0.0.1:{port}/v1/models", headers={"Host": "evil.example"}).json()["error"]
    assert told["code"] == "unknown_host"
    assert "localhost" in told["message"]


def test_a_websocket_by_another_name_is_closed() -> None:
    sent: list[Any] = []

    async def keep(message: Any) -> None:
        sent.append(message["type"])

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    async def inner(scope: Any, receive: Any, send: Any) -> None:  # noqa: ARG001
        await send({"type": "websocket.accept"})

    for host in (b"evil.example", b"localhost:7860"):
        run(OwnHost(inner)({"type": "websocket", "path": "/", "headers": [(b"host", host)]}, receive, keep))
    assert sent == ["websocket.close", "websocket.accept"]


@pytest.mark.parametrize("host", ["0.0.0.0", "127.0.0.1"])
def test_with_a_password_any_name_is_answered(tmp_path: Path, host: str) -> None:
    settings = Settings(data=tmp_path / "run", embedding="lexical", host=host, password=SecretStr("open-sesame"))
    bench = open_workbench(settings)

    async def status() -> int:
        transport = httpx.ASGITransport(app.make_app(bench))
        async with httpx.AsyncClient(transport=transport, base_url="http://attune.example") as client:
            return (await client.get("/healthz")).status_code

    assert run(status()) == 200
    bench.close()


def test_what_is_in_front_is_known_without_the_server(tmp_path: Path) -> None:
    """Asked of the server, two tabs opened at once could be answered in the wrong order, and one stayed empty."""
    bench = open_workbench(Settings(data=tmp_path / "run", embedding="lexical"))
    made = build(bench)
    tabs = {block._id for block in made.blocks.values() if isinstance(block, gr.Tab)}
    opened = [one for one in made.config["dependencies"] if any(id in tabs for id, _ in one["targets"])]
    assert len(opened) == len(tabs) == len(PANELS)
    assert not any(one["backend_fn"] for one in opened)
    assert sorted(one["js"] for one in opened) == sorted(f"() => {name!r}" for name in PANELS)
    bench.close()
