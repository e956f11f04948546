"""reply(variant, messages): one OpenAI-compatible client for every model, local or behind a server."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from assistant import endpoints
from assistant.endpoints import Endpoint
from assistant.knowledge.prompt import composition as prompts
from assistant.knowledge.prompt import tokens, trace
from assistant.knowledge.prompt.composition import Prompt
from assistant.knowledge.prompt.trace import Json
from assistant.knowledge.quote import quoting
from assistant.knowledge.search.retriever import FoundPassages, Knowledge
from assistant.models import Models, Status
from assistant.record.store import Store
from assistant.record.types import QUOTE, Message, Passage, Variant
from assistant.repeats import repeated
from assistant.settings import Settings
from tools.chat_rows import DECLARED
from tools.engine import served_prompt

log = logging.getLogger(__name__)
LOOP = "repeats"  # why an answer ended: it said the same over and over
UNFOUND = "Nothing in the documents fits the question: the model answers without them."
LOOKED, ENOUGH = 16, 6  # pieces after which a local model's answer is looked at; times that are no accident
_WAITS = (0.2, 1.0)  # seconds before another try: a process that was killed takes a moment to be gone


class Reply(Iterator[str]):
    """An answer as it is written: iterate over it. What it took is true when it has ended.

    `first_token_s` and `total_s` count from the call of `reply`, so they include retrieval and loading the model.
    """

    def __init__(
        self,
        built: Prompt,
        pieces: Callable[[Reply], Iterator[str]],
        started: float,
        counter: tokens.Counter | None = None,
    ) -> None:
        self.text = ""
        self._built, self._counter = built, counter or tokens.approximate()
        self.prompt = built.messages
        self.passages: tuple[Passage, ...] = built.passages
        self.dropped = list(built.dropped)
        self.note = built.note
        self.unfound = built.unfound
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

    @property
    def repeats(self) -> str:
        """What to tell whoever reads an answer that repeats itself to its end; empty where it does not."""
        times = repeated(self.text)
        if self.finish_reason == LOOP:
            return f"The answer was stopped: it had said the same {times} times."
        return f"The answer repeats itself: it ends by saying the same {times} times." if times else ""

    def saw(self) -> Json:
        """What the model was sent, in parts and counted (see `seen.record`), to be kept with the answer."""
        return trace.record(self._built, self._counter)

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
        self.models = Models(settings, store.certified)

    def prepare(self, variant: Variant, messages: Sequence[Message]) -> Prompt:
        """The prompt a variant would be sent: its instruction, passages and shots, fitted to its window."""
        question = prompts.query(messages)
        found = self.knowledge.find(variant.case, question, variant.passages) if variant.passages else FoundPassages()
        shots = self.knowledge.shots(variant, messages) if variant.shots else []
        counter = self.counter(variant)
        built = prompts.build(variant, messages, found.passages, shots, counter.window, counter.count)
        missed = bool(variant.passages) and not found.passages and self.knowledge.searches(variant.case, question)
        declared = {name: value for m in messages[:1] for name, value in m.items() if name in DECLARED}
        first = [message | declared for message in built.messages[:1]]
        whole = [*first, *built.messages[1:]]
        return replace(built, note=found.note, unfound=UNFOUND if missed else "", messages=whole)

    def reply(
        self, variant: Variant, messages: Sequence[Message], on_status: Status | None = None, exact: bool = False
    ) -> Reply:
        """The answer to a conversation whose last message is the user's. Raises AttuneError, here or while it runs.

        `exact`: by the same weights in 32 bits, as answers are measured (see Models.endpoint).
        """
        started = time.monotonic()
        if variant.endpoint == QUOTE:
            return self._quoted(variant, messages, started)
        built = self.prepare(variant, messages)
        pieces = lambda reply: self._pieces(variant, reply, on_status, exact=exact)  # noqa: E731
        return Reply(built, pieces, started, self.counter(variant))

    def send(self, variant: Variant, messages: Sequence[Message], most: int = 0, exact: bool = False) -> Reply:
        """The answer to exactly these messages: no instruction, passage or example is added."""
        built = Prompt(list(messages))
        return Reply(built, lambda reply: self._pieces(variant, reply, None, most, exact), time.monotonic())

    def fed(self, variant: Variant, messages: Sequence[Message]) -> list[tuple[int, str]]:
        """The tokens, as (id, text), that a local model is fed where `reply` answers these messages.

        Raises AttuneError, and ToolError where its server does not tell.
        """
        built = self.prepare(variant, messages)
        endpoint = self.models.endpoint(variant)
        return served_prompt.tokens(endpoint.url, endpoint.key, endpoint.model, built.messages)

    def warm(self, variant: Variant, on_status: Status | None = None, exact: bool = False) -> None:
        """Get ready, so that the first answer does not wait: a local model is loaded, and `on_status` told so."""
        if variant.endpoint == QUOTE:
            quoting.warm(self.knowledge, variant.case)
            return
        self.models.client(self.models.endpoint(variant, on_status, exact=exact))
        self.counter(variant)

    def counter(self, variant: Variant) -> tokens.Counter:
        """The window of the variant's model, and what counts the tokens of messages for it."""
        return self.models.counter(variant)

    def close(self) -> None:
        """End the model servers that were started here, and close the connections."""
        self.models.close()

    def _quoted(self, variant: Variant, messages: Sequence[Message], started: float) -> Reply:
        """An answer for which no model is asked: it is there at once, and costs no token."""
        found = quoting.answer(self.knowledge, variant.case, prompts.question(messages), prompts.query(messages))

        def pieces(reply: Reply) -> Iterator[str]:
            yield found.text
            reply.finish_reason = "stop"

        cited = (found.passage,) if found.passage is not None else ()
        return Reply(Prompt([], cited, note=found.note), pieces, started)

    def _pieces(
        self, variant: Variant, reply: Reply, on_status: Status | None, most: int = 0, exact: bool = False
    ) -> Iterator[str]:
        """The pieces of the answer. A local server that is gone before the first one is started again."""
        for attempt, wait in enumerate((*_WAITS, None)):
            endpoint = self.models.endpoint(variant, on_status, doubted=attempt > 0, exact=exact)
            try:
                yield from self._stream(endpoint, variant, reply, most or variant.max_tokens)
                return
            except endpoints.Gone as gone:
                if reply.text:
                    raise endpoint.ended().told from gone
                if wait is None or not endpoint.local:
                    raise gone.told from gone
                log.warning("%s It is restarted.", gone.told.sentence)
                self.models.forget(endpoint)
                time.sleep(wait)

    def _stream(self, endpoint: Endpoint, variant: Variant, reply: Reply, most: int) -> Iterator[str]:
        client, said = self.models.client(endpoint), 0
        refused = self.models.refused(endpoint)
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
                        said += 1
                        yield choice.delta.content
                if endpoint.local and said % LOOKED == 0 and repeated(reply.text) >= ENOUGH:
                    reply.finish_reason, reply.completion_tokens = LOOP, said  # it would go on to its limit
                    break
        if not reply.finish_reason:
            raise endpoint.ended()
        if reply.text and not reply.completion_tokens:  # a server that counts nothing
            reply.completion_tokens = tokens.estimate(reply.text)
