"""The converter: it may be slow, hungry or killed, and costs one file; it holds no secret and nothing heavy."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from assistant.errors import AttuneError
from assistant.knowledge.reading.converter import Converter
from assistant.knowledge.reading.text import Read
from tests.assistant.knowledge.office_files import docx
from tests.assistant.material import pdf


def test_a_file_that_takes_too_long_costs_only_itself(tmp_path: Path) -> None:
    slow, quick = tmp_path / "slow.pdf", tmp_path / "quick.docx"
    slow.write_bytes(pdf(*["Line."] * 500))
    quick.write_bytes(docx())
    with Converter(max_mb=20, seconds=0.05) as converter, pytest.raises(AttuneError, match=r"took longer than 0\.05"):
        converter.read("slow.pdf", slow)
    with Converter(max_mb=20) as converter:
        assert isinstance(converter.read("quick.docx", quick), Read)


def test_the_converter_may_die_and_the_next_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.docx"
    path.write_bytes(docx())
    with Converter(max_mb=20) as converter:
        assert isinstance(converter.read("a.docx", path), Read)
        assert converter.process is not None
        os.kill(converter.process.pid, 9)
        with contextlib.suppress(AttuneError):  # whether it was dead already when it was asked
            converter.read("a.docx", path)
        assert isinstance(converter.read("a.docx", path), Read)


def test_the_converter_has_limits(tmp_path: Path) -> None:
    """What needs more memory than one document is allowed is refused, and the next file is read by a fresh process."""
    large, small = tmp_path / "large.html", tmp_path / "small.docx"
    large.write_bytes(b"<html>" + b"<i>a</i>" * 500_000)
    small.write_bytes(docx())
    with Converter(max_mb=20, memory=300_000_000) as converter:
        with pytest.raises(AttuneError, match="more memory than one document is allowed"):
            converter.read("large.html", large)
        assert isinstance(converter.read("small.docx", small), Read)


def test_the_converter_gets_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATTUNE_CHAT_API_KEY", "s3cret")
    path = tmp_path / "a.docx"
    path.write_bytes(docx())
    with Converter(max_mb=20) as converter:
        converter.read("a.docx", path)
        assert converter.process is not None
        environment = Path(f"/proc/{converter.process.pid}/environ")
        if not environment.exists():
            pytest.skip("no /proc on this system")
        assert b"s3cret" not in environment.read_bytes()


def test_the_converter_loads_no_model_library(tmp_path: Path) -> None:
    code = (
        "import json, sys; from pathlib import Path; from assistant.knowledge.reading import conversion_process\n"
        "for name in sys.argv[1:]: conversion_process.convert(Path(name).name, Path(name))\n"
        "print(json.dumps(sorted({'torch', 'transformers', 'chromadb', 'gradio', 'onnxruntime'} & set(sys.modules))))"
    )
    path = tmp_path / "a.docx"
    path.write_bytes(docx())
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == []
