"""What indexing costs beside what it cannot do without: the same embedding and the same Chroma upserts, bare.

    python -m tests.bench.indexing [--json] [--chunks N] [--rounds N]

Seconds, medians of rounds that take turns in one process: `indexing` (Attune fills a case's collection from cut
documents), `raw` (the same texts through the same embedding into a collection of its own, in batches of the same
size), `ratio`, the one over the other, and `cpu_ratio`, the same in processor time, which other programs disturb less.
Beside them: `cutting` the documents, `again` (a sync that finds nothing to do), and `peak_mb`, the most memory that a
process of its own held that cut and indexed, with what it held before (`idle_mb`). The embedding is the lexical one,
the quickest: whatever else is done shows most beside it. A benchmark: it asserts nothing.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple, TypeVar

from assistant.knowledge.prompt.tokens import reader
from assistant.knowledge.search.chroma import Folder
from assistant.knowledge.search.chunks import sizes
from assistant.knowledge.search.corpus import Corpus
from assistant.knowledge.search.embedding_choice import Embedding, chosen
from assistant.knowledge.search.index import Index
from assistant.record.types import Document
from assistant.settings import ROOT, Settings

T = TypeVar("T")
CASE = "bench"
_WORDS = "tea leaf water kettle parcel price garden spring harvest steam cup order courier shade bitter sweet".split()


class Took(NamedTuple):
    """Seconds by the clock and of the processor."""

    wall: float
    cpu: float


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.indexing")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.add_argument("--chunks", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--alone", action="store_true", help=argparse.SUPPRESS)  # the process whose memory is measured
    chosen_options = parser.parse_args()
    count, rounds = chosen_options.chunks, chosen_options.rounds
    found = alone(count) if chosen_options.alone else _apart(count) | measured(count, rounds)
    if chosen_options.json or chosen_options.alone:
        print(json.dumps(found))
    else:
        print("\n".join(f"{name:10} {value}" for name, value in found.items()))


def measured(count: int, rounds: int) -> dict[str, float]:
    settings = Settings(_env_file=None, embedding="lexical")
    embedding, papers = chosen(settings).embedding, documents(count)
    cutting, corpus = _timed(lambda: Corpus(papers, None, sizes(reader(settings))))
    texts = corpus.texts
    attune, raw, again = list[Took](), list[Took](), list[Took]()
    with tempfile.TemporaryDirectory() as folder:
        _ours(Path(folder) / "warm", embedding, {"a": "tea"}, [])  # imports and opens what both need
        for number in range(rounds):
            at = Path(folder) / str(number)
            for first in (number % 2 == 0, number % 2 == 1):  # who goes first takes turns, too
                if first:
                    attune.append(_ours(at / "ours", embedding, texts, again))
                else:
                    raw.append(_raw(at / "raw", embedding, texts))
    indexing, bare = (statistics.median(took.wall for took in one) for one in (attune, raw))
    ours_cpu, bare_cpu = (statistics.median(took.cpu for took in one) for one in (attune, raw))
    return {
        "chunks": len(texts),
        "rounds": rounds,
        "indexing": round(indexing, 2),
        "raw": round(bare, 2),
        "ratio": round(indexing / bare, 3),
        "cpu_ratio": round(ours_cpu / bare_cpu, 3),
        "cutting": round(cutting.wall, 2),
        "again": round(statistics.median(t.wall for t in again), 2),
    }


def alone(count: int) -> dict[str, float]:
    """Memory of a process that cuts and indexes and does nothing else, in MB."""
    settings = Settings(_env_file=None, embedding="lexical")
    embedding = chosen(settings).embedding
    with tempfile.TemporaryDirectory() as folder:
        _ours(Path(folder) / "warm", embedding, {"a": "tea"}, [])
        idle = _peak_mb()
        texts = Corpus(documents(count), None, sizes(reader(settings))).texts
        _ours(Path(folder) / "index", embedding, texts, [])
    return {"idle_mb": idle, "peak_mb": _peak_mb()}


def documents(count: int) -> list[Document]:
    """Documents of 100 sections, each of the size of one chunk."""
    made = random.Random(7)
    sections = [
        f"# Section {number}\n\n" + " ".join(made.choices(_WORDS, k=55)).capitalize() + f" {number}."
        for number in range(count)
    ]
    groups = [sections[start : start + 100] for start in range(0, count, 100)]
    return [
        Document(number, CASE, f"paper{number}.md", "markdown", "\n\n".join(group), str(number))
        for number, group in enumerate(groups)
    ]


def _ours(folder: Path, embedding: Embedding, texts: Mapping[str, str], again: list[Took]) -> Took:
    index = Index(folder, embedding)
    took, _ = _timed(lambda: index.sync(CASE, texts))
    index.close()
    again.append(_timed(lambda: index.sync(CASE, texts))[0])
    index.close()
    return took


def _raw(folder: Path, embedding: Embedding, texts: Mapping[str, str]) -> Took:
    import chromadb
    from chromadb.config import Settings as Options

    def work() -> None:
        client = chromadb.PersistentClient(str(folder), settings=Options(anonymized_telemetry=False))
        options = {"embedding_function": None, "configuration": {"hnsw": {"space": "cosine"}}}
        collection = client.create_collection("raw", **options)
        ids, most = list(texts), Folder(folder).most
        for start in range(0, len(ids), most):
            batch = ids[start : start + most]
            bodies = [texts[id] for id in batch]
            collection.upsert(ids=batch, embeddings=embedding.embed(bodies), documents=bodies)
        client.close()

    return _timed(work)[0]


def _apart(count: int) -> dict[str, float]:
    command = [sys.executable, "-m", "tests.bench.indexing", "--alone", "--chunks", str(count)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def _timed(work: Callable[[], T]) -> tuple[Took, T]:
    wall, cpu = time.perf_counter(), time.process_time()
    found = work()
    return Took(time.perf_counter() - wall, time.process_time() - cpu), found


def _peak_mb() -> float:
    """Linux counts in KB, macOS in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (1_000_000 if sys.platform == "darwin" else 1_000), 1)


if __name__ == "__main__":
    main()
