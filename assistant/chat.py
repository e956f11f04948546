"""reply(variant, messages): one OpenAI-compatible client for every model, local or behind a server."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from assistant import endpoints
from assistant.endpoints import Endpoint
from assistant.errors import AttuneError
from assistant.knowledge import prompt as prompts
from assistant.knowledge import seen, tokens
from assistant.knowledge.prompt import Prompt
from assistant.knowledge.retriever import Found, Knowledge
from assistant.knowledge.seen import Json
from assistant.knowledge.words import content
from assistant.record.store import Store
from assistant.record.types import Message, Passage, Variant
from assistant.settings import Settings
from tools.trainer import ToolError

if TYPE_CHECKING:
    import openai

    from tools.serving import Pool

log = logging.getLogger(__name__)
Status = Callable[[str], None]
SHORT_QUESTION = 4  # words with a meaning: a question with fewer is looked up together with the one before it
_WAITS = (0.2, 1.0)  # seconds before another try: a process that was killed takes a moment to be gone
_STAGES = {"starting": "Starting the model", "loading model": "Loading the model", "ready": "The model is ready"}


class Reply(Iterator[str]):
    """An answer as it is written: iterate over it. What it took is true when it has ended.

    `first_token_s` and `total_s` count from the call of `reply`, so they include retrieval and loading the model.
    """

    def __init__(
        self, built: Prompt, pieces: Callable[[Reply], Iterator[str]], started: float,
        counter: tokens.Counter | None = None,
    ) -> None:  # fmt: skip
        self.text = ""
        self._built, self._counter = built, counter or tokens.approximate()
        self.prompt = built.messages
        self.passages: tuple[Passage, ...] = built.passages
        self.dropped = list(built.dropped)
        self.note = built.note
        self.prompt_tokens = built.tokens
        self.completion_tokens = 0
        self.first_token_s = 0.0
        self.total_s = 0.0
        self.finish_reason = ""
        self._started = started
        self._pieces = pieces(self)

    def __iter__(self) -> Reply:
        return self

    def __next__(self) -> str:
        try:
            piece = next(self._pieces)
        except BaseException:
            self.total_s = self.total_s or time.monotonic() - self._started
            raise
        self.first_token_s = self.first_token_s or time.monotonic() - self._started
        self.text += piece
        return piece

    @property
    def cut(self) -> str:
        """What to tell whoever reads an answer that was ended by its limit; empty if it ended by itself."""
        if self.finish_reason != "length":
            return ""
        setting = Settings.variable("longest_answer")
        return f"The answer is cut at its limit of {self.completion_tokens} tokens, which {setting} sets."

    def saw(self) -> Json:
        """What the model was sent, in parts and counted (see `seen.record`), to be kept with the answer."""
        return seen.record(self._built, self._counter)

    def close(self) -> None:
        """Stop the answer where it is; the server stops writing it."""
        close = getattr(self._pieces, "close", None)
        if close is not None:
            close()
        self.total_s = self.total_s or time.monotonic() - self._started


class Chat:
    """Answers of every variant. Evaluation and chat ask here, so like is compared with like."""

    def __init__(self, settings: Settings, store: Store, knowledge: Knowledge) -> None:
        self.settings = settings
        self.store = store
        self.knowledge = knowledge
        self._lock = threading.Lock()
        self._pool: Pool | None = None
        self._clients: dict[Endpoint, openai.OpenAI] = {}
        self._counters: dict[str, tuple[int, tokens.Counter]] = {}
        self._refused: dict[str, set[str]] = {}  # url -> options of ours that the server does not take

    def prepare(self, variant: Variant, messages: Sequence[Message]) -> Prompt:
        """The prompt a variant would be sent: its instruction, passages and shots, fitted to its window."""
        question = _query(messages)
        found = self.knowledge.find(variant.case, question, variant.passages) if variant.passages else Found()
        shots = self.knowledge.shots(variant, messages) if variant.shots else []
        counter = self._counter(variant)
        built = prompts.build(variant, messages, found.passages, shots, counter.window, counter.count)
        return replace(built, note=found.note)

    def reply(self, variant: Variant, messages: Sequence[Message], on_status: Status | None = None) -> Reply:
        """The answer to a conversation whose last message is the user's. Raises AttuneError, here or while it runs."""
        started = time.monotonic()
        built = self.prepare(variant, messages)
        return Reply(built, lambda reply: self._pieces(variant, reply, on_status), started, self._counter(variant))

    def send(self, variant: Variant, messages: Sequence[Message], most: int = 0) -> Reply:
        """The answer to exactly these messages: no instruction, passage or example is added."""
        built = Prompt(list(messages))
        return Reply(built, lambda reply: self._pieces(variant, reply, None, most), time.monotonic())

    def warm(self, variant: Variant, on_status: Status | None = None) -> None:
        """Get ready, so that the first answer does not wait: a local model is loaded, and `on_status` told so."""
        self._client(self._endpoint(variant, on_status))
        self._counter(variant)

    def at(self, variant: Variant, doubted: bool = False) -> Endpoint:
        """Where the variant's model answers. Blocks while it is loaded; `doubted`: it has just failed to answer."""
        return self._endpoint(variant, None, doubted)

    def ready(self, variant: Variant) -> Endpoint | None:
        """The same, at once: None where a local model would have to be loaded first."""
        if variant.endpoint != "local":
            return self._endpoint(variant, None)
        path = self._folder(variant)
        url = self._pool.running(path, variant.temperature) if self._pool else None
        return Endpoint(url, path, local=True) if url else None

    def counter(self, variant: Variant) -> tokens.Counter:
        """The window of the variant's model, and what counts the tokens of messages for it."""
        return self._counter(variant)

    def refused(self, endpoint: Endpoint) -> set[str]:
        """The options of ours that this server does not take, as far as it was asked; whoever learns of one adds it."""
        return self._refused.setdefault(endpoint.url, set())

    def close(self) -> None:
        """End the model servers that were started here, and close the connections."""
        with self._lock:
            pool, self._pool = self._pool, None
            clients, self._clients = list(self._clients.values()), {}
        for client in clients:
            client.close()
        if pool is not None:
            pool.close()

    def _pieces(self, variant: Variant, reply: Reply, on_status: Status | None, most: int = 0) -> Iterator[str]:
        """The pieces of the answer. A local server that is gone before the first one is started again."""
        for attempt, wait in enumerate((*_WAITS, None)):
            endpoint = self._endpoint(variant, on_status, doubted=attempt > 0)
            try:
                yield from self._stream(endpoint, variant, reply, most or variant.max_tokens)
                return
            except endpoints.Gone as gone:
                if reply.text:
                    raise endpoint.ended().told from gone
                if wait is None or not endpoint.local:
                    raise gone.told from gone
                log.warning("%s It is started again.", gone.told.sentence)
                self._forget(endpoint)
                time.sleep(wait)

    def _stream(self, endpoint: Endpoint, variant: Variant, reply: Reply, most: int) -> Iterator[str]:
        client = self._client(endpoint)
        refused = self.refused(endpoint)
        with (
            endpoints.told(endpoint),
            endpoints.stream(client, endpoint, variant, reply.prompt, most, refused) as chunks,
        ):
            for chunk in chunks:
                if chunk.usage is not None:
                    reply.prompt_tokens = chunk.usage.prompt_tokens
                    reply.completion_tokens = chunk.usage.completion_tokens
                for choice in chunk.choices[:1]:
                    reply.finish_reason = choice.finish_reason or reply.finish_reason
                    if choice.delta.content:
                        yield choice.delta.content
        if not reply.finish_reason:
            raise endpoint.ended()
        if reply.text and not reply.completion_tokens:  # a server that counts nothing
            reply.completion_tokens = tokens.estimate(reply.text)

    def _endpoint(self, variant: Variant, on_status: Status | None, doubted: bool = False) -> Endpoint:
        if variant.endpoint == "local":
            path = self._folder(variant)
            return Endpoint(self._serving(path, variant.temperature, on_status, doubted), path, local=True)
        return endpoints.remote(self.settings, variant)

    def _folder(self, variant: Variant) -> str:
        folder = self.settings.model_path(variant.model)
        if not os.path.isfile(f"{folder}/config.json"):  # for every answer: pathlib takes several times as long
            raise AttuneError(f"The model '{variant.model}' is not on this machine.",
                              "Switch to another variant, or train it again.")  # fmt: skip
        return folder

    def _serving(self, path: str, temperature: float, on_status: Status | None, doubted: bool) -> str:
        """The address of the server of a local model, started where it does not run; `doubted`: it just failed."""
        from tools.serving import Pool

        with self._lock:
            if self._pool is None:
                self._pool = Pool(self.settings.logs, self.settings.model_servers)
            pool = self._pool
        # Its process lives: asking the server itself would cost what it takes to answer, and a failure tells as well.
        known = None if doubted else pool.running(path, temperature)
        if known is not None:
            return known
        say = on_status or (lambda _: None)
        try:
            return pool.endpoint(
                path, on_progress=lambda stage: say(_STAGES.get(stage, stage)), temperature=temperature
            )
        except ToolError as error:
            raise AttuneError(error.sentence, error.remedy or "Try again, or choose another variant.") from error

    def _forget(self, endpoint: Endpoint) -> None:
        """Ask by a new client next time: this one is not closed, others may still read from it."""
        with self._lock:
            self._clients.pop(endpoint, None)

    def _client(self, endpoint: Endpoint) -> openai.OpenAI:
        with self._lock:
            if endpoint not in self._clients:
                self._clients[endpoint] = endpoint.client()
            return self._clients[endpoint]

    def _counter(self, variant: Variant) -> tokens.Counter:
        if variant.endpoint != "local":
            return tokens.approximate()
        folder = self._folder(variant)
        stamp = os.stat(f"{folder}/config.json").st_mtime_ns
        known = self._counters.get(folder)
        if known is None or known[0] != stamp:
            known = self._counters[folder] = (stamp, tokens.of_folder(Path(folder)))
        return known[1]


def _query(messages: Sequence[Message]) -> str:
    """What to look up: the question, and the one before it where it is too short to stand alone."""
    asked = [str(message["content"]) for message in messages if message["role"] == "user"]
    if len(asked) > 1 and len(content(asked[-1])) < SHORT_QUESTION:
        return f"{asked[-1]}\n{asked[-2]}"
    return asked[-1] if asked else ""
