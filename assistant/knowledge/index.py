"""The Chroma folder: one collection a case, and nothing in it that cannot be made again from the record.

Whatever is wrong with the folder (deleted, damaged, half written, made by an older version, changed by another
process) ends the same way: it is opened again, and if that is not enough, deleted and filled again.
"""

from __future__ import annotations

import fcntl
import hashlib
import logging
import os
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from assistant.errors import AttuneError
from assistant.knowledge.words import EMBEDDING, Embedder, Vector

T = TypeVar("T")
log = logging.getLogger(__name__)
_BATCH = 1000  # chunks added at once


class Short(Exception):
    """The index answered with fewer chunks than it must hold."""


class Index:
    """Nearest chunks by embedding. Safe to use from any thread, and from several processes on one folder."""

    def __init__(self, folder: Path, embedder: Embedder) -> None:
        self.folder = folder
        self._embedder = embedder
        self._lock = threading.RLock()
        self._client: Any = None
        self._inode = 0
        self._synced: dict[str, tuple[frozenset[str], Any]] = {}  # case -> ids it must hold, its collection

    def sync(self, case: str, texts: Mapping[str, str]) -> None:
        """Make the collection hold exactly these chunks (id -> text), adding and deleting only what differs."""
        with self._lock:
            self._mended(lambda: self._sync(case, texts))

    def nearest(self, case: str, texts: Mapping[str, str], query: str, k: int) -> list[tuple[str, float]]:
        """The k chunks nearest to the query as (id, cosine similarity), best first; only ids of `texts`."""
        vector = self._embedder.embed([query])
        if not texts or not vector.any():
            return []
        with self._lock:
            return self._mended(lambda: self._query(case, texts, vector, min(k, len(texts))))

    def close(self) -> None:
        """Let go of the folder; the next use opens it again."""
        with self._lock:
            client, self._client = self._client, None
            self._synced.clear()
            if client is not None:
                client.close()

    def _mended(self, work: Callable[[], T]) -> T:
        """Do the work; where that fails open the folder again, and where that fails too make it anew."""
        for remedy in (self.close, self._delete, None):
            try:
                return work()
            except Exception as error:
                log.warning("The search index failed (%s: %s).", type(error).__name__, error)
                if remedy is None:
                    raise self._useless(error) from error
            except BaseException as error:  # a panic inside Chroma is no Exception
                if "panic" not in type(error).__name__.lower():
                    raise
                log.warning("The search index failed (%s).", error)
                if remedy is None:
                    raise self._useless(error) from error
            with self._exclusive():
                remedy()
        raise AssertionError("not reached")

    def _useless(self, error: BaseException) -> AttuneError:
        return AttuneError(
            f"The search index cannot be used ({type(error).__name__}: {str(error)[:200]}).",
            f"Check that {self.folder} can be written and that the disk is not full.",
        )

    def _query(self, case: str, texts: Mapping[str, str], vector: Vector, k: int) -> list[tuple[str, float]]:
        self._sync(case, texts)
        found = self._synced[case][1].query(query_embeddings=vector, n_results=k, include=["distances"])
        pairs = zip(found["ids"][0], found["distances"][0], strict=True)
        known = [(str(id), 1.0 - float(distance)) for id, distance in pairs if id in texts]
        if len(known) < min(k, 3):  # another process wrote, or files are missing: both are seen by too few answers
            raise Short(f"{len(known)} of {k} chunks")
        return known

    def _sync(self, case: str, texts: Mapping[str, str]) -> None:
        wanted = texts.keys()
        known = self._synced.get(case)
        if known is not None and known[0] == wanted and self._in_place():
            return
        with self._exclusive():
            if not self._in_place() or known is not None:
                self.close()  # what another process wrote is only seen by a client opened after it
            collection = self._collection(case)
            there = set(collection.get(include=[])["ids"])
            gone, missing = sorted(there - wanted), [id for id in texts if id not in there]
            for start in range(0, len(gone), _BATCH):
                collection.delete(ids=gone[start : start + _BATCH])
            for start in range(0, len(missing), _BATCH):
                self._add(collection, missing[start : start + _BATCH], texts)
            self._synced[case] = (frozenset(wanted), collection)

    def _add(self, collection: Any, ids: Sequence[str], texts: Mapping[str, str]) -> None:
        bodies = [texts[id] for id in ids]
        collection.add(ids=list(ids), embeddings=self._embedder.embed(bodies), documents=bodies)

    def _collection(self, case: str) -> Any:
        name = "case-" + hashlib.sha256(case.encode()).hexdigest()[:24]
        made = {"embedding": EMBEDDING, "case": case}
        options = {"embedding_function": None, "metadata": made, "configuration": {"hnsw": {"space": "cosine"}}}
        client = self._open()
        collection = client.get_or_create_collection(name, **options)
        if (collection.metadata or {}).get("embedding") != EMBEDDING:  # by an older version of this program
            client.delete_collection(name)
            collection = client.get_or_create_collection(name, **options)
        return collection

    def _open(self) -> Any:
        if self._client is None:
            import chromadb
            from chromadb.config import Settings

            self.folder.mkdir(parents=True, exist_ok=True)
            try:
                self._client = chromadb.PersistentClient(
                    str(self.folder), settings=Settings(anonymized_telemetry=False)
                )
            except BaseException:
                _forget_broken()
                raise
            self._inode = self._look()
        return self._client

    def _in_place(self) -> bool:
        """Whether the folder is still the one that was opened."""
        return self._client is not None and self._look() == self._inode

    def _look(self) -> int:
        try:
            return (self.folder / "chroma.sqlite3").stat().st_ino
        except OSError:
            return -1

    def _delete(self) -> None:
        self.close()
        _forget_broken()
        log.warning("The search index %s is made anew from the documents.", self.folder)
        if self.folder.is_dir():
            shutil.rmtree(self.folder, ignore_errors=True)
        else:
            self.folder.unlink(missing_ok=True)

    @contextmanager
    def _exclusive(self) -> Iterator[None]:
        """Only one process at a time writes to the folder or deletes it."""
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(self.folder.with_name(self.folder.name + ".lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)


def _forget_broken() -> None:
    """Chroma keeps one system a path, even one that could not start: the next client would be given it again."""
    from chromadb.api.shared_system_client import SharedSystemClient

    SharedSystemClient.clear_system_cache()
