"""A model that is asked over HTTP by OpenAI's client: somebody's server, or a worker process of ours on loopback."""

from __future__ import annotations

import hashlib
import math
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from tools.engine.serving import ModelServer
from tools.trainer import ToolError

if TYPE_CHECKING:
    import openai

T = TypeVar("T")
WORKER = "tools.workers.serving.embed"
REST_SECONDS = 20.0  # after a failure nothing is asked for so long: questions must not wait for what is broken


class Service:
    """Asks one model of one server, and rests after a failure. Safe to use from any thread."""

    noun, what = "answer", "answer"  # of what comes back, and of what the server is asked to do
    retries = 1

    def __init__(self, base_url: str, model: str, key: str = "") -> None:
        self.base_url = base_url
        self.model = model
        self._key = key
        self._lock = threading.Lock()
        self._client: tuple[str, openai.OpenAI] | None = None  # by its address
        self._failed = -math.inf
        self.trouble = ""  # why it gave nothing when it was asked last

    def ready(self) -> bool:
        """Whether a question may be asked now: nothing has failed in the last seconds."""
        return time.monotonic() - self._failed > REST_SECONDS

    def close(self) -> None:
        """Close the connections; the next use opens them again."""
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client[1].close()

    def ask(self, send: Callable[[openai.OpenAI], T]) -> T:
        """What `send` gets by the client. Raises ToolError, and rests then."""
        import openai

        client = None
        try:
            answer = send(client := self._at(self._address()))
        except Exception as error:
            if client is not None and not self._open(client):
                raise ToolError(
                    f"{self.base_url or self.model} was closed while it was being asked.", "Ask again."
                ) from error
            if not isinstance(error, openai.OpenAIError | ToolError):
                raise
            raise self._rest(error if isinstance(error, ToolError) else self._told(error)) from error
        self._failed, self.trouble = -math.inf, ""
        return answer

    def _rest(self, error: ToolError) -> ToolError:
        self._failed, self.trouble = time.monotonic(), str(error)
        return error

    def _address(self) -> str:
        return self.base_url

    def _at(self, url: str) -> openai.OpenAI:
        import openai

        with self._lock:
            if self._client is None or self._client[0] != url:
                client = openai.OpenAI(base_url=url, api_key=self._key or "none", max_retries=self.retries)
                self._client = (url, client)
            return self._client[1]

    def _open(self, client: openai.OpenAI) -> bool:
        with self._lock:
            return self._client is not None and self._client[1] is client

    def _told(self, error: openai.OpenAIError) -> ToolError:
        """A sentence and a remedy for what the client raises; a key never appears in them."""
        import openai

        match error:
            case openai.APITimeoutError():
                return ToolError(
                    f"No {self.noun} came from {self.base_url} in time.", "Check whether it is overloaded."
                )
            case openai.APIConnectionError():
                return ToolError(f"There is no connection to {self.base_url}.", "Check its address and that it runs.")
            case openai.AuthenticationError() | openai.PermissionDeniedError():
                return ToolError(f"Access was refused by {self.base_url}.", f"Check the key of the {self.noun} server.")
            case openai.NotFoundError():
                return ToolError(f"There is no {self.noun} model '{self.model}' at {self.base_url}.", "Check its name.")
            case openai.APIStatusError():
                return ToolError(
                    f"{self.base_url} refused to {self.what} with status {error.status_code}.", "Try later."
                )
            case _:
                return ToolError(f"{self.base_url} gave no {self.noun} ({type(error).__name__}).", "Try later.")


class Worker(ModelServer):
    """Serves a sentence-transformers model. What a served chat model and it have in common is in `Server`."""

    worker = WORKER


class InWorker(Service):
    """The same with a model in a process of its own: started on first use, again if it died."""

    log = "embed"  # what the log's name begins with
    server: type[ModelServer] = Worker
    options: tuple[str, ...] = ()  # what the worker is started with

    def __init__(self, model: str, logs: Path, interpreter: str | None = None) -> None:
        """`model` is a folder, a file or a name on the hub; the worker's log goes into the folder `logs`."""
        super().__init__("", model)
        digest = hashlib.sha256(model.encode()).hexdigest()[:8]
        log = logs / f"{self.log}-{Path(model).name}-{digest}-{os.getpid()}.log"
        self.running = self.server(model, log, interpreter, self.options)
        self._key = self.running.key
        self._starting = threading.Lock()

    def ready(self) -> bool:
        """Whether the worker is up. Where it is not, it is started, and loads while questions do without."""
        if self.running.alive() and self.running.base_url:
            return True
        if super().ready() and self._starting.acquire(blocking=False):
            threading.Thread(target=self._load, name=self.log, daemon=True).start()
        return False

    def close(self) -> None:
        """End the worker; the next use starts it again."""
        super().close()
        self.running.stop()

    def ask(self, send: Callable[[openai.OpenAI], T]) -> T:
        try:
            return super().ask(send)
        except ToolError:
            if self.running.alive() or not self.running.base_url:
                raise
            return super().ask(send)  # it died in between: once more, by a new one

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
        if not (self.running.alive() and self.running.base_url):
            self.running.stop()
            self._prepare()
            self.running.start()
            self.running.wait_ready()
            self.trouble = ""
        self.base_url = self.running.base_url
        return self.base_url

    def _prepare(self) -> None:
        """What has to be there before the worker starts. Raises ToolError where it cannot be had."""
