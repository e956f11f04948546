"""Texts -> vectors by an OpenAI-compatible `/embeddings` endpoint: somebody's, or a worker process of ours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tools.service import InWorker, Service
from tools.trainer import ToolError

Vectors = np.ndarray[Any, np.dtype[np.float32]]

BATCH = 32  # texts in one request: a question that comes in between waits for no more than these
PATIENCE = {"query": 20.0, "document": 120.0}  # seconds for a request


class Endpoint(Service):
    """An OpenAI-compatible server's embeddings of one model. Safe to use from any thread."""

    noun, what = "embedding", "embed"
    extra: dict[str, dict[str, str]] = {"query": {}, "document": {}}  # noqa: RUF012  sent beside the texts

    def embed(self, texts: Sequence[str], kind: str = "document") -> Vectors:
        """Vectors of length 1, float32, shape (len(texts), dimensions), all zero where the endpoint says so.

        `kind` is "query" or "document". Raises ToolError when the endpoint cannot be used.
        """
        if not texts:
            return np.zeros((0, 1), dtype=np.float32)
        batches = [list(texts[start : start + BATCH]) for start in range(0, len(texts), BATCH)]
        rows = np.concatenate([self._embed(batch, kind) for batch in batches])
        norms = np.linalg.norm(rows, axis=1, keepdims=True)
        norms[norms == 0] = 1.0
        normed: Vectors = rows / norms
        return normed

    def _embed(self, texts: list[str], kind: str) -> Vectors:
        answer = self._ask(
            lambda client: client.embeddings.create(
                model=self.model, input=texts, extra_body=self.extra[kind], timeout=PATIENCE[kind]
            )
        )
        rows = np.asarray([row.embedding for row in sorted(answer.data, key=lambda row: row.index)], dtype=np.float32)
        if rows.ndim != 2 or len(rows) != len(texts):
            raise ToolError(f"{self.base_url} sent {len(rows)} embeddings for {len(texts)} texts.",
                            "Check that it is an embedding model.")  # fmt: skip
        return rows


class Local(InWorker, Endpoint):
    """A sentence-transformers model in a process of its own: started on first use, again if it died."""

    extra = {kind: {"input_type": kind} for kind in ("query", "document")}  # noqa: RUF012
