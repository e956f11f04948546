"""How much of one text is in another: the share of its n-grams, each by how rare it is among the texts of a case.

What most texts have in common (an instruction above every message, the frame of a house's answers) is so rare in none
of them that it counts next to nothing. The weight is the square of the inverse document frequency, as in the product
of two tf-idf vectors (Salton and Buckley 1988); the other text of a pair is not counted as one that has an n-gram too,
so two texts are compared alike in a case of ten and in one of ten thousand.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from assistant.knowledge.comparison import grams
from assistant.knowledge.comparison.canonical import canonical

Floats = np.ndarray[Any, np.dtype[np.float64]]
Flags = np.ndarray[Any, np.dtype[np.bool_]]
Ints = np.ndarray[Any, np.dtype[np.int64]]
_COMMON = 200  # texts from which an n-gram is too common to find a pair by; it is weighed all the same
_PROBES = 8  # n-grams of a text to find others by, at least: the rarest, however common they are
_OF_RARE = 0.5  # of the share that is asked for has to be among the rare ones alone, or the rest is no more than topic
_ROWS = 128  # texts that are compared at once
_FULL = 12  # n-grams that nobody else has: so much has to be shared where a text is but a part of another one


@dataclass(frozen=True)
class Overlaps:
    """Pairs of texts that share something, by their places: `ones[i]` was asked about, `others[i]` is known.

    `inside`: how much of the one is in the other, 0 to 1; `around`: how much of the other is in the one; `alike`:
    what both share of what either has (weighted Jaccard). `enough`, `covered`:
    whether the one, and the other, says as much as it takes to be recognised as a part.
    """

    ones: Ints
    others: Ints
    inside: Floats
    around: Floats
    alike: Floats
    enough: Flags
    covered: Flags

    @property
    def part(self) -> Floats:
        """How much of a text is in a longer one, whichever of the two that is; 0 where it says too little."""
        held: Floats = np.maximum(np.where(self.enough, self.inside, 0.0), np.where(self.covered, self.around, 0.0))
        return held

    def only(self, kept: Flags) -> Overlaps:
        return Overlaps(*(values[kept] for values in vars(self).values()))


class Texts:
    """Texts that others, and themselves, are compared with. `beside`: others that tell what is rare and what is not."""

    def __init__(self, texts: Sequence[str], beside: Sequence[str] = ()) -> None:
        from scipy.sparse import csr_array

        self.canonical = [canonical(text) for text in texts]
        distinct = {text: place for place, text in enumerate(dict.fromkeys([*self.canonical, *map(canonical, beside)]))}
        hashes, starts = grams.stacked(list(distinct))
        self._known, places, self._counts = np.unique(hashes, return_inverse=True, return_counts=True)
        self._most = float(np.log(len(starts)) ** 2)  # what an n-gram weighs that no other text has
        self._weights: Floats = np.log(len(starts) / np.maximum(1, self._counts - 1)) ** 2 * grams.worth(self._known)
        every = csr_array((np.ones(len(places)), places, starts), (len(distinct), len(self._known)))
        self._held = every[[distinct[text] for text in self.canonical]] if self.canonical else every[:0]
        self._totals: Floats = self._held @ self._weights
        self._enough = self._says(self._totals)
        self._rare: Floats = self._held @ (self._weights * (self._counts <= _COMMON))
        self._turned = self._held.T.tocsr()

    def __len__(self) -> int:
        return len(self.canonical)

    def overlaps(self, least: float, texts: Sequence[str] | None = None) -> Overlaps:
        """Pairs of which one text is in the other by at least `least`. Without `texts`: of the known ones."""
        own = texts is None
        asked, extra = (self._held, np.zeros(len(self))) if texts is None else self._read(texts)
        totals: Floats = asked @ self._weights + extra
        found = [self._exact(asked, totals, ones, others) for ones, others in self._near(asked, totals, least, own)]
        every = Overlaps(
            *(np.concatenate(values) for values in zip(*(vars(one).values() for one in found), strict=True))
        )
        return every.only(np.maximum(every.inside, every.around) >= least)

    def nearest(self, texts: Sequence[str], owners: Sequence[int], known: Sequence[int]) -> Floats:
        """For each text the highest share in common with a known one of another owner; common n-grams are left out.

        `owners` are those of the texts, `known` those of the known texts.
        """
        asked, extra = self._read(texts)
        totals: Floats = asked @ self._weights + extra
        best, mine, theirs = np.zeros(len(texts)), np.asarray(owners), np.asarray(known)
        rare = self._probes(asked)
        for start in range(0, len(texts), _ROWS):
            shared = (rare[start : start + _ROWS] @ self._turned).tocoo()
            ones, others = shared.row + start, shared.col
            whole = totals[ones] + self._totals[others] - shared.data
            values = shared.data / np.maximum(1e-12, whole)
            for of, enough in ((totals[ones], self._says(totals)[ones]), (self._totals[others], self._enough[others])):
                values = np.maximum(values, np.where(enough, shared.data / np.maximum(1e-12, of), 0.0))
            np.maximum.at(best, ones, np.where(mine[ones] == theirs[others], 0.0, np.minimum(1.0, values)))
        return best

    def _says(self, totals: Floats) -> Flags:
        enough: Flags = totals >= _FULL * self._most
        return enough

    def _read(self, texts: Sequence[str]) -> tuple[Any, Floats]:
        """The known n-grams of texts, and what the others of each weigh."""
        from scipy.sparse import csr_array

        hashes, starts = grams.stacked([canonical(text) for text in texts])
        places = np.minimum(np.searchsorted(self._known, hashes), max(0, len(self._known) - 1))
        known = self._known[places] == hashes if len(self._known) else np.zeros(len(hashes), dtype=bool)
        rows = np.repeat(np.arange(len(texts)), np.diff(starts))
        shape = (len(texts), len(self._known))
        asked = csr_array((np.ones(int(known.sum())), (rows[known], places[known])), shape)
        new: Floats = np.bincount(rows[~known], grams.worth(hashes[~known]) * self._most, len(texts)).astype(np.float64)
        return asked, new

    def _near(self, asked: Any, totals: Floats, least: float, own: bool) -> Iterator[tuple[Ints, Ints]]:
        """Candidates, some rows at a time: pairs that would reach `least` if they shared every common n-gram, too, and
        whose rare ones alone reach a half of it."""
        yield np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
        rare = self._probes(asked)
        telling = rare.sum(axis=1)
        common = asked @ self._weights - telling
        for start in range(0, asked.shape[0], _ROWS):
            shared = (rare[start : start + _ROWS] @ self._turned).tocoo()
            ones, others = shared.row.astype(np.int64) + start, shared.col.astype(np.int64)
            bound = (shared.data + common[ones]) / np.maximum(1e-12, np.minimum(totals[ones], self._totals[others]))
            little = shared.data < _OF_RARE * least * np.minimum(telling[ones], self._rare[others])
            kept = (bound >= least) & ~little & (others < ones if own else True)
            yield ones[kept], others[kept]

    def _probes(self, asked: Any) -> Any:
        """The weights of the rare n-grams of each text; of its rarest, where it has few that are."""
        from scipy.sparse import csr_array

        rows = np.repeat(np.arange(asked.shape[0]), np.diff(asked.indptr))
        counts = self._counts[asked.indices]
        order = np.lexsort((counts, rows))
        rank = np.empty(len(order), dtype=np.int64)
        rank[order] = np.arange(len(order)) - asked.indptr[rows[order]]
        kept = (counts <= _COMMON) | (rank < _PROBES)
        places = asked.indices[kept]
        return csr_array((self._weights[places], (rows[kept], places)), asked.shape)

    def _exact(self, asked: Any, totals: Floats, ones: Ints, others: Ints) -> Overlaps:
        both = asked[ones].multiply(self._held[others]).tocsr()
        shared = both @ self._weights
        mine, theirs = np.maximum(1e-12, totals[ones]), np.maximum(1e-12, self._totals[others])
        return Overlaps(
            ones,
            others,
            np.minimum(1.0, shared / mine),
            np.minimum(1.0, shared / theirs),
            shared / (mine + theirs - shared),
            self._says(totals)[ones],
            self._enough[others],
        )
