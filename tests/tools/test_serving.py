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

from tests.tools.conftest import ROOT, make_model, make_rows, wait_for
from tools.serving import Pool, Server
from tools.trainer import ToolError

APP = """
import sys, time
from pathlib import Path
from tools.serving import Server
server = Server(sys.argv[1], Path(sys.argv[2]))
server.start()
print(server.wait_ready(), server._process.pid, flush=True)
time.sleep(600)
"""


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory):
    pool = Pool(tmp_path_factory.mktemp("logs"), limit=2)
    yield pool
    pool.close()


def client(url: str) -> openai.OpenAI:
    return openai.OpenAI(base_url=url, api_key="none", max_retries=0)


def ask(url: str, model: Path, messages: list, most: int = 8):
    """(text, finish reason, usage) of one streamed answer."""
    chunks = list(
        client(url).chat.completions.create(
            model=str(model), messages=messages, max_tokens=most, temperature=0, stream=True,
            stream_options={"include_usage": True},
        )
    )  # fmt: skip
    text = "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)
    reasons = [choice.finish_reason for chunk in chunks for choice in chunk.choices if choice.finish_reason]
    return text, reasons[-1], next(chunk.usage for chunk in chunks if chunk.usage)


def test_it_says_how_far_it_is_and_answers(pool: Pool, tiny: Path):
    stages: list[str] = []
    assert pool.stage(str(tiny)) == "stopped"
    url = pool.endpoint(str(tiny), on_progress=stages.append)
    assert stages[-2:] == ["loading model", "ready"]
    assert pool.stage(str(tiny)) == "ready"
    assert url.startswith("http://127.0.0.1:")
    assert pool.endpoint(str(tiny)) == url
    _, reason, usage = ask(url, tiny, make_rows(1)[0][:2])
    assert (reason, usage.completion_tokens) == ("length", 8)
    assert usage.prompt_tokens > 8


def test_many_at_once_answer_as_one_alone(pool: Pool, tiny: Path):
    url = pool.endpoint(str(tiny))
    asked = [row[:2] for row in make_rows(16)]
    alone = [ask(url, tiny, messages)[0] for messages in asked]
    with ThreadPoolExecutor(16) as threads:
        together = list(threads.map(lambda messages: ask(url, tiny, messages)[0], asked))
    assert together == alone


def test_answers_stay_greedy_whoever_asked_first(pool: Pool, tiny: Path):
    url = pool.endpoint(str(tiny))
    messages = make_rows(1)[0][:2]
    warm = {"model": str(tiny), "messages": messages, "max_tokens": 8, "temperature": 2.0}
    answers = {client(url).chat.completions.create(**warm).choices[0].message.content for _ in range(4)}
    assert answers == {ask(url, tiny, messages)[0]}


def test_a_model_asked_with_a_temperature_has_a_server_that_samples(pool: Pool, tiny: Path):
    url = pool.endpoint(str(tiny), temperature=1.0)
    assert url != pool.endpoint(str(tiny))
    assert pool.running(str(tiny), 1.0) == url
    messages = make_rows(1)[0][:2]
    assert len({ask(url, tiny, messages)[0] for _ in range(6)}) > 1


def test_a_killed_server_is_started_again(pool: Pool, tiny: Path):
    url = pool.endpoint(str(tiny))
    server = pool._servers[str(tiny), 0.0]
    os.kill(server._process.pid, signal.SIGKILL)
    wait_for(lambda: not server.alive())
    with pytest.raises(openai.APIConnectionError):
        ask(url, tiny, make_rows(1)[0][:2])
    again = pool.endpoint(str(tiny))
    assert ask(again, tiny, make_rows(1)[0][:2])[2].completion_tokens == 8


def test_the_least_recently_used_server_makes_room(pool: Pool, tiny: Path, tmp_path: Path):
    others = [make_model(tmp_path / name) for name in ("second", "third")]
    with ThreadPoolExecutor(3) as threads:
        urls = list(threads.map(lambda folder: pool.endpoint(str(folder)), [others[0], others[0], tiny]))
    assert urls[0] == urls[1] != urls[2]
    pool.endpoint(str(others[1]))
    running = [folder for folder in (tiny, *others) if pool.stage(str(folder)) == "ready"]
    assert len(running) == 2
    assert others[1] in running


def test_it_ends_with_its_parent(tiny: Path, tmp_path: Path):
    command = [sys.executable, "-c", APP, str(tiny), str(tmp_path / "log")]
    app = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert app.stdout is not None
    url, pid = app.stdout.readline().split()
    assert ask(url, tiny, make_rows(1)[0][:2])[0] is not None
    app.kill()
    app.wait()
    wait_for(lambda: not _runs(int(pid)), 20)


def _runs(pid: int) -> bool:
    """Whether the process computes: one that has ended but that nobody waited for does not count."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def test_what_is_no_model_is_refused_at_once(pool: Pool, tmp_path: Path):
    with pytest.raises(ToolError, match="not a model folder"):
        pool.endpoint(str(tmp_path))
    odd = tmp_path / "a@b"
    with pytest.raises(ToolError, match='holds an "@"'):
        pool.endpoint(str(odd))


def test_a_server_that_cannot_load_says_why(tmp_path: Path):
    broken = make_model(tmp_path / "broken")
    (broken / "model.safetensors").write_bytes(b"no weights at all")
    server = Server(str(broken), tmp_path / "log")
    server.start()
    with pytest.raises(ToolError, match=r"model server ended.*damaged"):
        server.wait_ready(60)
    assert not server.alive()
