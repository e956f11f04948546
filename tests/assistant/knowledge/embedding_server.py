"""What the tests of embeddings share: a server on loopback (real HTTP, lexical vectors, a gate), a packaged model."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from assistant.knowledge.search.lexical_embedding import Embedder
from tests.loopback import Answer, Loopback
from tools.embedding import Local, MiniLM
from tools.engine import minilm

KEY = "secret-of-the-embedding-server"


def packaged_model(folder: Path) -> MiniLM:
    """MiniLM by the engine, made in `folder`."""
    return MiniLM(folder / "models", folder / "logs")


def sentence_transformer(logs: Path) -> Local:
    """The same in sentence-transformers' worker. Without the extra the test skips, except in CI, which promised it."""
    if find_spec("sentence_transformers") is None:
        reason = "the extra 'embeddings' is not installed: pip install -c constraints.txt -e '.[embeddings]'"
        if os.environ.get("CI", "").lower() == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return Local(str(Path(str(find_spec(minilm.PACKAGE).origin)).parent / "model"), logs)  # type: ignore[union-attr]


class EmbeddingServer(Loopback):
    """Use it in a `with`. `asked` are the texts it was sent, by model.

    Once it is `gone` it hangs up on whoever asks, and counts them as `refused`."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: dict[str, list[str]] = {}
        self.status = 200
        self.gone, self.refused = False, 0
        self.open = threading.Event()  # while it is not set, passages wait; questions do not
        self.open.set()
        self.asking: Callable[[str], object] = lambda _: None  # told a question's model before it is answered
        self.free = 0  # so many passages of a model are embedded whether it is open or not
        self._embedder = Embedder()

    def __exit__(self, *_: object) -> None:
        self.gone = True
        self.open.set()
        super().__exit__()

    def answer(self, path: str, body: Any) -> Answer | None:  # noqa: ARG002
        if self.gone:
            self.refused += 1
            return None
        texts = [body["input"]] if isinstance(body["input"], str) else body["input"]
        answer = self._embedded(body["model"], texts) if self.status == 200 else {"error": {"message": "no"}}
        return Answer(self.status, json.dumps(answer).encode())

    def _embedded(self, model: str, texts: list[str]) -> dict[str, Any]:
        known = self.asked.setdefault(model, [])
        if len(texts) > 1 and len(known) >= self.free:
            self.open.wait()  # however long the test takes; leaving the `with` opens it
        elif texts != ["ready"] and len(texts) == 1:
            self.asking(model)
        known += texts
        rows = [[float(value) for value in vector] for vector in self._embedder.embed(texts)]
        data = [{"object": "embedding", "index": index, "embedding": row} for index, row in enumerate(rows)]
        return {"object": "list", "data": data, "model": model, "usage": {"prompt_tokens": 0, "total_tokens": 0}}
