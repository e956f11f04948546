"""Likeness in meaning: the cosine of two texts' embeddings, by the embedding that the app searches with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from assistant.errors import AttuneError

if TYPE_CHECKING:
    from assistant.knowledge.search.retriever import Knowledge

Embed = Callable[[Sequence[str]], Any]  # texts -> array of shape (texts, dimensions), rows of length 1 or 0
ABSENT = "The scorer 'similarity' needs an embedding model, and passages are found by words alone here."
REMEDY = "Set ATTUNE_EMBEDDING to one that searches by meaning, or choose another scorer."


def embed(knowledge: Knowledge) -> Embed | None:
    """How the app embeds texts; None where it searches by words alone, which says nothing about meaning."""
    embedding = knowledge.choice.embedding
    return None if embedding.name.startswith("lexical") else embedding.embed


def similarity(embed: Embed | None) -> Callable[[str, str], float]:
    """A scorer by an embedding. Raises AttuneError where there is none; the scorer raises ToolError when it fails."""
    if embed is None:
        raise AttuneError(ABSENT, REMEDY)

    def score(answer: str, reference: str) -> float:
        """Cosine of the two embeddings, 0 where it is negative; 1 for equal texts, 0 where only one is empty."""
        answer, reference = answer.strip(), reference.strip()
        if answer == reference or not answer or not reference:
            return float(answer == reference)
        one, other = embed([answer, reference])
        return min(1.0, max(0.0, float(one @ other)))

    return score
