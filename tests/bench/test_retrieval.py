"""The questions are what they say they are, and fusing finds at least what its better half does."""

from __future__ import annotations

from pathlib import Path

import pytest

from assistant.knowledge.embeddings import Embedding, Served
from assistant.knowledge.words import Embedder, content
from assistant.settings import Settings
from tests.assistant.embedding_server import packaged_model
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
        "ndcg@10": 0.6309, "recall@3": 1.0, "recall@10": 1.0, "mrr": 0.5
    }  # fmt: skip
    assert retrieval.scores(found, relevant, ["b"]) == {
        "ndcg@10": 0.3801, "recall@3": 0.5, "recall@10": 0.5, "mrr": 1.0
    }  # fmt: skip


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
