"""`attune run`: the app itself, and for programs its address as soon as it answers."""

from __future__ import annotations

import json
import socket
import sys
import threading
import time
import urllib.error
import urllib.request
from contextlib import redirect_stdout
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer

from assistant.faces.cli.shared import AsJson, open_bench

if TYPE_CHECKING:
    from assistant.workbench import Workbench


def run(
    host: Annotated[str, typer.Option(help="Address to listen on.", show_default="ATTUNE_HOST")] = "",
    port: Annotated[
        int | None, typer.Option(help="Port; 0 = any free one.", show_default="ATTUNE_PORT", min=0, max=65535)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Start the app; Ctrl-C ends it.

    With --json the address is told as {"url": ...} once the app answers.
    """
    given: dict[str, Any] = {"host": host, "port": port}
    changes = {name: value for name, value in given.items() if value not in ("", None)}
    with open_bench(**changes) as bench:
        import app

        if as_json:
            bench.settings = bench.settings.model_copy(update={"port": bench.settings.port or _free_port()})
            threading.Thread(target=_tell, args=(bench, sys.stdout), daemon=True).start()
            with redirect_stdout(sys.stderr):
                app.serve(bench)
        else:
            app.serve(bench)


def _tell(bench: Workbench, out: TextIO) -> None:
    """Print the address when the app answers there."""
    host = bench.settings.host
    name = "127.0.0.1" if host in ("0.0.0.0", "") else f"[{host}]" if ":" in host else host
    url = f"http://{name}:{bench.settings.port}"
    while not _answers(f"{url}/healthz"):
        time.sleep(0.1)
    print(json.dumps({"url": url}), file=out, flush=True)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as response:
            return bool(response.status == 200)
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("", 0))
        return int(probe.getsockname()[1])
