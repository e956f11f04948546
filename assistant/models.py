"""The one road to a model: a variant's name -> the server that answers, its client, its token counter, its refusals.

Chat, evaluation, guide and /v1 come this way. A local model is served by a child process of ours (tools/engine).
"""

from __future__ import annotations

import os
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from assistant import endpoints
from assistant.endpoints import Endpoint
from assistant.errors import AttuneError
from assistant.knowledge.prompt import tokens
from assistant.record.types import QUOTE, Variant
from assistant.settings import EMBEDDED, Settings
from tools.engine import CONTEXT, hashes
from tools.engine.hashes import FileHashes, Stamp
from tools.local import base_model, recipe
from tools.trainer import ToolError

if TYPE_CHECKING:
    import openai

    from tools.engine.serving import ModelServer, ServerPool

Status = Callable[[str], None]
Certified = Callable[[str, int], str]  # a case and a job of it -> the sha256 that its model's file must have, or ""
_STAGES = {"starting": "Starting the model", "loading model": "Loading the model", "ready": "The model is ready"}


def folder(settings: Settings, model: str, say: Status | None = None) -> str:
    """The folder of a local model, for trainers and counters: made or fetched where it is missing. Raises ToolError."""
    from tools.engine import local_models

    return str(local_models.folder(settings.model_path(model), settings.models, say))


def trainable(settings: Settings, base: str) -> str:
    """What a trainer is given: the folder of a model on this machine, made where it is missing, or a name as it is."""
    if base == EMBEDDED or base.endswith(".gguf"):
        return folder(settings, base)
    return settings.model_path(base)


def gone(settings: Settings, model: str) -> AttuneError | None:
    """What to tell where a model that was made here is no longer there."""
    path = settings.model_path(model)
    if model == EMBEDDED or "/" not in model or os.path.exists(path) or not model.startswith("jobs/"):
        return None
    return AttuneError(f"The model '{model}' is not on this machine.", "Switch to another variant, or train it again.")


class Models:
    """Open servers and connections of this process. Safe to use from any thread."""

    def __init__(self, settings: Settings, certified: Certified) -> None:
        self.settings = settings
        self.certified = certified
        self._lock = threading.Lock()
        self._seen: dict[int, Stamp] = {}  # of a job: its file as it was when it was found to be the measured one
        self._measuring: Counter[str] = Counter()  # cases whose models are being measured anew
        self.pool: ServerPool | None = None
        self._files: dict[tuple[str, bool], str] = {}  # of a model: the file that is served, also in 32 bits
        self.clients: dict[Endpoint, openai.OpenAI] = {}
        self._counters: dict[str, tuple[int, tokens.Counter]] = {}
        self._refused: dict[str, set[str]] = {}  # url -> options of ours that the server does not take

    def endpoint(
        self, variant: Variant, on_status: Status | None = None, doubted: bool = False, exact: bool = False
    ) -> Endpoint:
        """Where the variant's model answers. Blocks while a local one is loaded, and tells `on_status`.

        `doubted`: it has just failed to answer, so look closer. `exact`: in 32 bits where the model is small, so that
        a greedy answer depends on nothing but its prompt. Raises AttuneError.
        """
        if variant.endpoint == QUOTE:
            raise AttuneError(
                "The documents are quoted without a model, so there is none to ask.",
                "Switch to another variant to have a model answer.",
            )
        if variant.endpoint != "local":
            return endpoints.remote(self.settings, variant)
        say = on_status or (lambda _: None)
        try:
            file = self._file(variant.model, exact, say)
            pool = self._servers()
            # Its process lives: asking the server itself would cost what an answer does, and a failure tells as well.
            known = None if doubted else pool.running(file)
            if variant.tuned and not exact:
                self._check_measured(variant, Path(file), starts=known is None)
            server = known or pool.endpoint(file, on_progress=lambda stage: say(_STAGES.get(stage, stage)))
        except ToolError as error:
            raise AttuneError(error.sentence, error.remedy or "Try again, or choose another variant.") from error
        return _local(server)

    @contextmanager
    def measuring(self, case: str) -> Iterator[None]:
        """Meanwhile a tuned model of the case answers whatever its file is: what it is, is being found out."""
        with self._lock:
            self._measuring[case] += 1
        try:
            yield
        finally:
            with self._lock:
                self._measuring[case] -= 1

    def ready(self, variant: Variant) -> Endpoint | None:
        """The same, at once: None where a local model would have to be loaded first."""
        if variant.endpoint != "local":
            return self.endpoint(variant)
        file = self._files.get((variant.model, False))
        server = self.pool.running(file) if self.pool and file else None
        return _local(server) if server else None

    def client(self, endpoint: Endpoint) -> openai.OpenAI:
        """OpenAI's client of that server; kept open."""
        with self._lock:
            if endpoint not in self.clients:
                self.clients[endpoint] = endpoint.client()
            return self.clients[endpoint]

    def forget(self, endpoint: Endpoint) -> None:
        """Ask by a new client next time: this one is not closed, others may still read from it."""
        with self._lock:
            self.clients.pop(endpoint, None)

    def counter(self, variant: Variant) -> tokens.Counter:
        """The window of the variant's model, and what counts the tokens of messages for it."""
        if variant.endpoint != "local":
            return tokens.approximate()
        self._check(variant.model)
        try:
            place = folder(self.settings, variant.model)
        except ToolError as error:
            path = Path(self.settings.model_path(variant.model))
            if path.suffix != ".gguf" or not path.is_file():
                raise AttuneError(error.sentence, error.remedy) from error
            return tokens.approximate(min(_window(path), CONTEXT))  # a file whose tokenizer only the engine knows
        stamp = os.stat(f"{place}/config.json").st_mtime_ns
        known = self._counters.get(place)
        if known is None or known[0] != stamp:
            counter = tokens.of_folder(Path(place))
            known = (stamp, replace(counter, window=min(counter.window, CONTEXT)))
            self._counters[place] = known
        return known[1]

    def refused(self, endpoint: Endpoint) -> set[str]:
        """The options of ours that this server does not take, as far as it was asked; whoever learns of one adds it."""
        return self._refused.setdefault(endpoint.url, set())

    def release(self, variant: Variant) -> None:
        """End the 32-bit server of a variant that has been measured, and remove its file: it is made again quickly."""
        from tools.engine import local_models

        file = self._files.pop((variant.model, True), None)
        if file and Path(file).name == local_models.EXACT:  # a large model is measured as it is served: that file stays
            if self.pool is not None:
                self.pool.stop(file)
            Path(file).unlink(missing_ok=True)

    def close(self) -> None:
        """End the model servers that were started here, and close the connections."""
        with self._lock:
            pool, self.pool = self.pool, None
            clients, self.clients = list(self.clients.values()), {}
        for client in clients:
            client.close()
        if pool is not None:
            pool.close()

    def _servers(self) -> ServerPool:
        from tools.engine.serving import ServerPool

        with self._lock:
            if self.pool is None:
                self.pool = ServerPool(self.settings.logs, self.settings.model_servers)
            return self.pool

    def _file(self, model: str, exact: bool, say: Status) -> str:
        """The file to serve, made where it is missing. Raises ToolError."""
        known = self._files.get((model, exact))
        if known is not None and os.path.isfile(known):
            return known
        from tools.engine import embedded, local_models

        self._check(model)
        if model == EMBEDDED:
            embedded.ensure(self.settings.models, say, verify=True)  # once a process: a damaged one is made again
        named = self.settings.model_path(model)
        found = str(local_models.served(named, self.settings.models, exact and self._small(named), say))
        self._files[(model, exact)] = found
        return found

    def _small(self, named: str) -> bool:
        """Whether a model is small enough to be measured in 32 bits."""
        path = Path(named)
        if path.is_dir():
            return base_model.parameters(path) <= recipe.MIDDLE
        return path.is_file() and path.stat().st_size <= 2 * recipe.MIDDLE

    def _check_measured(self, variant: Variant, file: Path, starts: bool) -> None:
        """Raise AttuneError where a certified variant would answer from another file than the one that was measured.

        The file is hashed whenever its server starts, and once more where it was written since: an idle server reads
        it anew.
        """
        now = hashes.stamp(file)
        if self._measuring[variant.case] or (not starts and self._seen.get(variant.job) == now):
            return
        expected = self.certified(variant.case, variant.job)
        if expected:
            noted = {self.settings.portable(str(file)): expected}
            if changed := FileHashes(self.settings.hashes).changed(self.settings.data, noted, fresh=starts):
                raise AttuneError(
                    f"The model file of '{variant.name}' has changed since it was measured: {changed}.",
                    "Go back with `attune undo`, or measure it again with `attune evaluate`.",
                )
        self._seen[variant.job] = now

    def _check(self, model: str) -> None:
        if (problem := gone(self.settings, model)) is not None:
            raise problem


def _local(server: ModelServer) -> Endpoint:
    return Endpoint(server.base_url, server.model, server.key, local=True)


def _window(file: Path) -> int:
    from tools.engine.gguf import gguf_file

    reader = gguf_file.opened(file)
    return int(gguf_file.value(reader, f"{gguf_file.architecture(reader)}.context_length", tokens.DEFAULT_WINDOW))
