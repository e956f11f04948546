"""What every test shares: nothing that is set on this machine reaches a test, and nothing it makes stays."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from assistant.settings import Settings
from tests import tinymodel
from tests.tools.hub_server import Hub
from tools.engine.embedded import ensure

ROOT = Path(__file__).resolve().parent.parent
EXAMPLE = ROOT / "data" / "examples" / "teashop"
Attune = Callable[..., subprocess.CompletedProcess[str]]
os.environ["ATTUNE_EMBEDDING"] = "lexical"  # also for what a whole module shares: no test starts a model by the way


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests first: processes that share the files out then end at about the same time."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture(scope="session", autouse=True)
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The chat's model in every test that asks for no other: it trains in a second and answers nonsense.

    Whoever changes its folder takes a copy.
    """
    folder = tinymodel.make(tmp_path_factory.mktemp("models") / "tiny")
    os.environ["ATTUNE_CHAT_MODEL"] = str(folder)  # also for what a whole module shares
    return folder


@pytest.fixture(scope="session")
def endless(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a model whose answers go on to their limit."""
    return tinymodel.make(tmp_path_factory.mktemp("models") / "endless", ends=False)


@pytest.fixture(scope="session")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of models that holds the embedded one, made once for all processes of a run: for tests of sense."""
    root = tmp_path_factory.getbasetemp()
    root = (root.parent if "PYTEST_XDIST_WORKER" in os.environ else root) / "embedded"
    ensure(root)
    return root


def cut(folder: Path, learned: int, held_out: int) -> Path:
    """The example as a case folder of its own with fewer conversations; brief and documents as they are."""
    shutil.copytree(EXAMPLE, folder)
    for name, rows in (("conversations.jsonl", learned), ("heldout.jsonl", held_out)):
        lines = (folder / name).read_text(encoding="utf-8").splitlines()
        (folder / name).write_text("\n".join(lines[:rows]), encoding="utf-8")
    return folder


@pytest.fixture(autouse=True)
def _own_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, tiny: Path) -> None:
    """No variable of ours or of a vendor, and a data folder of the test's own."""
    for name in list(os.environ):
        if name.startswith(("ATTUNE_", "OPENAI_", "AZURE_", "CHROMA_")) or name in ("HF_TOKEN", "HF_ENDPOINT"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("ATTUNE_DATA", str(tmp_path / "run"))
    monkeypatch.setenv("ATTUNE_CHAT_MODEL", str(tiny))
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
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=timeout,
        )

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
    from assistant.faces.cli import entry

    monkeypatch.chdir(tmp_path)

    def call(*arguments: str) -> subprocess.CompletedProcess[str]:
        capsys.readouterr()
        code = entry.run(arguments)
        out, errors = capsys.readouterr()
        return subprocess.CompletedProcess(["attune", *arguments], code, out, errors)

    return call
