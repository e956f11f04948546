"""A sentence-transformers model in its own process: its vectors, what it says when it fails, and how it ends."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.assistant.embedding_server import packaged_model
from tests.tools.conftest import ROOT, wait_for
from tools.embedding import Local
from tools.trainer import ToolError


@pytest.fixture(scope="module")
def minilm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Local]:
    model = packaged_model(tmp_path_factory.mktemp("logs"))
    yield model
    model.close()


def test_vectors_do_not_depend_on_what_is_embedded_beside(minilm: Local) -> None:
    texts = ["A cactus wants water once a month.", "Ferns like shade.", "The courier costs 4 euros."] * 20
    together, alone = minilm.embed(texts), minilm.embed(texts[:1])
    assert together.shape == (60, 384)
    assert abs(together[0] - alone[0]).max() < 1e-4
    assert abs((together**2).sum(axis=1) - 1).max() < 1e-4


def test_a_worker_that_cannot_load_says_why(tmp_path: Path, minilm: Local) -> None:  # noqa: ARG001  skips with it
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "config.json").write_text("{}")
    with pytest.raises(ToolError, match="broken cannot be loaded"):
        Local(str(broken), tmp_path / "logs").embed(["Hello"])


def test_a_worker_ends_with_its_parent(tmp_path: Path, minilm: Local) -> None:
    code = (
        "import sys, time; from pathlib import Path; from tools.embedding import Endpoint, Local;"
        "local = Local(sys.argv[1], Path(sys.argv[2])); local.embed(['Hello']);"
        "print(local._server._process.pid, flush=True); time.sleep(600)"
    )
    app = subprocess.Popen([sys.executable, "-c", code, minilm.model, str(tmp_path)], cwd=ROOT,
                           stdout=subprocess.PIPE, text=True)  # fmt: skip
    assert app.stdout is not None
    pid = int(app.stdout.readline())
    app.kill()
    app.wait()
    wait_for(lambda: not runs(pid), 20)


def runs(pid: int) -> bool:
    """Whether the process computes: one that has ended but that nobody waited for does not count."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    except FileNotFoundError:
        return False
