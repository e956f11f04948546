"""Vectors of short texts, remembered: the sentences of a passage are compared with many questions."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence

import numpy as np

from assistant.knowledge.search.embedding_choice import Embedding
from assistant.knowledge.search.lexical_embedding import Vector

MOST = 20_000  # texts that are remembered: 30 MB with vectors of 384


class Vectors:
    """Of one embedding. Safe to use from any thread."""

    def __init__(self, embedding: Embedding) -> None:
        self._embedding = embedding
        self._known: OrderedDict[str, Vector] = OrderedDict()
        self._lock = threading.Lock()

    def likeness(self, question: str, texts: Sequence[str]) -> list[float]:
        """The cosine similarity of each text to the question. Raises ToolError where the embedding cannot be used."""
        if not texts:
            return []
        asked = self._embedding.embed([question], "query")[0]
        return [float(value) for value in self.of(texts) @ asked]

    def of(self, texts: Sequence[str]) -> Vector:
        """The vectors of texts: only those that are not known are embedded."""
        with self._lock:
            known = {text: self._known[text] for text in texts if text in self._known}
        new = [text for text in dict.fromkeys(texts) if text not in known]
        if new:
            known |= dict(zip(new, self._embedding.embed(new), strict=True))
        with self._lock:
            for text in known:
                self._known[text] = known[text]
                self._known.move_to_end(text)
            while len(self._known) > MOST:
                self._known.popitem(last=False)
        return np.stack([known[text] for text in texts])
