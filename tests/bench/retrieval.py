"""How well and how fast passages are found: vectors alone, BM25 alone and both fused.

    python -m tests.bench.retrieval [--collection FOLDER] [--embedding lexical,minilm] [--chunks 10000] [--json]
                                    [--reranker api:MODEL --reranker-url URL | --reranker st:MODEL]

A collection is a folder in BEIR's layout: corpus.jsonl, queries.jsonl, qrels/test.tsv. Without one it is our own,
tests/bench/retrieval: 65 short documents of invented businesses and 195 questions, a third of them paraphrases that
share no word with what answers them. How rankings are fused was chosen on the questions of the half `develop`.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import logging
import math
import statistics
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from assistant.knowledge.search.embedding_choice import Choice, Embedding, chosen
from assistant.knowledge.search.lexical_embedding import Vector
from assistant.knowledge.search.retriever import Knowledge
from assistant.record.store import Store
from assistant.record.types import Case
from assistant.settings import Settings

OWN = Path(__file__).resolve().parent / "retrieval"
CASE, DEPTH, BEST = "bench", 40, 10
FILLER = "Filler"
Ranking = list[str]  # ids of documents, best first


@dataclass(frozen=True)
class Collection:
    """Documents and questions by their ids; `relevant` maps a question to the grades of its documents."""

    documents: Mapping[str, tuple[str, str]]
    questions: Mapping[str, str]
    relevant: Mapping[str, Mapping[str, int]]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--collection", "--beir", type=Path, default=OWN, help="folder of a collection; ours without it"
    )
    parser.add_argument("--embedding", default="", help="as ATTUNE_EMBEDDING, several with commas between")
    parser.add_argument("--chunks", type=int, default=10_000, help="to fill up to before time is taken; 0 = no timing")
    parser.add_argument("--reranker", default="", help="as ATTUNE_RERANKER; measures a further way, `reranked`")
    parser.add_argument("--reranker-url", default="", help="as ATTUNE_RERANKER_BASE_URL")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    logging.disable(logging.WARNING)
    collection = read(options.collection)
    wanted = options.embedding.split(",") if options.embedding else list(dict.fromkeys(["lexical", "auto"]))
    result: dict[str, Any] = {
        "collection": options.collection.name,
        "documents": len(collection.documents),
        "questions": len(collection.relevant),
        "embeddings": {},
    }
    for name in wanted:
        with tempfile.TemporaryDirectory() as folder:
            settings = Settings(
                data=Path(folder), embedding=name, reranker=options.reranker, reranker_base_url=options.reranker_url
            )
            choice = chosen(settings)
            if choice.note:
                sys.exit(choice.note)
            using = choice.embedding
            result["embeddings"][using.name] = measure(settings, using, collection, options.chunks)
    print(json.dumps(result) if options.json else shown(result))
    return 0


def read(folder: Path) -> Collection:
    """A collection in BEIR's layout."""
    documents = {row["_id"]: (row.get("title", ""), row["text"]) for row in _rows(folder / "corpus.jsonl")}
    questions = {row["_id"]: row["text"] for row in _rows(folder / "queries.jsonl")}
    relevant: dict[str, dict[str, int]] = {}
    with open(folder / "qrels" / "test.tsv", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            if int(row["score"]) > 0:
                relevant.setdefault(row["query-id"], {})[row["corpus-id"]] = int(row["score"])
    return Collection(documents, questions, relevant)


def half(question: str) -> str:
    """The half that a question belongs to, by its id, for good: what is chosen on one is reported on the other."""
    return "develop" if hashlib.sha256(question.encode()).digest()[-1] % 2 == 0 else "report"


def measure(settings: Settings, embedding: Embedding, collection: Collection, chunks: int) -> dict[str, Any]:
    """Quality by half, way and measure; and milliseconds a question with the index filled up to `chunks` chunks."""
    store = Store(settings.database)
    store.add_case(Case(CASE, "Bench"))
    filled = Filled(embedding)
    knowledge = Knowledge(store, settings.model_copy(update={"reranker": ""}), Choice(filled))
    reranked = Knowledge(store, settings, Choice(filled)) if settings.reranker else None
    try:
        names = fill(store, collection)
        knowledge.sync(CASE, wait=True)
        filled.learn([collection.questions[id] for id in collection.relevant])
        found = rankings(knowledge, filled, collection, names)
        if reranked is not None:
            reranked.sync(CASE, wait=True)
            found["reranked"] = {id: _reranked(reranked, collection.questions[id], names) for id in collection.relevant}
        halves: dict[str, list[str]] = {"develop": [], "report": [], "all": []}
        for id in collection.relevant:
            halves[half(id)].append(id)
            halves["all"].append(id)
        result: dict[str, Any] = {
            part: {way: scores(of, collection.relevant, ids) for way, of in found.items()}
            for part, ids in halves.items()
            if ids
        }
        if chunks:
            result["timing"] = timing(store, knowledge, filled, collection, chunks)
        return result
    finally:
        if reranked is not None:
            reranked.close()
        knowledge.close()
        embedding.close()
        store.close()


def fill(store: Store, collection: Collection) -> dict[str, str]:
    """Add the documents under numbers, as names would be searched too; returns name -> id."""
    names = {f"{number:06}": id for number, id in enumerate(collection.documents)}
    with store.atomic():
        for name, id in names.items():
            title, text = collection.documents[id]
            _add(store, name, f"# {title}\n\n{text}" if title else text)
    return names


def rankings(
    knowledge: Knowledge, embedding: Embedding, collection: Collection, names: Mapping[str, str]
) -> dict[str, dict[str, Ranking]]:
    """The documents that each way finds for each question, best first."""
    corpus = knowledge.corpus(CASE)

    def ids(found: Iterable[str]) -> Ranking:
        return list(dict.fromkeys(names[name] for name in found))

    result: dict[str, dict[str, Ranking]] = {"vectors": {}, "words": {}, "fused": {}}
    for id in collection.relevant:
        asked = collection.questions[id]
        near = knowledge.index.nearest(CASE, corpus.texts, asked, DEPTH, embedding)
        result["vectors"][id] = ids(corpus.chunks[corpus.places[key]].document for key, _ in near)
        result["words"][id] = ids(corpus.chunks[hit.place].document for hit in corpus.by_words(asked, DEPTH))
        result["fused"][id] = ids(passage.document for passage in knowledge.passages(CASE, asked, DEPTH // 4))
    return result


def _reranked(knowledge: Knowledge, asked: str, names: Mapping[str, str]) -> Ranking:
    found = knowledge.find(CASE, asked, DEPTH // 4)
    if found.note:
        sys.exit(found.note)
    return list(dict.fromkeys(names[passage.document] for passage in found.passages))


def scores(
    found: Mapping[str, Ranking], relevant: Mapping[str, Mapping[str, int]], ids: Sequence[str]
) -> dict[str, float]:
    """Means over the questions: nDCG@10, recall@3, recall@10 and MRR@10."""
    rows = [_score(found[id][:BEST], relevant[id]) for id in ids]
    return {name: round(statistics.mean(row[name] for row in rows), 4) for name in rows[0]}


def _score(ranking: Ranking, grades: Mapping[str, int]) -> dict[str, float]:
    gains = [grades.get(id, 0) / math.log2(rank + 1) for rank, id in enumerate(ranking, start=1)]
    ideal = sorted(grades.values(), reverse=True)[:BEST]
    best = sum(grade / math.log2(rank + 1) for rank, grade in enumerate(ideal, start=1))
    first = next((rank for rank, id in enumerate(ranking, start=1) if id in grades), 0)
    return {
        "ndcg@10": sum(gains) / best,
        "recall@3": len(grades.keys() & set(ranking[:3])) / len(grades),
        "recall@10": len(grades.keys() & set(ranking)) / len(grades),
        "mrr": 1 / first if first else 0.0,
    }


class Filled:
    """An embedding that gives generated texts generated vectors, and remembers those of questions.

    Ten thousand texts take a model many minutes on a CPU, and a search takes as long whatever they say. The time to
    embed a question is the same for every way by vectors, and varies more than the ways do: it is reported apart.
    """

    def __init__(self, embedding: Embedding) -> None:
        self._embedding = embedding
        self._known: dict[str, Vector] = {}
        self._real: Vector = np.zeros((0, 1), dtype=np.float32)
        self.seconds: list[float] = []  # of embedding one question
        self.name, self.label, self.trouble = embedding.name, embedding.label, ""
        self.instant, self.floor = embedding.instant, embedding.floor
        self.ready, self.close = (lambda: True), (lambda: None)

    def learn(self, questions: Sequence[str], alone: int = 20) -> None:
        """Remember the vectors of questions; time is taken on the first `alone` of them, the rest come at once."""
        self._embedding.embed(questions[:1], "query")  # a worker is up, a connection open
        for text in questions[:alone]:
            started = time.perf_counter()
            self._embedding.embed([text], "query")
            self.seconds.append(time.perf_counter() - started)
        vectors = self._embedding.embed(questions, "query")
        self._known = {text: vectors[place : place + 1] for place, text in enumerate(questions)}

    def embed(self, texts: Sequence[str], kind: str = "document") -> Vector:
        if kind == "query":
            return self._known[texts[0]] if texts[0] in self._known else self._embedding.embed(texts, kind)
        if not texts[0].startswith(FILLER):
            self._real = self._embedding.embed(texts)
            return self._real
        made = np.random.default_rng(zlib.crc32(texts[0].encode()))
        pairs = made.integers(0, len(self._real), (len(texts), 2))
        mixed = self._real[pairs[:, 0]] + self._real[pairs[:, 1]]
        mixed += made.normal(0, 0.5 / math.sqrt(mixed.shape[1]), mixed.shape).astype(np.float32)
        vectors: Vector = mixed / np.linalg.norm(mixed, axis=1, keepdims=True)
        return vectors


def timing(
    store: Store, knowledge: Knowledge, embedding: Filled, collection: Collection, chunks: int
) -> dict[str, Any]:
    """Median milliseconds a question of each way, in turn, without embedding the question."""
    have = len(knowledge.corpus(CASE).chunks)
    bodies = [text for _, text in collection.documents.values()]
    made = np.random.default_rng(1)
    words = sorted({word for body in bodies for word in body.split()})
    with store.atomic():
        for number in range(max(0, chunks - have)):
            _add(store, f"{FILLER}-{number:06}", " ".join(made.choice(words, 40)))
    knowledge.sync(CASE, wait=True)
    corpus = knowledge.corpus(CASE)
    chroma = knowledge.index.collection(CASE, embedding)
    asked = [collection.questions[id] for id in list(collection.relevant)[:200]]
    ways: dict[str, Callable[[str], object]] = {
        "chroma_alone": lambda text: chroma.query(
            query_embeddings=embedding.embed([text], "query"), n_results=DEPTH, include=["distances"]
        ),
        "words_alone": lambda text: corpus.by_words(text, DEPTH),
        "fused": lambda text: knowledge.passages(CASE, text, DEPTH // 4),
    }
    times: dict[str, list[float]] = {way: [] for way in ways}
    for number, text in enumerate([*asked[:5], *asked]):
        for way in sorted(ways, reverse=number % 2 == 1):
            started = time.perf_counter()
            ways[way](text)
            if number >= 5:  # the first are not counted: files are opened, caches filled
                times[way].append((time.perf_counter() - started) * 1000)
    added = statistics.median(a - b for a, b in zip(times["fused"], times["chroma_alone"], strict=True))
    medians = {f"{way}_ms": round(statistics.median(of), 2) for way, of in times.items()}
    return {
        "chunks": len(corpus.chunks),
        **medians,
        "fused_adds_ms": round(added, 2),
        "embed_question_ms": round(statistics.median(embedding.seconds) * 1000, 2),
    }


def shown(result: Mapping[str, Any]) -> str:
    """The result as a table."""
    lines = [f"{result['collection']}: {result['documents']} documents, {result['questions']} questions"]
    for name, of in result["embeddings"].items():
        for part in ("develop", "report", "all"):
            for way, row in of.get(part, {}).items():
                values = "  ".join(f"{measure} {value:.3f}" for measure, value in row.items())
                lines.append(f"{name:12} {part:8} {way:8} {values}")
        lines += [f"{name:12} {measure} {value}" for measure, value in of.get("timing", {}).items()]
    return "\n".join(lines)


def _add(store: Store, name: str, text: str) -> None:
    store.add_document(CASE, name, "markdown", text, hashlib.sha256(f"{name}{text}".encode()).hexdigest())


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


if __name__ == "__main__":
    sys.exit(main())
