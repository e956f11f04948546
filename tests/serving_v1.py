"""A real Attune server for tests: `attune run` as a process of its own on a free port of loopback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
KEY = "sk-attune-test-key"


@dataclass(frozen=True)
class Served:
    """Where it answers, the key that it takes, and what it has printed so far (stdout and stderr)."""

    base_url: str
    key: str
    data: Path
    printed: list[str]


@contextmanager
def attune_server(data: Path, key: str = KEY, **environment: str) -> Iterator[Served]:
    """Start Attune on the data folder; it ends with the block. `key` may be NAME:KEY,NAME:KEY; "" = one for the run.

    `environment`: more variables, for example ATTUNE_API_JOBS="4".
    """
    env = {name: value for name, value in os.environ.items() if not name.startswith(("ATTUNE_", "OPENAI_"))}
    if name := os.environ.get("ATTUNE_CHAT_MODEL"):  # in tests the tiny one
        env["ATTUNE_CHAT_MODEL"] = name
    env |= {
        "ATTUNE_DATA": str(data),
        "ATTUNE_API_KEY": key,
        "ATTUNE_PORT": "0",
        "PYTHONPATH": str(ROOT),
        "ATTUNE_EMBEDDING": "lexical",
        "PYTHONUNBUFFERED": "1",
    } | environment
    command = [sys.executable, "-m", "assistant.faces.cli", "run", "--json"]
    data.mkdir(parents=True, exist_ok=True)
    server = subprocess.Popen(command, cwd=data, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert server.stdout is not None
    assert server.stderr is not None
    printed: list[str] = []
    threading.Thread(target=_listen, args=(server.stderr, printed), daemon=True).start()
    try:
        line = server.stdout.readline()
        assert line, f"Attune did not start: {''.join(printed)}"
        printed.append(line)
        yield Served(f"{json.loads(line)['url']}/v1", key, data, printed)
    finally:
        server.terminate()
        try:
            server.wait(timeout=20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _listen(stream: Iterator[str], lines: list[str]) -> None:
    for line in stream:
        lines.append(line)
