"""Filling the index on a thread: what was there before answers until the new collection is complete."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

from assistant.knowledge.search.embedding_choice import Embedding, earlier
from assistant.knowledge.search.index import Index, IndexingStopped
from assistant.settings import Settings
from tools.trainer import ToolError

log = logging.getLogger(__name__)
REST_SECONDS = 20.0  # before another try after a failure


@dataclass(frozen=True)
class Build:
    """How far a case's collection is. `error` is a sentence and a remedy; `ended` a time.monotonic()."""

    state: str = "waiting"  # waiting | building | ready | failed
    done: int = 0
    total: int = 0
    error: str = ""
    ended: float = 0.0


class Builder:
    """One thread a case at a time. What it has done is in the index; this only tells how far it is."""

    def __init__(self, index: Index, embedding: Embedding, settings: Settings) -> None:
        self._index, self._embedding, self._settings = index, embedding, settings
        self._lock = threading.Lock()
        self._builds: dict[str, Build] = {}
        self._threads: dict[str, threading.Thread] = {}
        self._before: dict[str, Embedding | None] = {}  # what answers while a case is built
        self._ending = threading.Event()

    def build(self, case: str) -> Build:
        with self._lock:
            return self._builds.get(case, Build())

    def before(self, case: str) -> Embedding | None:
        """The embedding whose complete collection answers until the new one does; None where there is none."""
        with self._lock:
            return self._before.get(case)

    def start(self, case: str, texts: Mapping[str, str]) -> None:
        """Fill the case's collection on a thread; harmless while one does, and for a while after a failure."""
        with self._lock:
            build = self._builds.get(case, Build())
            resting = build.state == "failed" and time.monotonic() - build.ended < REST_SECONDS
            if build.state == "building" or resting:
                return
            self._builds[case] = Build("building", 0, len(texts))
            ending = self._ending
        if case not in self._before:
            self._look_back(case, texts)
        thread = threading.Thread(target=self._run, args=(case, texts, ending), name=f"index {case}", daemon=True)
        self._threads[case] = thread
        thread.start()

    def run(self, case: str, texts: Mapping[str, str], ending: threading.Event | None = None) -> None:
        """Fill the case's collection before returning. Raises AttuneError or ToolError when that is impossible."""
        with self._index.building():
            self._index.sync(
                case, texts, progress=lambda done, total: self._set(case, done=done, total=total), ending=ending
            )
        with self._lock:
            before = self._before.pop(case, None)  # from now on the new collection answers
        self._index.keep_only(case)
        if before is not None:
            before.close()
        self._set(case, state="ready", done=len(texts), total=len(texts), error="")

    def close(self) -> None:
        """End the threads; what they have done stays, and the next start goes on from there."""
        with self._lock:
            ending, self._ending = self._ending, threading.Event()
        ending.set()
        self._embedding.close()  # what a thread waits for ends
        for thread in list(self._threads.values()):
            thread.join(timeout=10)
        with self._lock:
            left, self._before = list(self._before.values()), {}
            self._builds.clear()
        for embedding in left:
            if embedding is not None:
                embedding.close()

    def _look_back(self, case: str, texts: Mapping[str, str]) -> None:
        found = None
        try:
            names = self._index.others(case, texts)
            found = next((one for name in names if (one := earlier(name, self._settings)) is not None), None)
        except ToolError as error:
            log.warning("%s", error)  # the thread meets it again, and its state tells
        with self._lock:
            self._before[case] = found

    def _run(self, case: str, texts: Mapping[str, str], ending: threading.Event) -> None:
        try:
            self.run(case, texts, ending)
        except Exception as error:
            if isinstance(error, IndexingStopped) or ending.is_set():  # the embedding was closed under it
                self._set(case, state="waiting")
            elif isinstance(error, ToolError):
                log.warning("The index of %s is not complete: %s", case, error)
                self._failed(case, str(error))
            else:
                log.exception("filling the index of %s failed", case)
                self._failed(case, "It failed because of a bug in Attune; the details are in the log.")

    def _failed(self, case: str, error: str) -> None:
        self._set(case, state="failed", error=error, ended=time.monotonic())

    def _set(self, case: str, **changes: object) -> None:
        with self._lock:
            self._builds[case] = replace(self._builds.get(case, Build()), **changes)  # type: ignore[arg-type]
