"""What every test shares: nothing that is set on this machine reaches a test, and nothing it makes stays."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from assistant.settings import Settings
from tests.tools.hub_server import Hub

ROOT = Path(__file__).resolve().parent.parent
Attune = Callable[..., subprocess.CompletedProcess[str]]
os.environ["ATTUNE_EMBEDDING"] = "lexical"  # also for what a whole module shares: no test starts a model by the way


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests first: processes that share the files out then end at about the same time."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture(autouse=True)
def _own_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No variable of ours or of a vendor, and a data folder of the test's own."""
    for name in list(os.environ):
        if name.startswith(("ATTUNE_", "OPENAI_", "AZURE_", "CHROMA_")) or name in ("HF_TOKEN", "HF_ENDPOINT"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("ATTUNE_DATA", str(tmp_path / "run"))
    monkeypatch.setenv("ATTUNE_EMBEDDING", "lexical")  # the same everywhere; test_embeddings.py is about the others
    monkeypatch.setitem(Settings.model_config, "env_file", None)  # nor the .env of whoever runs the tests


@pytest.fixture
def attune(tmp_path: Path) -> Attune:
    """`attune ...` as a process of its own, in a folder without a .env."""

    def call(
        *arguments: str, stdin: str = "", timeout: float = 120, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "assistant.faces.cli", *arguments],
            cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(ROOT)} | environment, input=stdin,
            capture_output=True, text=True, timeout=timeout,
        )  # fmt: skip

    return call


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    """A Hugging Face Hub that keeps jobs but carries none out."""
    opened = Hub(tmp_path / "hub", run=False)
    yield opened
    opened.close()


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Attune:
    """The same without the process: for the many cases in which only the words and the exit code matter."""
    from assistant.faces import cli

    monkeypatch.chdir(tmp_path)

    def call(*arguments: str) -> subprocess.CompletedProcess[str]:
        capsys.readouterr()
        code = cli.run(arguments)
        out, errors = capsys.readouterr()
        return subprocess.CompletedProcess(["attune", *arguments], code, out, errors)

    return call
