"""Texts -> vectors by an OpenAI-compatible `/embeddings` endpoint: somebody's, or a process of ours."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tools.engine import minilm
from tools.engine.serving import ModelServer
from tools.service import InWorker, Service
from tools.trainer import ToolError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

Vectors = np.ndarray[Any, np.dtype[np.float32]]

PATIENCE = {"query": 20.0, "document": 120.0}  # seconds for a request


class EmbeddingEndpoint(Service):
    """An OpenAI-compatible server's embeddings of one model. Safe to use from any thread."""

    noun, what = "embedding", "embed"
    batch = 32  # texts in one request: a question that comes in between waits for no more than these
    extra: dict[str, dict[str, str]] = {"query": {}, "document": {}}  # noqa: RUF012  sent beside the texts

    def embed(self, texts: Sequence[str], kind: str = "document") -> Vectors:
        """Vectors of length 1, float32, shape (len(texts), dimensions), all zero where the endpoint says so.

        `kind` is "query" or "document". Raises ToolError when the endpoint cannot be used.
        """
        if not texts:
            return np.zeros((0, 1), dtype=np.float32)
        batches = [list(texts[start : start + self.batch]) for start in range(0, len(texts), self.batch)]
        rows = np.concatenate([self._embed(batch, kind) for batch in batches])
        norms = np.linalg.norm(rows, axis=1, keepdims=True)
        norms[norms == 0] = 1.0
        normed: Vectors = rows / norms
        return normed

    def _embed(self, texts: list[str], kind: str) -> Vectors:
        answer = self.ask(
            lambda client: client.embeddings.create(
                model=self.model, input=self._sent(texts), extra_body=self.extra[kind], timeout=PATIENCE[kind]
            )
        )
        rows = np.asarray([row.embedding for row in sorted(answer.data, key=lambda row: row.index)], dtype=np.float32)
        if rows.ndim != 2 or len(rows) != len(texts):
            raise ToolError(
                f"{self.base_url} sent {len(rows)} embeddings for {len(texts)} texts.",
                "Check that it is an embedding model.",
            )
        return rows

    def _sent(self, texts: list[str]) -> list[str] | list[list[int]]:
        """How the texts go over the wire."""
        return texts


class MiniLM(InWorker, EmbeddingEndpoint):
    """all-MiniLM-L6-v2 by our engine, in a process of its own: made and started on first use, again if it died.

    `embed` blocks until it is up, a second or two; `ready` never does. What follows the 256th token does not count.
    """

    batch = 8  # of 256 tokens each they take a processor a second or two
    server = ModelServer
    options = ("--embedding", str(minilm.LONGEST))

    def __init__(self, models: Path, logs: Path, interpreter: str | None = None) -> None:
        """The model's folder is made in `models`; the engine's log goes into the folder `logs`."""
        super().__init__(str(models / minilm.NAME / minilm.SERVED), logs, interpreter)
        self._tokenizer: Tokenizer | None = None

    def _prepare(self) -> None:
        self._tokenizer = minilm.tokenizer(minilm.ensure(Path(self.model).parent.parent))

    def _sent(self, texts: list[str]) -> list[str] | list[list[int]]:
        """As tokens: llama.cpp refuses what is too long, and cuts Korean, Hindi and endless words otherwise."""
        assert self._tokenizer is not None, "it is read before the engine starts"
        return [cut.ids for cut in self._tokenizer.encode_batch(texts)]


class Local(InWorker, EmbeddingEndpoint):
    """A sentence-transformers model in a process of its own: started on first use, again if it died."""

    extra = {kind: {"input_type": kind} for kind in ("query", "document")}  # noqa: RUF012
