"""How long a user waits: from starting the process to the first page, and to the first token of the first answer.

    python -m tests.bench.startup [--json]

Seconds, each measured on a fresh data folder: `help` (`attune --help`), `page` (`attune run` to HTTP 200 on /), `token`
(`attune ask`, which also starts a model server, to the first byte of the answer). A benchmark: it asserts nothing.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

ATTUNE = [sys.executable, "-m", "assistant.faces.cli"]
PATIENCE = 120.0  # seconds


def main(as_json: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"ATTUNE_DATA": folder}
        measured = {"help": help_seconds(environment), "page": page_seconds(environment)}
        subprocess.run([*ATTUNE, "new", "Bench", "--json"], env=environment, check=True, capture_output=True)
        measured["token"] = token_seconds(environment)
    measured = {name: round(seconds, 2) for name, seconds in measured.items()}
    print(json.dumps(measured) if as_json else "\n".join(f"{n:<6}{s:>7.2f} s" for n, s in measured.items()))


def help_seconds(environment: dict[str, str]) -> float:
    begin = time.monotonic()
    subprocess.run([*ATTUNE, "--help"], env=environment, check=True, capture_output=True)
    return time.monotonic() - begin


def page_seconds(environment: dict[str, str]) -> float:
    port = free_port()
    begin = time.monotonic()
    app = subprocess.Popen(
        [*ATTUNE, "run", "--port", str(port)], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        while time.monotonic() - begin < PATIENCE:
            if answers(f"http://127.0.0.1:{port}/"):
                return time.monotonic() - begin
            time.sleep(0.05)
        raise SystemExit(f"No page within {PATIENCE:.0f} s.")
    finally:
        app.terminate()
        app.wait(timeout=30)


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=10) as response:
            return bool(response.status == 200)
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


def token_seconds(environment: dict[str, str]) -> float:
    begin = time.monotonic()
    command = [*ATTUNE, "ask", "bench", "Hello, who are you?"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as ask:
        assert ask.stdout is not None
        first = ask.stdout.read(1)
        seconds = time.monotonic() - begin
        _, errors = ask.communicate()
    if not first:
        raise SystemExit(f"No answer came: {errors.decode()}")
    return seconds


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    main("--json" in sys.argv[1:])
