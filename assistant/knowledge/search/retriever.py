"""Which pieces of the documents, and which approved examples, belong to a question."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from assistant.knowledge.prompt.shot_pools import Pools
from assistant.knowledge.prompt.tokens import reader
from assistant.knowledge.search import chunks, reranker
from assistant.knowledge.search.chroma import ChromaServer, Folder
from assistant.knowledge.search.chunks import Chunk
from assistant.knowledge.search.corpus import Corpus, Hit
from assistant.knowledge.search.embedding_choice import Choice, Embedding, chosen, reads
from assistant.knowledge.search.index import Index
from assistant.knowledge.search.index_builder import REST_SECONDS, Builder
from assistant.knowledge.search.vector_cache import Vectors
from assistant.record.store import Store
from assistant.record.types import Message, Passage, Variant
from assistant.settings import Settings
from tools.trainer import ToolError

log = logging.getLogger(__name__)
_FUSION = 60.0  # of reciprocal rank fusion (Cormack, Clarke and Buettcher 2009)
_DOUBT = 3  # power of the share of the question's words that a hit by words holds; see docs/retrieval.md
_CANDIDATES = 20  # looked at from each side, at least
_WORDS = "The passages were found by words alone: the embedding did not answer."


@dataclass(frozen=True)
class FoundPassages:
    """Passages, best first, and why they were not found or ordered as the settings ask for; else empty."""

    passages: tuple[Passage, ...] = ()
    note: str = ""


class Knowledge:
    """Retrieval and shots for every case. Safe to use from any thread."""

    def __init__(self, store: Store, settings: Settings, choice: Choice | None = None) -> None:
        """`choice` takes the place of what the settings name."""
        self.store, self.settings = store, settings
        self.choice = choice or chosen(settings)
        self.reranking = reranker.chosen(settings)
        self.pools = Pools(store)
        self.index = Index(place(settings), self.choice.embedding)
        self._vectors = Vectors(self.choice.embedding)
        self.builder = Builder(self.index, self.choice.embedding, settings)
        self._lock = threading.RLock()
        self._corpora: dict[str, Corpus] = {}
        self._failed: dict[str, tuple[str, float]] = {}  # case -> why words alone answered its last question, and when

    def sync(self, case: str, wait: bool = False) -> int:
        """Index what is missing, drop what was removed, make a lost index anew. Returns the number of chunks.

        An embedding that takes its time does so on a thread, and `indexing` tells how far it is. With `wait` the index
        is complete and embedding and reranker are ready on return: the same question finds the same passages then.
        Raises AttuneError or ToolError when it waits and one of them cannot be used.
        """
        corpus = self.corpus(case)
        if wait or self.choice.embedding.instant:
            if self.choice.embedding.instant:
                self.index.close()
            self.builder.run(case, corpus.texts)
            self.choice.embedding.embed(["ready"], "query")
            if wait:
                self.reranking.wait()
            self._failed.pop(case, None)
        elif not self.index.complete(case, corpus.texts):
            self.builder.start(case, corpus.texts)
        return len(corpus.chunks)

    def passages(self, case: str, query: str, k: int) -> list[Passage]:
        """The passages of `find`."""
        return list(self.find(case, query, k).passages)

    def find(self, case: str, query: str, k: int) -> FoundPassages:
        """At most k pieces of the case's documents, best first; fewer, or none, where nothing fits the question.

        Never waits for a model that is loading or an index that is filled: words alone, or what was there before,
        answer until then.
        """
        corpus = self.corpus(case)
        if k <= 0 or not corpus.answers(query):
            return FoundPassages()
        most = max(k, self.reranking.candidates)
        wide = max(_CANDIDATES, 4 * k, most)
        near, meaning, missed = self._by_vectors(case, corpus, query, wide)
        found = _distinct(corpus.chunks, fuse(corpus.by_words(query, wide), near, meaning), most)
        ordered, unordered = self.reranking.order(query, [corpus.searched(place) for place, _ in found])
        if ordered is not None:
            found = [(found[place][0], score) for place, score in ordered]
        cut = [(corpus.chunks[place], score) for place, score in found[:k]]
        return FoundPassages(
            tuple(
                Passage(chunk.document, chunk.heading, chunk.text, round(score, 5), mark)
                for mark, (chunk, score) in enumerate(cut, start=1)
            ),
            f"{missed} {unordered}".strip(),
        )

    def rarity(self, case: str, query: str) -> dict[str, float]:
        """See `Corpus.rarity`; empty where the case has no documents."""
        corpus = self.corpus(case)
        return corpus.rarity(query) if corpus.chunks else {}

    def searches(self, case: str, query: str) -> bool:
        """Whether the case has documents to look through, and the query a word to look for."""
        return self.corpus(case).answers(query)

    def pieces(self, case: str) -> list[Passage]:
        """Every piece of the case's documents, in their order: nobody looked for any of them."""
        return [Passage(chunk.document, chunk.heading, chunk.text) for chunk in self.corpus(case).chunks]

    def likeness(self, case: str, question: str, texts: Sequence[str]) -> tuple[list[float] | None, str]:
        """How near each text is to the question by meaning: cosines, or None where that cannot be told now.

        With a note where it should have been told.
        """
        using, (failed, at) = self.choice.embedding, self._failed.get(case, ("", -math.inf))
        if using.instant or not reads(using, question):
            return None, ""
        if time.monotonic() - at < REST_SECONDS or not using.ready():
            return None, f"{_WORDS} {failed or using.trouble or 'It is still loading.'}"
        try:
            return self._vectors.likeness(question, texts), ""
        except ToolError as error:
            log.warning("A question is answered by words alone: %s", error)
            self._failed[case] = (str(error), time.monotonic())
            return None, f"{_WORDS} {error}"

    def shots(self, variant: Variant, messages: Sequence[Message]) -> list[list[Message]]:
        """`variant.shots` examples for the conversation, most similar last. Never from what is tested on."""
        if variant.shots <= 0:
            return []
        return self.pools.of(variant).choose(messages, variant.shots)

    def describe(self, case: str) -> str:
        """Some sentences on how this case's passages are found and ordered now, for people."""
        return f"{self._described(case)} {self.reranking.describe()}".strip()

    def _described(self, case: str) -> str:
        wanted, build, note = self.choice.embedding, self.builder.build(case), self.choice.note
        failed = build.error if build.state == "failed" else self._failed.get(case, ("", 0.0))[0] or wanted.trouble
        if failed:
            return f"Passages are found by words alone for now. {failed}"
        if wanted.instant:
            return f"Passages are found by words and {wanted.label}, without an embedding model. {note}".strip()
        if build.state == "building":
            before = self.builder.before(case)
            meanwhile = f"{before.label} and by words" if before is not None else "by words"
            return (
                f"Passages are being indexed {wanted.label}: {build.done:,} of {build.total:,}. "
                f"Until then they are found {meanwhile}."
            )
        return f"Passages are found {wanted.label} and by words."

    def reindex(self, case: str) -> int:
        """Cut the documents again and fill a new index. Returns the number of chunks."""
        with self._lock:
            self._corpora.pop(case, None)
        self.index.forget(case)
        return self.sync(case)

    def indexing(self, case: str) -> tuple[int, int] | None:
        """Chunks that are in and in all, while the index of the case is filled on a thread; else None."""
        build = self.builder.build(case)
        return (build.done, build.total) if build.state == "building" else None

    def counted(self, case: str) -> dict[int, tuple[int, int]]:
        """Chunks and tokens of each document that is searched, by its id."""
        cut = self.corpus(case).by_document
        return {id: (len(pieces), sum(piece.tokens for piece in pieces)) for id, pieces in cut.items()}

    def close(self) -> None:
        """End what fills the index, the embedding's worker and the open index; the next use starts them again."""
        self.builder.close()
        self.choice.embedding.close()
        self.reranking.close()
        self.index.close()

    def _by_vectors(self, case: str, corpus: Corpus, query: str, k: int) -> tuple[list[int], bool, str]:
        """Places of the chunks nearest to the query, best first; whether by meaning rather than by spelling; and a note
        where the embedding that is wanted was not asked about all of them.

        No places while no embedding can be used.
        """
        failed, at = self._failed.get(case, ("", -math.inf))
        if not reads(self.choice.embedding, query):
            return [], False, ""
        if time.monotonic() - at < REST_SECONDS:
            return [], False, f"{_WORDS} {failed}"  # questions must not wait for what is broken
        try:
            using, note = self._serving(case, corpus)
            if not using.ready():
                return [], False, f"{_WORDS} {using.trouble or 'It is still loading.'}"
            try:
                near = self.index.nearest(case, corpus.texts, query, k, using)
            except ToolError:
                now, note = self._serving(case, corpus)
                if now is using:
                    raise
                using = now  # another collection was completed, and the one that was asked let go of
                near = self.index.nearest(case, corpus.texts, query, k, using)
        except ToolError as error:
            log.warning("A question is answered by words alone: %s", error)
            self._failed[case] = (str(error), time.monotonic())
            return [], False, f"{_WORDS} {error}"
        self._failed.pop(case, None)
        return [corpus.places[id] for id, similarity in near if similarity >= using.floor], not using.instant, note

    def _serving(self, case: str, corpus: Corpus) -> tuple[Embedding, str]:
        """The embedding whose collection answers; the one that is wanted is brought on its way where it is not it.

        With a note while the wanted one's collection lacks something.
        """
        wanted = self.choice.embedding
        if wanted.instant or self.index.complete(case, corpus.texts):
            return wanted, ""
        self.builder.start(case, corpus.texts)
        if self.index.whole(case, corpus.texts):  # as after each start of the app: it is only looked through again
            return wanted, ""
        before, error = self.builder.before(case), self.builder.build(case).error
        how = f"{before.label} and by words" if before is not None else "by words"
        note = f"Not all passages are indexed {wanted.label} yet: they were found {how}. {error}".strip()
        return before or wanted, note

    def corpus(self, case: str) -> Corpus:
        with self._lock:
            known = self._corpora.get(case)
            if known is not None and known.version == self.store.documents_version(case):
                return known
            self._corpora[case] = Corpus(self.store.documents(case), known, self._sizes)
            return self._corpora[case]

    @cached_property
    def _sizes(self) -> chunks.Sizes:
        """Of chunks: what suits the chat model."""
        return chunks.sizes(reader(self.settings))


def place(settings: Settings) -> Folder:
    """Where the vectors are: a folder of ours, or the server that the settings name."""
    if settings.chroma_url:
        return ChromaServer(settings.index, settings.chroma_url, settings.chroma_api_key.get_secret_value())
    return Folder(settings.index)


def fuse(by_words: Sequence[Hit], by_vectors: Sequence[int], meaning: bool) -> list[tuple[int, float]]:
    """Weighted reciprocal rank fusion: places with their summed scores, best first.

    Where vectors tell what is meant, a hit by words counts as much as it holds of the question: a few shared words
    say little beside them. Vectors of spelling see the same words again: they only add what BM25 did not find.
    """
    scores = {
        hit.place: (hit.coverage**_DOUBT if meaning else 1.0) / (_FUSION + rank)
        for rank, hit in enumerate(by_words, start=1)
    }
    behind = 0 if meaning else len(by_words)
    for rank, place in enumerate(by_vectors, start=behind + 1):
        if meaning or place not in scores:
            scores[place] = scores.get(place, 0.0) + 1.0 / (_FUSION + rank)
    return sorted(scores.items(), key=lambda item: -item[1])  # of equals the one found by words comes first


def _distinct(all_chunks: Sequence[Chunk], fused: Sequence[tuple[int, float]], k: int) -> list[tuple[int, float]]:
    """The best k without a text that was there before: one file may have been added under two names."""
    found: dict[str, tuple[int, float]] = {}
    for place, score in fused:
        if len(found) < k:
            found.setdefault(all_chunks[place].text, (place, score))
    return list(found.values())
