"""Hashes of large files: read once, read anew where anything about the file changed or a proof is wanted."""

from __future__ import annotations

import hashlib
import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tools.engine.hashes import SMALL, FileHashes


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "weights.bin"
    path.write_bytes(os.urandom(SMALL + 1))
    return path


def of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_large_file_is_read_once_and_by_every_process(tmp_path: Path, file: Path) -> None:
    hashes = FileHashes(tmp_path / "hashes.json")
    assert hashes.of(file) == of(file)
    noted = (tmp_path / "hashes.json").read_text()
    (tmp_path / "hashes.json").write_text(noted.replace(of(file), "f" * 64))  # what a look trusts
    assert FileHashes(tmp_path / "hashes.json").of(file) == "f" * 64
    assert hashes.of(file, fresh=True) == of(file)  # and a proof does not
    assert hashes.of(file) == of(file)


def test_a_file_that_was_written_or_exchanged_is_read_anew(tmp_path: Path, file: Path) -> None:
    hashes = FileHashes(tmp_path / "hashes.json")
    before, about = hashes.of(file), file.stat()
    data = bytearray(file.read_bytes())
    data[7] ^= 1
    file.write_bytes(data)
    os.utime(file, ns=(about.st_atime_ns, about.st_mtime_ns))  # size and time of writing as before
    assert hashes.of(file) == of(file) != before


def test_what_changed_is_named_and_what_is_gone(tmp_path: Path, file: Path) -> None:
    hashes = FileHashes(tmp_path / "hashes.json")
    noted = {"weights.bin": of(file)}
    assert hashes.changed(tmp_path, noted) == ""
    assert hashes.changed(tmp_path, {"weights.bin": "0" * 64}).startswith("weights.bin had the sha256 000000000000 and")
    file.unlink()
    assert hashes.changed(tmp_path, noted) == "weights.bin is gone or cannot be read"


def test_damaged_notes_cost_time_and_nothing_else(tmp_path: Path, file: Path) -> None:
    (tmp_path / "hashes.json").write_text("[not json")
    assert FileHashes(tmp_path / "hashes.json").of(file) == of(file)


def test_threads_that_note_at_once_leave_whole_notes(tmp_path: Path) -> None:
    files = [tmp_path / f"{number}.bin" for number in range(8)]
    for path in files:
        path.write_bytes(os.urandom(SMALL + 1))
    hashes = FileHashes(tmp_path / "hashes.json")
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(hashes.of, files * 4)) == [of(path) for path in files * 4]
    assert json.loads((tmp_path / "hashes.json").read_text())
    assert {path.name for path in tmp_path.iterdir()} == {"hashes.json", *(path.name for path in files)}
