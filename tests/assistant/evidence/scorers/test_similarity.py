"""Likeness in meaning, by the app's own embedding model."""

from __future__ import annotations

from pathlib import Path

import pytest

from assistant.errors import AttuneError
from assistant.evidence import scorers
from assistant.knowledge.search.retriever import Knowledge
from tests.assistant.material import new_case


def test_what_means_the_same_in_other_words_is_nearer_than_another_subject(tmp_path: Path) -> None:
    made, store = new_case(tmp_path, embedding="minilm")
    knowledge = Knowledge(store, made)
    score = scorers.scorer("similarity", scorers.embed(knowledge))
    wanted = "The parcel was sent back to us."
    same, other = score("Your package has been returned.", wanted), score("The soup was sent back to them.", wanted)
    assert same is not None
    assert other is not None
    assert 0 <= other < same < 1
    assert [score(wanted, wanted), score("", wanted), score("", " ")] == [1, 0, 1]
    knowledge.close()


def test_without_an_embedding_model_it_is_refused(tmp_path: Path) -> None:
    made, store = new_case(tmp_path, embedding="lexical")
    knowledge = Knowledge(store, made)
    assert scorers.embed(knowledge) is None
    with pytest.raises(AttuneError, match="needs an embedding model") as caught:
        scorers.scorer("similarity", scorers.embed(knowledge))
    assert "ATTUNE_EMBEDDING" in caught.value.remedy
    knowledge.close()
