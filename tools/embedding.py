"""Texts -> vectors by an OpenAI-compatible `/embeddings` endpoint: somebody's, or a worker process of ours."""

from __future__ import annotations

import hashlib
import os
import subprocess
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tools import process
from tools.serving import Server
from tools.trainer import ToolError

if TYPE_CHECKING:
    import openai

Vectors = np.ndarray[Any, np.dtype[np.float32]]

WORKER = "tools.workers.embed"
BATCH = 32  # texts in one request: a question that comes in between waits for no more than these
PATIENCE = {"query": 20.0, "document": 120.0}  # seconds for a request
REST_SECONDS = 20.0  # after a failure nothing is asked for so long: questions must not wait for what is broken


class Endpoint:
    """An OpenAI-compatible server's embeddings of one model. Safe to use from any thread."""

    extra: dict[str, dict[str, str]] = {"query": {}, "document": {}}  # noqa: RUF012  sent beside the texts

    def __init__(self, base_url: str, model: str, key: str = "") -> None:
        self.base_url = base_url
        self.model = model
        self._key = key
        self._lock = threading.Lock()
        self._client: tuple[str, openai.OpenAI] | None = None  # by its address
        self._failed = -REST_SECONDS
        self.trouble = ""  # why the last texts could not be embedded

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

    def ready(self) -> bool:
        """Whether a question may be embedded now: nothing has failed in the last seconds."""
        return time.monotonic() - self._failed > REST_SECONDS

    def close(self) -> None:
        """Close the connections; the next use opens them again."""
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client[1].close()

    def _embed(self, texts: list[str], kind: str) -> Vectors:
        import openai

        try:
            client = self._at(self._address())
            answer = client.embeddings.create(
                model=self.model, input=texts, extra_body=self.extra[kind], timeout=PATIENCE[kind]
            )
        except (openai.OpenAIError, ToolError) as error:
            raise self._rest(error if isinstance(error, ToolError) else self._told(error)) from error
        self.trouble = ""
        rows = np.asarray([row.embedding for row in sorted(answer.data, key=lambda row: row.index)], dtype=np.float32)
        if rows.ndim != 2 or len(rows) != len(texts):
            raise ToolError(f"{self.base_url} sent {len(rows)} embeddings for {len(texts)} texts.",
                            "Check that it is an embedding model.")  # fmt: skip
        return rows

    def _rest(self, error: ToolError) -> ToolError:
        self._failed, self.trouble = time.monotonic(), str(error)
        return error

    def _address(self) -> str:
        return self.base_url

    def _at(self, url: str) -> openai.OpenAI:
        import openai

        with self._lock:
            if self._client is None or self._client[0] != url:
                client = openai.OpenAI(base_url=url, api_key=self._key or "none", max_retries=1)
                self._client = (url, client)
            return self._client[1]

    def _told(self, error: openai.OpenAIError) -> ToolError:
        """A sentence and a remedy for what the client raises; a key never appears in them."""
        import openai

        match error:
            case openai.APITimeoutError():
                return ToolError(f"No embedding came from {self.base_url} in time.", "Look whether it is overloaded.")
            case openai.APIConnectionError():
                return ToolError(f"There is no connection to {self.base_url}.", "Check its address and that it runs.")
            case openai.AuthenticationError() | openai.PermissionDeniedError():
                return ToolError(f"Access was refused by {self.base_url}.", "Check the key of the embedding server.")
            case openai.NotFoundError():
                return ToolError(f"There is no embedding model '{self.model}' at {self.base_url}.", "Check its name.")
            case openai.APIStatusError():
                return ToolError(f"{self.base_url} refused to embed with status {error.status_code}.", "Try later.")
            case _:
                return ToolError(f"{self.base_url} gave no embedding ({type(error).__name__}).", "Try later.")


class Local(Endpoint):
    """A sentence-transformers model in a process of its own: started on first use, again if it died."""

    extra = {kind: {"input_type": kind} for kind in ("query", "document")}  # noqa: RUF012

    def __init__(self, model: str, logs: Path, interpreter: str | None = None) -> None:
        """`model` is a folder or a name on the hub; the worker's log goes into the folder `logs`."""
        super().__init__("", model)
        digest = hashlib.sha256(model.encode()).hexdigest()[:8]
        self._server = _Server(model, logs / f"embed-{Path(model).name}-{digest}-{os.getpid()}.log", interpreter)
        self._starting = threading.Lock()

    def ready(self) -> bool:
        """Whether the worker is up. Where it is not, it is started, and loads while questions do without."""
        if self._server.alive() and self._server.base_url:
            return True
        if super().ready() and self._starting.acquire(blocking=False):
            threading.Thread(target=self._load, name="embedding", daemon=True).start()
        return False

    def embed(self, texts: Sequence[str], kind: str = "document") -> Vectors:
        try:
            return super().embed(texts, kind)
        except ToolError:
            if self._server.alive() or not self._server.base_url:
                raise
            return super().embed(texts, kind)  # it died in between: once more, by a new one

    def close(self) -> None:
        """End the worker; the next use starts it again."""
        super().close()
        self._server.stop()

    def _load(self) -> None:
        try:
            self._up()
        except ToolError as error:
            self._rest(error)
        finally:
            self._starting.release()

    def _address(self) -> str:
        with self._starting:
            return self._up()

    def _up(self) -> str:
        if not (self._server.alive() and self._server.base_url):
            self._server.stop()
            self._server.start()
            self._server.wait_ready()
            self.trouble = ""
        self.base_url = self._server.base_url
        return self.base_url


class _Server(Server):
    """The worker. What a served chat model and it have in common is in `Server`."""

    def start(self) -> None:
        self.base_url = ""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with open(self.log, "wb") as log:
            self._process = subprocess.Popen(
                [self.interpreter, "-m", WORKER, self.model],
                stdin=subprocess.PIPE,  # its end tells the worker that we are gone
                stdout=log,
                stderr=subprocess.STDOUT,
                env=process.environment(self.model),
                start_new_session=True,
            )
