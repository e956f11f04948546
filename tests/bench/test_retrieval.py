"""The questions are what they say they are, and fusing finds at least what its better half does."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from assistant.knowledge.search.embedding_choice import Embedding, Served
from assistant.knowledge.search.lexical_embedding import Embedder
from assistant.knowledge.search.words import content
from assistant.settings import ROOT, Settings
from tests.assistant.knowledge.embedding_server import packaged_model
from tests.bench import retrieval

OWN = retrieval.read(retrieval.OWN)
PARAPHRASES = [id for id in OWN.questions if id.rsplit("-", 1)[1].startswith("p")]


def test_there_are_enough_of_each() -> None:
    assert len(OWN.documents) >= 60
    assert len(OWN.relevant) == len(OWN.questions) >= 150
    assert all(grades.keys() <= OWN.documents.keys() for grades in OWN.relevant.values())
    assert len(PARAPHRASES) * 3 >= len(OWN.questions)
    halves = [retrieval.half(id) for id in PARAPHRASES]
    assert min(halves.count("develop"), halves.count("report")) > 20


@pytest.mark.parametrize("id", PARAPHRASES)
def test_a_paraphrase_shares_no_word_with_its_answer(id: str) -> None:
    for document in OWN.relevant[id]:
        shared = set(content(OWN.questions[id])) & set(content(" ".join(OWN.documents[document])))
        assert not shared


def test_the_measures() -> None:
    found = {"a": ["x", "right"], "b": ["x"]}
    relevant = {"a": {"right": 1}, "b": {"y": 2, "x": 1}}
    assert retrieval.scores(found, relevant, ["a"]) == {
        "ndcg@10": 0.6309,
        "recall@3": 1.0,
        "recall@10": 1.0,
        "mrr": 0.5,
    }
    assert retrieval.scores(found, relevant, ["b"]) == {
        "ndcg@10": 0.3801,
        "recall@3": 0.5,
        "recall@10": 0.5,
        "mrr": 1.0,
    }


def no_worse(folder: Path, embedding: Embedding) -> None:
    found = retrieval.measure(Settings(data=folder), embedding, OWN, 0)
    for part in ("develop", "report"):
        by_way = {way: row["ndcg@10"] for way, row in found[part].items()}
        assert by_way["fused"] >= max(by_way["vectors"], by_way["words"]), (part, by_way)


def test_fusing_is_no_worse_than_the_better_half_by_spelling(tmp_path: Path) -> None:
    no_worse(tmp_path, Embedder())


def test_fusing_is_no_worse_than_the_better_half_by_meaning(tmp_path: Path) -> None:
    model = packaged_model(tmp_path)
    try:
        no_worse(tmp_path, Served("minilm", "by meaning", model, 0.1))
    finally:
        model.close()


def test_another_collection_in_beirs_layout(tmp_path: Path) -> None:
    """Graded judgements, no titles, documents that answer nothing, a question that nobody judged."""
    folder = tmp_path / "rivers"
    (folder / "qrels").mkdir(parents=True)
    names = ("Aldra", "Benn", "Corriway", "Dunster", "Esk", "Fallow", "Gannet", "Hollin")
    texts = [
        (f"{name}-{part}", text.format(name))
        for name in names
        for part, text in (
            ("source", "The river {} rises from a spring below the moor."),
            ("bridge", "An old stone bridge crosses the {} beside the mill."),
            ("fish", "Trout and grayling are caught in the {} from April on."),
        )
    ]
    asked = [
        (f"q{number}", f"{ask} {name}?", f"{name}-{part}", f"{name}-source")
        for name in names
        for number, (ask, part) in enumerate(
            (
                ("Where does it rise, the", "source"),
                ("Who crosses a stone bridge of the", "bridge"),
                ("Which trout are caught in the", "fish"),
            )
        )
    ]
    asked = [(f"{place}-{id}", *rest) for place, (id, *rest) in enumerate(asked)]
    lines = {
        "corpus.jsonl": [json.dumps({"_id": id, "text": text}) for id, text in texts],
        "queries.jsonl": [json.dumps({"_id": id, "text": text}) for id, text, _, _ in [*asked, ("x", "?", "", "")]],
        "qrels/test.tsv": ["query-id\tcorpus-id\tscore"]
        + [f"{id}\t{best}\t2" for id, _, best, _ in asked]
        + [f"{id}\t{also}\t{int(also != best)}" for id, _, best, also in asked if also != best],
    }
    for name, rows in lines.items():
        (folder / name).write_text("\n".join(rows) + "\n", encoding="utf-8")
    collection = retrieval.read(folder)
    assert len(collection.relevant) == 24
    assert collection.relevant["1-q1"] == {"Aldra-bridge": 2, "Aldra-source": 1}
    found = retrieval.measure(Settings(data=tmp_path / "run"), Embedder(), collection, 0)["all"]
    ndcg = {way: row["ndcg@10"] for way, row in found.items()}
    assert ndcg["fused"] >= max(ndcg["vectors"], ndcg["words"]) - 0.005 > 0.7  # two as near: any may be first


def test_the_runner_takes_a_folder(tmp_path: Path) -> None:
    (tmp_path / "qrels").mkdir()
    (tmp_path / "corpus.jsonl").write_text('{"_id": "d", "title": "Esk", "text": "Trout are caught here."}\n')
    (tmp_path / "queries.jsonl").write_text('{"_id": "q", "text": "Where are trout caught?"}\n')
    (tmp_path / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq\td\t1\n")
    command = [
        sys.executable,
        "-m",
        "tests.bench.retrieval",
        "--collection",
        str(tmp_path),
        "--chunks",
        "0",
        "--embedding",
        "lexical",
        "--json",
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["embeddings"]["lexical-2"]["all"]["fused"]["ndcg@10"] == 1.0
