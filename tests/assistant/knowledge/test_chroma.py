"""Chroma as a server: found by its address, kept apart from other installations, and done without while it is gone."""

from __future__ import annotations

import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from assistant.knowledge.search.retriever import Knowledge
from tests.assistant.material import add_documents, new_case, settings
from tests.tools.conftest import wait_for

CACTUS = "How often do I water my cactus?"


def answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v2/heartbeat", timeout=2):
            return True
    except OSError:
        return False


@pytest.fixture
def chroma(tmp_path: Path) -> Iterator[Any]:
    """`chroma run`: returns functions that start and stop it, and its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = Path(sys.executable).with_name("chroma")
    running: list[subprocess.Popen[bytes]] = []

    def start() -> None:
        command = [str(program), "run", "--path", str(tmp_path / "server"), "--host", "127.0.0.1", "--port", str(port)]
        running.append(subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        wait_for(lambda: answers(port), 60)

    def stop() -> None:
        for process in running:
            process.kill()
            process.wait()

    yield start, stop, f"http://127.0.0.1:{port}"
    stop()


def test_chroma_may_be_a_server(tmp_path: Path, chroma: Any) -> None:
    start, stop, url = chroma
    start()
    made, store = new_case(tmp_path, chroma_url=url, chroma_api_key="token-of-chroma")
    add_documents(made, store)
    knowledge = Knowledge(store, made)
    assert knowledge.sync("plants") == 5
    assert knowledge.passages("plants", CACTUS, 1)[0].heading == "Watering > Cactus"
    assert not (made.index / "chroma.sqlite3").exists()
    _, other_store = new_case(tmp_path / "other", chroma_url=url)
    other = Knowledge(other_store, settings(tmp_path / "other", chroma_url=url))
    assert other.sync("plants") == 0  # a case of the same name on another computer
    assert knowledge.index.nearest("plants", knowledge.corpus("plants").texts, CACTUS, 5)
    store.remove_document("plants", "pests.txt")
    assert knowledge.sync("plants") == 3
    stop()
    assert knowledge.passages("plants", CACTUS, 1)[0].heading == "Watering > Cactus"
    assert "words alone" in knowledge.describe("plants")
    assert url in knowledge.describe("plants")
    assert "token-of-chroma" not in knowledge.describe("plants")
    start()
    assert knowledge.sync("plants") == 3
    assert knowledge.describe("plants").startswith("Passages are found by words and by spelling")
    knowledge.close()
    other.close()
