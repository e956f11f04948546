"""A question and texts -> how well each one fits, by a `/rerank` endpoint: somebody's, or a worker process of ours.

The shape is the one that Jina and Cohere made usual and vLLM, llama.cpp and others serve: `POST {base_url}/rerank`
with `model`, `query`, `documents` and `top_n` gives `{"results": [{"index", "relevance_score"}]}`.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence
from typing import Any

from tools.service import InWorker, Service
from tools.trainer import ToolError

PATIENCE = 10.0  # seconds: a question waits for the ranking
Ranked = list[tuple[int, float]]  # the place of a text and its score, best first


class Reranker(Service):
    """A server's cross-encoder. Safe to use from any thread."""

    noun, what = "ranking", "rank"
    retries = 0  # the order that there is already is better than waiting twice

    def rank(self, query: str, texts: Sequence[str]) -> Ranked:
        """Every text once, best first; of equals the earlier one. Raises ToolError when the server cannot be used."""
        body = {"model": self.model, "query": query, "documents": list(texts), "top_n": len(texts)}
        try:
            answer = self.ask(
                lambda client: client.post("/rerank", cast_to=object, body=body, options={"timeout": PATIENCE})
            )
            scores = _scores(answer, len(texts))
        except (ValueError, TypeError, KeyError) as error:
            said = f"{self.base_url} sent no ranking of {len(texts)} texts."
            raise self._rest(ToolError(said, "Check that it is a reranker.")) from error
        return sorted(scores.items(), key=lambda item: (-round(item[1], 6), item[0]))


class LocalReranker(InWorker, Reranker):
    """A sentence-transformers cross-encoder in a process of its own: started on first use, again if it died."""

    log = "rerank"
    options = ("--rerank",)

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._turn = threading.Lock()

    def ready(self) -> bool:
        """Whether the worker is up and was not too slow in the last seconds; where it is not up it is started."""
        return super().ready() and Service.ready(self)

    def rank(self, query: str, texts: Sequence[str]) -> Ranked:
        with self._turn:  # it ranks one question at a time: the time that others take is not its own
            return super().rank(query, texts)


def _scores(answer: Any, count: int) -> dict[int, float]:
    """The score of each text by its place. Raises ValueError, TypeError or KeyError for anything else."""
    scores = {int(row["index"]): float(row["relevance_score"]) for row in answer["results"]}
    if set(scores) != set(range(count)):
        raise ValueError(f"{len(scores)} scores")
    if not all(math.isfinite(score) for score in scores.values()):
        raise ValueError("a score that is no number")
    return scores
