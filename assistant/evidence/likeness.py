"""Texts by their words: how like each other, which belong together (TF-IDF and cosine). No model, always the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from assistant.knowledge.search.words import content

if TYPE_CHECKING:
    import numpy as np
    from scipy.sparse import csr_array

TOGETHER = 0.35  # mean cosine from which texts are of one topic


class WordVectors:
    """Made of some texts; others can be compared with them."""

    def __init__(self, texts: Sequence[str]) -> None:
        import numpy as np

        bags = [Counter(content(text)) for text in texts]
        self.place = {word: i for i, word in enumerate(sorted({word for bag in bags for word in bag}))}
        often = Counter(word for bag in bags for word in bag)
        rarity = [np.log((1 + len(bags)) / (1 + often[word])) + 1 for word in self.place]
        self.rarity = np.array(rarity, dtype=float)
        self.matrix = self._rows(bags)

    def like(self, texts: Sequence[str]) -> np.ndarray:
        """Cosines, one row a text and one column a text that this was made of."""
        found: np.ndarray = (self._rows([Counter(content(text)) for text in texts]) @ self.matrix.T).toarray()
        return found

    def _rows(self, bags: Sequence[Counter[str]]) -> csr_array:
        import numpy as np
        from scipy.sparse import csr_array

        row, column, value = [], [], []
        for number, bag in enumerate(bags):
            known = {self.place[word]: count for word, count in bag.items() if word in self.place}
            weights = np.array(list(known.values())) * self.rarity[list(known)] if known else np.zeros(0)
            length = float(np.linalg.norm(weights)) or 1.0
            row += [number] * len(known)
            column += list(known)
            value += (weights / length).tolist()
        return csr_array((value, (row, column)), shape=(len(bags), len(self.place)))


def topics(texts: Sequence[str]) -> list[int]:
    """A number for each text, the same for those of one topic: near-duplicates and what is about the same words.

    Average linkage over cosines: a topic is a set whose texts are like each other, not a chain of neighbours.
    """
    import numpy as np
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import squareform

    if len(texts) < 2:
        return list(range(len(texts)))
    apart = np.clip(1 - WordVectors(texts).like(texts), 0, 1)
    np.fill_diagonal(apart, 0)
    joined = linkage(squareform((apart + apart.T) / 2, checks=False), method="average")
    found: list[int] = fcluster(joined, 1 - TOGETHER, criterion="distance").tolist()
    return found
