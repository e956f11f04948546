"""MiniLM by the engine and by sentence-transformers: their vectors, what they say when they fail, how they end."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.assistant.knowledge.embedding_server import packaged_model, sentence_transformer
from tests.tools.conftest import ROOT, wait_for
from tools.embedding import Local, MiniLM
from tools.engine import minilm
from tools.engine.gguf import gguf_file
from tools.trainer import ToolError

TEXTS = ["A cactus wants water once a month.", "Ferns like shade.", "The courier costs 4 euros."]
ODD = [
    "",
    "   ",
    "Crème brûlée, straße, İstanbul",
    "👍🏽 😀 🇩🇪",
    "한국어 문장입니다. 안녕하세요",
    "हिन्दी में नमस्ते",
    "東京は大きい",
    "x" * 150,
    "[MASK] and [CLS]",
    "control\x07bell\x00null",
    "water " * 255,
    "once a month " * 5000,
]


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MiniLM]:
    model = packaged_model(tmp_path_factory.mktemp("minilm"))
    yield model
    model.close()


@pytest.fixture(scope="module")
def worker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Local]:
    model = sentence_transformer(tmp_path_factory.mktemp("logs"))
    yield model
    model.close()


def test_vectors_do_not_depend_on_what_is_embedded_beside(engine: MiniLM) -> None:
    together, alone = engine.embed(TEXTS * 20), engine.embed(TEXTS[:1])
    assert together.shape == (60, 384)
    assert (together[0] @ alone[0]) > 0.9999
    assert abs((together**2).sum(axis=1) - 1).max() < 1e-4


def test_what_is_meant_alike_is_near(engine: MiniLM) -> None:
    asked, *others = engine.embed(["How often do I water succulents?", *TEXTS])
    assert int(np.argmax([asked @ other for other in others])) == 0


def test_the_engine_gives_the_vectors_of_sentence_transformers(engine: MiniLM, worker: Local) -> None:
    """Long texts, other scripts, emoji and control characters among them."""
    alike = (engine.embed(TEXTS + ODD) * worker.embed(TEXTS + ODD)).sum(axis=1)
    assert alike.min() > 0.9999, dict(zip(TEXTS + ODD, alike, strict=True))


def test_what_follows_the_256th_token_does_not_count(engine: MiniLM) -> None:
    long, longer = engine.embed(["water " * 300, "water " * 300 + "A cactus is a plant."])
    assert long @ longer > 0.9999


def test_many_threads_share_one_engine(engine: MiniLM) -> None:
    expected, found = engine.embed(TEXTS), dict[int, float]()

    def ask(number: int) -> None:
        found[number] = float((engine.embed(TEXTS) * expected).sum(axis=1).min())

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 12
    assert min(found.values()) > 0.9999


def test_a_damaged_model_is_made_again(tmp_path: Path) -> None:
    file = minilm.ensure(tmp_path) / minilm.SERVED
    size = file.stat().st_size
    file.write_bytes(file.read_bytes()[: size // 2])
    assert minilm.ensure(tmp_path) == file.parent
    assert file.stat().st_size == size
    assert gguf_file.architecture(gguf_file.opened(file)) == "bert"
    assert {path.name for path in file.parent.iterdir()} == {minilm.SERVED, minilm.TOKENIZER, "made.json"}


def test_another_model_in_the_package_is_refused(tmp_path: Path) -> None:
    package = tmp_path / "site" / minilm.PACKAGE
    (package / "model").mkdir(parents=True)
    (package / "__init__.py").touch()
    for name in (minilm.WEIGHTS, minilm.TOKENIZER):
        (package / "model" / name).write_text("of somebody else")
    code = "import sys; from pathlib import Path; from tools.engine import minilm; minilm.ensure(Path(sys.argv[1]))"
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            f"import sys; sys.path.insert(0, sys.argv[2]); {code}",
            str(tmp_path / "models"),
            str(package.parent),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert "are not those that Attune was made for" in done.stderr
    assert not (tmp_path / "models" / minilm.NAME).exists()


def test_a_worker_that_cannot_load_says_why(tmp_path: Path, worker: Local) -> None:  # noqa: ARG001  skips with it
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "config.json").write_text("{}")
    with pytest.raises(ToolError, match="broken cannot be loaded"):
        Local(str(broken), tmp_path / "logs").embed(["Hello"])


def test_a_worker_ends_with_its_parent(tmp_path: Path, worker: Local) -> None:
    ends_with_its_parent(f"Local({worker.model!r}, Path({str(tmp_path)!r}))")


def test_the_engine_ends_with_its_parent(tmp_path: Path) -> None:
    ends_with_its_parent(f"MiniLM(Path({str(tmp_path)!r}), Path({str(tmp_path)!r}))")


def ends_with_its_parent(made: str) -> None:
    code = (
        "import time; from pathlib import Path; from tools.embedding import Local, MiniLM;"
        f"local = {made}; local.embed(['Hello']); print(local.running.process.pid, flush=True); time.sleep(600)"
    )
    app = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True)
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
