"""What ATTUNE_RERANKER names: a cross-encoder that reads each of the best passages beside the question and orders them.

Nothing depends on it: where it cannot be had, is still loading, fails or is too slow, the passages stand as they were
found, and that is said.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from assistant.errors import AttuneError
from assistant.knowledge.search.embedding_choice import INSTALL
from assistant.settings import Settings
from tools.reranking import LocalReranker, Ranked, Reranker
from tools.trainer import ToolError

log = logging.getLogger(__name__)
CANDIDATES = 30  # passages that are read beside a question
LEFT = "The passages are in the order in which they were found: the reranker did not answer."


class Reranking:
    """Orders passages, or says why it did not. Safe to use from any thread."""

    def __init__(self, reranker: Reranker | None = None, label: str = "", missing: AttuneError | None = None) -> None:
        """Without a reranker nothing is ordered; `missing` says why where one was asked for."""
        self.reranker, self._label, self._missing = reranker, label, missing

    @property
    def candidates(self) -> int:
        """How many passages it orders; 0 = it orders none."""
        return CANDIDATES if self.reranker is not None else 0

    def order(self, query: str, texts: Sequence[str]) -> tuple[Ranked | None, str]:
        """The places of the texts with their scores, best first; or None, and a note where it should have been."""
        if self._missing is not None and texts:
            return None, f"{LEFT} {self._missing}"
        if self.reranker is None or not texts:
            return None, ""
        if not self.reranker.ready():
            return None, f"{LEFT} {self.reranker.trouble or 'It is still loading.'}"
        try:
            return self.reranker.rank(query, texts), ""
        except ToolError as error:
            log.warning("%s %s", LEFT, error)
            return None, f"{LEFT} {error}"

    def describe(self) -> str:
        """A sentence for people; empty where none is set."""
        if self._missing is not None or (self.reranker is not None and self.reranker.trouble):
            return f"{LEFT} {self._missing or (self.reranker and self.reranker.trouble)}"
        return f"The best {CANDIDATES} are put in order by {self._label}." if self.reranker is not None else ""

    def wait(self) -> None:
        """Return when it can order. Raises AttuneError or ToolError where it cannot; none set is fine."""
        if self._missing is not None:
            raise self._missing
        if self.reranker is not None:
            self.reranker.rank("ready", ["ready"])

    def close(self) -> None:
        """End its worker; the next use starts it again."""
        if self.reranker is not None:
            self.reranker.close()


def chosen(settings: Settings) -> Reranking:
    """What the setting names. Starts nothing and downloads nothing; raises nothing."""
    kind, _, model = settings.reranker.partition(":")
    if kind == "api" and settings.reranker_base_url:
        url = settings.reranker_base_url.rstrip("/")
        return Reranking(Reranker(url, model, settings.reranker_api_key.get_secret_value()), f"{model} at {url}")
    if kind == "api":
        return Reranking(missing=AttuneError("No server is set for the reranker.", "Set ATTUNE_RERANKER_BASE_URL."))
    if kind == "st" and find_spec("sentence_transformers") is None:
        return Reranking(missing=AttuneError("sentence-transformers is not installed: nothing is reranked.", INSTALL))
    if kind == "st":
        return Reranking(LocalReranker(model, settings.logs), f"{Path(model).name} on this computer")
    return Reranking()
