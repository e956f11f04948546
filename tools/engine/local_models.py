"""The name of a local model -> its folder, and the GGUF file that is served for it; both are made where missing.

A name is that of the embedded model, a folder, a GGUF file, or a model of the Hub. What is made lies beside the weights
where that is under the data folder, else in a folder of its own there.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tools.engine import EMBEDDED, embedded, hub
from tools.engine.gguf import convert, gguf_file
from tools.engine.gguf.gguf_file import SUFFIX
from tools.local import base_model
from tools.trainer import ToolError

SERVED = embedded.SERVED
EXACT = "model-f32.gguf"  # the same weights in 32 bits: a greedy answer then depends on nothing but its prompt
HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+")
Say = Callable[[str], None]


def folder(model: str, root: Path, say: Say | None = None) -> Path:
    """The folder that trainers and token counters read. `root` is where models are made.

    A GGUF file is unpacked into one. Blocks while it is made or fetched, and tells `say`. Raises ToolError.
    """
    say = say or (lambda _: None)
    path = Path(model)
    if model == EMBEDDED or path == root / EMBEDDED:
        return embedded.ensure(root, say)
    if path.suffix == SUFFIX:
        return _unpacked(path, root, say)
    if not path.exists() and HUB_NAME.fullmatch(model):
        return hub.fetched(
            model, lambda done, total: say(f"Downloading {model}: {done / 1e6:.0f} of {total / 1e6:.0f} MB")
        )
    base_model.check_folder(path)
    return path


def served(model: str, root: Path, exact: bool = False, say: Say | None = None) -> Path:
    """The GGUF file that answers for a model; with `exact` its weights are 32 bits wide. Raises ToolError."""
    say = say or (lambda _: None)
    path = Path(model)
    if path.suffix == SUFFIX:
        gguf_file.check_chat(path)
        return path if not exact else _other(path, root, say)
    place = folder(model, root, say)
    own = place / SERVED
    if not own.is_file():
        own = _packed(place, root, say)
    return own if not exact else _other(own, root, say)


def _unpacked(file: Path, root: Path, say: Say) -> Path:
    """The folder made of a GGUF file."""
    from tools.engine.gguf import unpack

    made = _place(file, root)
    if not (made / "config.json").is_file():
        with _locked(made):
            if not (made / "config.json").is_file():
                say(f"Unpacking {file.name} (once)")
                part = made.with_name(f".{made.name}.part")
                shutil.rmtree(part, ignore_errors=True)
                part.mkdir(parents=True)
                try:
                    unpack.unpack(file, part)
                    shutil.rmtree(made, ignore_errors=True)
                    os.replace(part, made)
                finally:
                    shutil.rmtree(part, ignore_errors=True)
    return made


def _packed(place: Path, root: Path, say: Say) -> Path:
    """The GGUF of a folder that has none, in the folder itself where that is ours."""
    made = place / SERVED if place.is_relative_to(root.parent) else _place(place, root) / SERVED
    if not made.is_file():
        with _locked(made.parent):
            if not made.is_file():
                made.parent.mkdir(parents=True, exist_ok=True)
                say(f"Preparing {place.name} for the engine (once)")
                convert.pack(place, made, "bf16")
    return made


def _other(file: Path, root: Path, say: Say) -> Path:
    """The file's weights in 32 bits."""
    ours = file.is_relative_to(root.parent)
    made = file.with_name(EXACT) if ours else _place(file, root) / EXACT
    if not made.is_file() or made.stat().st_mtime_ns < file.stat().st_mtime_ns:
        with _locked(made.parent):
            if not made.is_file() or made.stat().st_mtime_ns < file.stat().st_mtime_ns:
                made.parent.mkdir(parents=True, exist_ok=True)
                say("Preparing the model in 32 bits, to be measured")
                if (file.parent / "model.safetensors").is_file() and ours:
                    convert.pack(file.parent, made, "f32", like=file)
                else:
                    convert.pack_other(file, made, "f32")
    return made


def _place(source: Path, root: Path) -> Path:
    """Where something is made of a file or folder that is not ours: known by its path, size and time."""
    about = source.stat() if source.exists() else None
    if about is None:
        raise ToolError(f"There is no model at {source}.", "Check the path.")
    known = f"{source.resolve()} {about.st_size} {about.st_mtime_ns}"
    return root / f"{source.stem}-{hashlib.sha256(known.encode()).hexdigest()[:10]}"


@contextmanager
def _locked(made: Path) -> Iterator[None]:
    """One makes it; whoever else asks meanwhile waits."""
    made.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(made.parent / f".{made.name}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
