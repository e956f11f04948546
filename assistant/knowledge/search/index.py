"""Chunks by their vectors: one Chroma collection a case and embedding, and nothing in it that cannot be made again.

Whatever is wrong with the index (deleted, damaged, half written, made by an older version, changed by another
process) ends the same way: it is opened again, and if that is not enough, deleted and filled again.
"""

from __future__ import annotations

import hashlib
import itertools
import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, TypeVar

from assistant.knowledge.search.chroma import Folder
from assistant.knowledge.search.embedding_choice import Embedding
from assistant.knowledge.search.lexical_embedding import Vector
from tools.trainer import ToolError

T = TypeVar("T")
Key = tuple[str, str]  # a case and the name of an embedding
Progress = Callable[[int, int], None]  # chunks that are in, and how many there will be
log = logging.getLogger(__name__)
_SLOW_BATCH = 64  # chunks embedded at once where that takes a while: as much is lost when it is ended in the middle
_ROUNDS = 5  # of comparing and adding: others may write, too, but not for ever


class Short(Exception):
    """The index answered with fewer chunks than it must hold."""


class IndexingStopped(Exception):
    """Filling a collection was ended before it was complete; what is in it stays."""


class Index:
    """Nearest chunks by embedding. Safe to use from any thread, and from several processes on one folder."""

    def __init__(self, place: Path | Folder, embedding: Embedding) -> None:
        """`embedding` is used where a call names no other one."""
        self._place = place if isinstance(place, Folder) else Folder(place)
        self._embedding = embedding
        self._lock = threading.RLock()
        self._synced: dict[Key, tuple[Mapping[str, str], Any]] = {}  # what a collection must hold, and itself

    def sync(
        self,
        case: str,
        texts: Mapping[str, str],
        embedding: Embedding | None = None,
        progress: Progress | None = None,
        ending: threading.Event | None = None,
    ) -> None:
        """Make the collection hold exactly these chunks (id -> text), adding and deleting only what differs.

        Chunks that are in stay in, so what was ended in the middle goes on from there. Raises Stopped when `ending`
        is set, AttuneError or ToolError when the index or the embedding cannot be used.
        """
        using = embedding or self._embedding
        with self._lock if using.instant else nullcontext():
            size = self._place.most if using.instant else _SLOW_BATCH
            for _ in range(_ROUNDS):
                missing = self._wanting(case, texts, using)
                if not missing:
                    return
                for start in range(0, len(missing), size):
                    if ending is not None and ending.is_set():
                        raise IndexingStopped
                    if progress is not None:
                        progress(len(texts) - len(missing) + start, len(texts))
                    self._add(case, texts, missing[start : start + size], using)
        raise self._place.useless(Short(f"{len(missing)} chunks did not stay in it"))

    def complete(self, case: str, texts: Mapping[str, str], embedding: Embedding | None = None) -> bool:
        """Whether `sync` made the collection hold these chunks, and nobody deleted it since. Costs nothing."""
        known = self._synced.get((case, (embedding or self._embedding).name))
        return known is not None and _same(known[0], texts) and self._place.in_place()

    def whole(self, case: str, texts: Mapping[str, str], embedding: Embedding | None = None) -> bool:
        """Whether the collection holds these chunks, whoever put them in: its ids are read where `complete` says no."""
        using = embedding or self._embedding

        def look() -> bool:
            collection = self._there(case, using)
            return collection is not None and texts.keys() <= self._ids(collection)

        with self._lock:
            return self.complete(case, texts, using) or self._mended(look)

    def nearest(
        self, case: str, texts: Mapping[str, str], query: str, k: int, embedding: Embedding | None = None
    ) -> list[tuple[str, float]]:
        """The k chunks nearest to the query as (id, cosine similarity), best first; only ids of `texts`.

        An instant embedding's collection is brought up to date first; another one's answers with what is in it.
        """
        using = embedding or self._embedding
        if not texts:
            return []
        vector = using.embed([query], "query")
        if not vector.any():
            return []
        with self._lock:
            if using.instant and not self.complete(case, texts, using):
                self.sync(case, texts, using)
            return self._mended(lambda: self._query(case, texts, vector, min(k, len(texts)), using))

    def others(self, case: str, texts: Mapping[str, str]) -> list[str]:
        """Names of the other embeddings that this case has a collection of, the one with the most chunks first."""
        with self._lock:
            found = self._mended(lambda: self._others(case, texts))
        return [name for _, name in sorted(found, reverse=True)]

    def building(self) -> AbstractContextManager[None]:
        """Hold this while a collection is filled that takes a while: the next process finds the work done."""
        return nullcontext() if self._embedding.instant else self._place.building()

    def keep_only(self, case: str) -> None:
        """Delete the collections of the case that other embeddings left."""
        self._drop(case, kept=self._embedding.name)

    def forget(self, case: str) -> None:
        """Delete every collection of the case; the next sync fills it anew."""
        self._drop(case, kept="")

    def close(self) -> None:
        """Let go of the folder; the next use opens it again."""
        with self._lock:
            self._synced.clear()
            self._place.close()

    def _drop(self, case: str, kept: str) -> None:
        """Delete the collections of the case but that of the embedding called `kept`."""

        def delete() -> None:
            with self._place.exclusive():
                client = self._place.client()
                for collection in self._of_case(client, case):
                    if not kept or collection.name != self._name(case, self._embedding):
                        client.delete_collection(collection.name)

        with self._lock:
            self._mended(delete)
            for key in [key for key in self._synced if key[0] == case and key[1] != kept]:
                del self._synced[key]

    def _mended(self, work: Callable[[], T]) -> T:
        """Do the work; where that fails open the index again, and where that fails too make it anew."""
        for remedy in (self.close, self._delete, None):
            try:
                return work()
            except ToolError:  # what a part of the work could not fix
                raise
            except Exception as error:
                log.warning("The search index failed: %s", self._place.useless(error).sentence)
                if remedy is None:
                    raise self._place.useless(error) from error
            except BaseException as error:  # a panic inside Chroma is no Exception
                if "panic" not in type(error).__name__.lower():
                    raise
                log.warning("The search index failed (%s).", error)
                if remedy is None:
                    raise self._place.useless(error) from error
            with self._place.exclusive():
                remedy()
        raise AssertionError("not reached")

    def _query(
        self, case: str, texts: Mapping[str, str], vector: Vector, k: int, using: Embedding
    ) -> list[tuple[str, float]]:
        known = self._synced.get((case, using.name))
        if known is None and using.instant:  # opened again after a failure
            self.sync(case, texts, using)
        collection = known[1] if known else self._there(case, using)
        if collection is None:
            return []
        found = collection.query(query_embeddings=vector, n_results=k, include=["distances"])
        pairs = zip(found["ids"][0], found["distances"][0], strict=True)
        near = [(str(id), 1.0 - float(distance)) for id, distance in pairs if id in texts]
        must_hold = using.instant or self.complete(case, texts, using)
        if must_hold and len(near) < min(k, 3):  # another process wrote, or files are missing: both are seen by this
            raise Short(f"{len(near)} of {k} chunks")
        return near

    def _wanting(self, case: str, texts: Mapping[str, str], using: Embedding) -> list[str]:
        """Ids of the chunks that the collection lacks, in their order; what it has too much is deleted."""
        with self._lock:
            if self.complete(case, texts, using):
                return []
            return self._mended(lambda: self._compare(case, texts, using))

    def _compare(self, case: str, texts: Mapping[str, str], using: Embedding) -> list[str]:
        key = (case, using.name)
        with self._place.exclusive():
            if not self._place.in_place() or key in self._synced:
                self.close()  # what another process wrote is only seen by a client opened after it
            collection = self.collection(case, using)
            there, most = self._ids(collection), self._place.most
            gone = sorted(there - texts.keys())
            for start in range(0, len(gone), most):
                collection.delete(ids=gone[start : start + most])
            missing = [id for id in texts if id not in there]
            if not missing:
                self._synced[key] = (texts, collection)
            return missing

    def _add(self, case: str, texts: Mapping[str, str], ids: Sequence[str], using: Embedding) -> None:
        bodies = [texts[id] for id in ids]
        vectors = using.embed(bodies)  # without the lock: questions go on

        def add() -> None:
            with self._place.exclusive():
                self.collection(case, using).upsert(ids=list(ids), embeddings=vectors, documents=bodies)

        with self._lock:
            self._mended(add)

    def collection(self, case: str, using: Embedding) -> Any:
        name = self._name(case, using)
        made = {"embedding": using.name, "case": case, "owner": self._place.owner}
        options = {"embedding_function": None, "metadata": made, "configuration": {"hnsw": {"space": "cosine"}}}
        client = self._place.client()
        collection = client.get_or_create_collection(name, **options)
        if (collection.metadata or {}).get("embedding") != using.name:  # by an older version of this program
            client.delete_collection(name)
            collection = client.get_or_create_collection(name, **options)
        return collection

    def _there(self, case: str, using: Embedding) -> Any:
        """The collection, or None: one that is looked into but is not there is not made."""
        from chromadb.errors import NotFoundError

        try:
            return self._place.client().get_collection(self._name(case, using), embedding_function=None)
        except NotFoundError:
            return None

    def _others(self, case: str, texts: Mapping[str, str]) -> list[tuple[int, str]]:
        found = []
        for collection in self._of_case(self._place.client(), case):
            name = str((collection.metadata or {}).get("embedding", ""))
            held = len(texts.keys() & self._ids(collection))
            if name and name != self._embedding.name and held:
                found.append((held, name))
        return found

    def _ids(self, collection: Any) -> set[str]:
        found: set[str] = set()
        for start in itertools.count(0, self._place.most):
            page = collection.get(include=[], limit=self._place.most, offset=start)["ids"]
            found |= set(page)
            if len(page) < self._place.most:
                break
        return found

    def _of_case(self, client: Any, case: str) -> list[Any]:
        ours = {"case": case, "owner": self._place.owner}
        return [c for c in client.list_collections() if ours.items() <= ({"owner": ""} | (c.metadata or {})).items()]

    def _name(self, case: str, using: Embedding) -> str:
        whole = "\0".join((self._place.owner, case, using.name))
        return "case-" + hashlib.sha256(whole.encode()).hexdigest()[:24]

    def _delete(self) -> None:
        self.close()
        self._place.delete()


def _same(a: Mapping[str, str], b: Mapping[str, str]) -> bool:
    return a is b or a.keys() == b.keys()
