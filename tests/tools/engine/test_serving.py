"""A local model behind an OpenAI-compatible endpoint: answers, crashes, and never outliving the app."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import openai
import pytest

from tests import tinymodel
from tests.tools.conftest import ROOT, make_rows, wait_for
from tools.engine.serving import ModelServer, ServerPool
from tools.trainer import ToolError

APP = """
import sys, time
from pathlib import Path
from tools.engine.serving import ModelServer
server = ModelServer(sys.argv[1], Path(sys.argv[2]))
server.start()
print(server.wait_ready(), server.key, server._process.pid, flush=True)
time.sleep(600)
"""


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory):
    pool = ServerPool(tmp_path_factory.mktemp("logs"), limit=2)
    yield pool
    pool.close()


@pytest.fixture(scope="session")
def file(tiny: Path) -> str:
    return str(tiny / "model.gguf")


def client(url: str, key: str) -> openai.OpenAI:
    return openai.OpenAI(base_url=url, api_key=key, max_retries=0)


def ask(server: ModelServer, messages: list, most: int = 8, **more):
    return answered(client(server.base_url, server.key), messages, most, **more)


def answered(of: openai.OpenAI, messages: list, most: int = 8, temperature: float = 0.0):
    """(text, finish reason, usage) of one streamed answer."""
    chunks = list(
        of.chat.completions.create(
            model="local",
            messages=messages,
            max_tokens=most,
            temperature=temperature,
            stream=True,
            stream_options={"include_usage": True},
        )
    )
    text = "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)
    reasons = [choice.finish_reason for chunk in chunks for choice in chunk.choices if choice.finish_reason]
    return text, reasons[-1], next(chunk.usage for chunk in chunks if chunk.usage)


def test_it_says_how_far_it_is_and_answers(pool: ServerPool, file: str):
    stages: list[str] = []
    assert pool.running(file) is None
    server = pool.endpoint(file, on_progress=stages.append)
    assert stages[-2:] == ["loading model", "ready"]
    assert server.base_url.startswith("http://127.0.0.1:")
    assert pool.endpoint(file) is pool.running(file) is server
    _, reason, usage = ask(server, make_rows(1)[0][:2], 1)
    assert (reason, usage.completion_tokens) == ("length", 1)
    assert usage.prompt_tokens > 8


def test_nobody_without_its_key_gets_an_answer(pool: ServerPool, file: str):
    with pytest.raises(openai.AuthenticationError):
        answered(client(pool.endpoint(file).base_url, "guessed"), make_rows(1)[0][:2])


def test_many_at_once_answer_as_one_alone(pool: ServerPool, file: str):
    server = pool.endpoint(file)
    asked = [row[:2] for row in make_rows(16)]
    alone = [ask(server, messages)[0] for messages in asked]
    with ThreadPoolExecutor(16) as threads:
        together = list(threads.map(lambda messages: ask(server, messages)[0], asked))
    assert together == alone
    assert len(set(alone)) > 8


def test_one_server_answers_at_every_temperature(pool: ServerPool, file: str):
    server, messages = pool.endpoint(file), make_rows(1)[0][:2]
    greedy = ask(server, messages)[0]
    assert len({ask(server, messages, temperature=1.0)[0] for _ in range(6)}) > 1
    assert {ask(server, messages)[0] for _ in range(4)} == {greedy}


def test_a_killed_server_is_started_again(pool: ServerPool, file: str):
    server = pool.endpoint(file)
    os.kill(server._process.pid, signal.SIGKILL)
    wait_for(lambda: not server.alive())
    with pytest.raises(openai.APIConnectionError):
        ask(server, make_rows(1)[0][:2])
    assert ask(pool.endpoint(file), make_rows(1)[0][:2], 1)[2].completion_tokens == 1


def test_the_least_recently_used_server_makes_room(pool: ServerPool, file: str, tmp_path: Path):
    others = [str(tinymodel.make(tmp_path / str(seed), seed) / "model.gguf") for seed in (1, 2)]
    with ThreadPoolExecutor(3) as threads:
        servers = list(threads.map(pool.endpoint, [others[0], others[0], file]))
    assert servers[0] is servers[1] is not servers[2]
    pool.endpoint(others[1])
    running = [one for one in (file, *others) if pool.running(one)]
    assert len(running) == 2
    assert others[1] in running


def test_it_ends_with_its_parent(file: str, tmp_path: Path):
    command = [sys.executable, "-c", APP, file, str(tmp_path / "log")]
    app = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert app.stdout is not None
    url, key, pid = app.stdout.readline().split()
    assert answered(client(url, key), make_rows(1)[0][:2])[0]
    app.kill()
    app.wait()
    wait_for(lambda: not _runs(int(pid)), 20)


def _runs(pid: int) -> bool:
    """Whether the process computes: one that has ended but that nobody waited for does not count."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


@pytest.mark.parametrize("content", [b"no weights at all", None])
def test_a_server_that_cannot_load_says_why(file: str, tmp_path: Path, content: bytes | None):
    """None: the file is cut off in the middle of its weights."""
    broken = tmp_path / "broken.gguf"
    whole = Path(file).read_bytes()
    broken.write_bytes(whole[: len(whole) // 2] if content is None else content)
    server = ModelServer(str(broken), tmp_path / "log")
    server.start()
    with pytest.raises(ToolError, match=r"model server ended: llama.cpp cannot load broken.gguf"):
        server.wait_ready(60)
    assert not server.alive()
