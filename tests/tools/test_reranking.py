"""A cross-encoder in its own process: a tiny one with random weights, made here; what it ranks and how it fails."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.knowledge.search.retriever import Knowledge
from tests.assistant.knowledge.embedding_server import sentence_transformer
from tests.assistant.material import add_documents, new_case, settings
from tests.tools.conftest import wait_for
from tools.reranking import LocalReranker
from tools.trainer import ToolError

TEXTS = ["A cactus wants water once a month.", "Ferns like shade.", "The courier costs 4 euros.", "Soap kills mites."]
ASKED = "How often do I water my cactus?"


def cross_encoder(folder: Path, labels: int = 1) -> Path:
    """A BERT over characters that gives `labels` numbers for a pair of texts; the same weights each time."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *map(chr, range(33, 127))]
    letters = Tokenizer(models.WordLevel({piece: place for place, piece in enumerate(pieces)}, unk_token="[UNK]"))
    letters.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    letters.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    PreTrainedTokenizerFast(
        tokenizer_object=letters,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        model_max_length=512,
    ).save_pretrained(folder)
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(pieces),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        num_labels=labels,
        initializer_range=1.0,
    )
    BertForSequenceClassification(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    sentence_transformer(tmp_path_factory.mktemp("none"))  # skips without the extra
    return cross_encoder(tmp_path_factory.mktemp("cross"))


@pytest.fixture(scope="module")
def local(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalReranker]:
    model = LocalReranker(str(folder), tmp_path_factory.mktemp("logs"))
    yield model
    model.close()


def test_it_ranks_as_the_model_does(local: LocalReranker, folder: Path) -> None:
    from sentence_transformers import CrossEncoder

    scores = CrossEncoder(str(folder)).predict([(ASKED, text) for text in TEXTS])
    ranked = local.rank(ASKED, TEXTS)
    assert [place for place, _ in ranked] == sorted(range(len(TEXTS)), key=lambda place: -scores[place])
    assert [score for _, score in ranked] == pytest.approx(sorted(map(float, scores), reverse=True), abs=1e-5)
    assert len({round(score, 4) for _, score in ranked}) > 1  # it tells texts apart
    many = TEXTS * 20  # more than one batch
    assert sorted(place for place, _ in local.rank(ASKED, many)) == list(range(len(many)))


def test_one_that_died_is_started_again(local: LocalReranker) -> None:
    before = local.rank(ASKED, TEXTS)
    os.kill(local.running.process.pid, signal.SIGKILL)
    wait_for(lambda: not local.running.alive(), 10)
    assert local.rank(ASKED, TEXTS) == before


@pytest.mark.parametrize(("labels", "said"), [(2, "a reranker gives one"), (0, "cannot be loaded")])
def test_one_that_is_no_reranker_says_so(tmp_path: Path, folder: Path, labels: int, said: str) -> None:  # noqa: ARG001
    wrong = tmp_path / "wrong"
    wrong.mkdir()
    if labels:
        cross_encoder(wrong, labels)
    with pytest.raises(ToolError, match=said):
        LocalReranker(str(wrong), tmp_path / "logs").rank(ASKED, TEXTS)


def test_it_orders_passages_and_no_question_waits_for_it(tmp_path: Path, folder: Path) -> None:
    made, store = new_case(tmp_path)
    add_documents(made, store)
    plain = Knowledge(store, made)
    found = plain.find("plants", ASKED, 2)
    knowledge = Knowledge(store, settings(tmp_path, reranker=f"st:{folder}"))
    first = knowledge.find("plants", ASKED, 2)
    assert first.passages == found.passages
    assert "It is still loading." in first.note
    knowledge.sync("plants", wait=True)
    ranked = knowledge.find("plants", ASKED, 9)
    assert ranked.note == ""
    assert {p.text for p in ranked.passages} == {p.text for p in plain.passages("plants", ASKED, 9)}
    assert [p.score for p in ranked.passages] == sorted((p.score for p in ranked.passages), reverse=True)
    assert f"put in order by {folder.name} on this computer" in knowledge.describe("plants")
    process = knowledge.reranking.reranker.running  # type: ignore[union-attr]
    knowledge.close()
    assert not process.alive()
    plain.close()
