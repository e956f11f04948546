"""The chunks of a case's documents at one moment, and their BM25 index (bm25s)."""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePath
from typing import Any

import numpy as np

from assistant.knowledge.reading.ingestion import distinct
from assistant.knowledge.search import chunks
from assistant.knowledge.search.chunks import Chunk
from assistant.knowledge.search.spelling import Spelling
from assistant.knowledge.search.words import content, stems
from assistant.record.types import Document


@dataclass(frozen=True)
class Hit:
    """A chunk by its place, and the share of the question's words, each by its rarity, that it holds: 0 to 1."""

    place: int
    coverage: float


class Corpus:
    """Chunks by their ids, and found by words."""

    def __init__(
        self, documents: Sequence[Document], before: Corpus | None = None, sizes: chunks.Sizes | None = None
    ) -> None:
        """`before` is the corpus this one takes the place of: unchanged documents are not cut again.

        Of documents made of the same bytes the first is searched.
        """
        self.version = (len(documents), max((one.id for one in documents), default=0))  # see Papers.documents_version
        known = before.by_document if before is not None else {}
        self.by_document: dict[int, list[Chunk]] = {
            doc.id: known.get(doc.id) or chunks.split(doc, sizes) for doc in distinct(documents)
        }
        self.chunks = [chunk for cut in self.by_document.values() for chunk in cut]
        seen: Counter[Chunk] = Counter()
        ids = []
        for chunk in self.chunks:  # by its content: what stays the same in a new version is not embedded again
            ids.append(_id(seen[chunk], chunk))
            seen[chunk] += 1
        self.texts = dict(zip(ids, (_searchable(chunk) for chunk in self.chunks), strict=True))
        self.places = {id: place for place, id in enumerate(ids)}

    def searched(self, place: int) -> str:
        """The text of a chunk as it is searched, with its document's name and headings."""
        return _searchable(self.chunks[place])

    def answers(self, query: str) -> bool:
        """Whether there is anything to look through, and a word to look for."""
        return bool(self.chunks) and bool(content(query))

    def by_words(self, query: str, k: int) -> list[Hit]:
        """The k chunks that share words with the query, best BM25 score first."""
        words, asked = self._words, self.rarity(query)
        known = [word for word in asked if word in words.rarity]
        if not known:
            return []
        scores = words.bm25.get_scores(known)
        places = np.flatnonzero(scores > 0)
        if len(places) > k:
            places = places[np.argpartition(-scores[places], k - 1)[:k]]
        places = places[np.lexsort((places, -scores[places]))]
        whole = sum(asked.values())
        return [Hit(int(place), self._coverage(int(place), known) / whole) for place in places]

    def rarity(self, query: str) -> dict[str, float]:
        """The query's words that carry meaning, as the documents spell them, with how rare each is in them."""
        words = self._words
        meant = (word if word in words.rarity else words.spelling.meant(word) or word for word in content(query))
        return {word: words.rarity.get(word, words.rarest) for word in meant}

    def _coverage(self, place: int, known: Sequence[str]) -> float:
        return sum(self._words.rarity[word] for word in known if word in self._words.held[place])

    @cached_property
    def _words(self) -> _Words:
        from bm25s import BM25

        tokens = [stems(text) for text in self.texts.values()]
        bm25 = BM25(k1=1.2, b=0.5)  # chunks differ in length by their structure, not by how much they say
        bm25.index(tokens, show_progress=False)
        held = [frozenset(found) for found in tokens]
        counts = Counter(word for found in held for word in found)
        rarity = {word: _idf(count, len(held)) for word, count in counts.items()}
        return _Words(bm25, held, rarity, _idf(0, len(held)), Spelling(rarity))


@dataclass(frozen=True)
class _Words:
    """The BM25 index, each chunk's stems, the inverse document frequency of each stem and of one that is unknown."""

    bm25: Any
    held: list[frozenset[str]]
    rarity: dict[str, float]
    rarest: float
    spelling: Spelling


def _idf(count: int, chunks: int) -> float:
    return math.log(1 + (chunks - count + 0.5) / (count + 0.5))


def _id(repeated: int, chunk: Chunk) -> str:
    whole = "\0".join((chunk.document, str(repeated), chunk.heading, chunk.text))
    return hashlib.sha256(whole.encode()).hexdigest()[:32]


def _searchable(chunk: Chunk) -> str:
    """What is searched: the headings say what a piece is about, often in words that it does not repeat."""
    title = PurePath(chunk.document).stem.replace("-", " ").replace("_", " ")
    return f"{title}\n{chunk.heading}\n{chunk.text}"
