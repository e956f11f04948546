"""Which pieces of the documents, and which approved examples, belong to a question."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Sequence
from difflib import get_close_matches
from functools import cached_property
from pathlib import PurePath
from typing import Any

import numpy as np

from assistant.knowledge import chunks
from assistant.knowledge import shots as examples
from assistant.knowledge.chunks import Chunk
from assistant.knowledge.index import Index
from assistant.knowledge.words import Embedder, content, stems
from assistant.record.store import Store
from assistant.record.types import Document, Message, Passage, Variant
from assistant.settings import Settings

_FUSION = 60.0  # of reciprocal rank fusion (Cormack, Clarke and Buettcher 2009)
_CANDIDATES = 20  # looked at from each side, at least
_ALIKE = 0.12  # cosine below which a chunk that shares no word with the question is not offered
_SPELLING = 0.83  # how alike a word must be to one of the documents to be taken for it

Stamp = tuple[int, ...]


class Knowledge:
    """Retrieval and shots for every case. Safe to use from any thread."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self.store = store
        self._embedder = Embedder()
        self._index = Index(settings.index, self._embedder)
        self._lock = threading.RLock()
        self._corpora: dict[str, tuple[Stamp, Corpus]] = {}
        self._pools: dict[tuple[str, str], tuple[Stamp, examples.Pool]] = {}

    def sync(self, case: str) -> int:
        """Index what is missing, drop what was removed, make a lost index anew. Returns the number of chunks."""
        self._index.close()
        corpus = self._corpus(case)
        self._index.sync(case, corpus.texts)
        return len(corpus.chunks)

    def passages(self, case: str, query: str, k: int) -> list[Passage]:
        """At most k pieces of the case's documents, best first; fewer, or none, where nothing fits the question."""
        corpus = self._corpus(case)
        if k <= 0 or not corpus.chunks or not content(query):
            return []
        wide = max(_CANDIDATES, 4 * k)
        near = self._index.nearest(case, corpus.texts, query, wide)
        alike = [corpus.places[id] for id, similarity in near if similarity >= _ALIKE]
        fused = _fuse(corpus.by_words(query, wide), alike)
        return [
            Passage(chunk.document, chunk.heading, chunk.text, round(score, 5), mark)
            for mark, (chunk, score) in enumerate(_distinct(corpus.chunks, fused, k), start=1)
        ]

    def shots(self, variant: Variant, messages: Sequence[Message]) -> list[list[Message]]:
        """`variant.shots` examples for the conversation, most similar last. Never from what is tested on."""
        if variant.shots <= 0:
            return []
        return self._pool(variant).choose(messages, variant.shots)

    def close(self) -> None:
        self._index.close()

    def _corpus(self, case: str) -> Corpus:
        stamp = self._stamp()
        with self._lock:
            known = self._corpora.get(case)
            if known is not None and known[0] == stamp:
                return known[1]
            documents = self.store.documents(case)
            if known is not None and known[1].version == _version(documents):
                corpus = known[1]
            else:
                corpus = Corpus(documents, known[1] if known is not None else None)
            self._corpora[case] = (stamp, corpus)
            return corpus

    def _pool(self, variant: Variant) -> examples.Pool:
        stamp, key = self._stamp(), (variant.case, variant.dataset)
        with self._lock:
            known = self._pools.get(key)
            if known is not None and known[0] == stamp:
                return known[1]
            source = examples.source(self.store, variant.case, variant.dataset)
            pool = (
                known[1] if known is not None and known[1].source == source else examples.Pool(source, self._embedder)
            )
            self._pools[key] = (stamp, pool)
            return pool

    def _stamp(self) -> Stamp:
        """Changes whenever anybody, in any process, wrote to the record."""
        found: list[int] = []
        for suffix in ("", "-wal"):
            try:
                status = self.store.path.with_name(self.store.path.name + suffix).stat()
            except OSError:
                found += [0, 0]
            else:
                found += [status.st_mtime_ns, status.st_size]
        return tuple(found)


class Corpus:
    """The chunks of a case's documents at one moment, and their BM25 index."""

    def __init__(self, documents: Sequence[Document], before: Corpus | None = None) -> None:
        """`before` is the corpus this one takes the place of: unchanged documents are not cut again."""
        self.version = _version(documents)
        known = before.by_document if before is not None else {}
        self.by_document: dict[int, list[Chunk]] = {doc.id: known.get(doc.id) or chunks.split(doc) for doc in documents}
        self.chunks = [chunk for cut in self.by_document.values() for chunk in cut]
        ids = [_id(position, chunk) for cut in self.by_document.values() for position, chunk in enumerate(cut)]
        self.texts = dict(zip(ids, (_searchable(chunk) for chunk in self.chunks), strict=True))
        self.places = {id: place for place, id in enumerate(ids)}

    def by_words(self, query: str, k: int) -> list[int]:
        """Places of the chunks that share words with the query, best BM25 score first."""
        known = [self._spelled(stem) for stem in content(query)]
        if not any(known):
            return []
        scores = self._bm25.get_scores([stem for stem in known if stem])
        order = np.argsort(-scores, kind="stable")[:k]
        return [int(place) for place in order if scores[place] > 0]

    def _spelled(self, stem: str) -> str:
        """The stem, or where no chunk has it the one that it was meant to be, or nothing."""
        vocabulary = self._bm25.vocab_dict
        if stem in vocabulary or len(stem) < 5:
            return stem if stem in vocabulary else ""
        alike = [word for word in vocabulary if word[:1] == stem[0] and abs(len(word) - len(stem)) <= 2]
        return next(iter(get_close_matches(stem, alike, 1, _SPELLING)), "")

    @cached_property
    def _bm25(self) -> Any:
        from bm25s import BM25

        bm25 = BM25(k1=1.2, b=0.5)  # chunks differ in length by their structure, not by how much they say
        bm25.index([stems(text) for text in self.texts.values()], show_progress=False)
        return bm25


def _version(documents: Sequence[Document]) -> tuple[int, ...]:
    return tuple(document.id for document in documents)


def _id(position: int, chunk: Chunk) -> str:
    whole = "\0".join((chunk.document, str(position), chunk.heading, chunk.text))
    return hashlib.sha256(whole.encode()).hexdigest()[:32]


def _searchable(chunk: Chunk) -> str:
    """What is searched: the headings say what a piece is about, often in words that it does not repeat."""
    title = PurePath(chunk.document).stem.replace("-", " ").replace("_", " ")
    return f"{title}\n{chunk.heading}\n{chunk.text}"


def _fuse(*rankings: Sequence[int]) -> list[tuple[int, float]]:
    """Reciprocal rank fusion: places with their summed scores, best first."""
    scores: dict[int, float] = {}
    for ranking in rankings:
        for rank, place in enumerate(ranking, start=1):
            scores[place] = scores.get(place, 0.0) + 1.0 / (_FUSION + rank)
    return sorted(scores.items(), key=lambda item: (-item[1], item[0]))


def _distinct(all_chunks: Sequence[Chunk], fused: Sequence[tuple[int, float]], k: int) -> list[tuple[Chunk, float]]:
    """The best k without a text that was there before: one file may have been added under two names."""
    found: list[tuple[Chunk, float]] = []
    seen: set[str] = set()
    for place, score in fused:
        chunk = all_chunks[place]
        if chunk.text not in seen and len(found) < k:
            seen.add(chunk.text)
            found.append((chunk, score))
    return found
