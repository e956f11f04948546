"""How much of the approved answer an answer says too: its frame set aside, common words counting little."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from assistant.evidence.facts.stated import f1, stated
from assistant.evidence.form.frame import Frame
from assistant.knowledge.search.words import content


@dataclass(frozen=True)
class BodyAgreement:
    """`weights`: of each word, how rare it is among the approved answers; `unseen`: of one that stands in none."""

    frame: Frame
    weights: Mapping[str, float]
    unseen: float

    def score(self, answer: str, reference: str) -> float:
        """From 0 to 1: F1 of the words that mean something, each by its rarity.

        Where the approved answer states numbers, codes or names, half of it is F1 of those.
        """
        said, wanted = self.frame.body(answer), self.frame.body(reference)
        words = self._f1(set(content(said)), set(content(wanted)))
        anchors = stated(wanted)
        return (words + f1(stated(said), anchors)) / 2 if anchors else words

    def _f1(self, found: set[str], wanted: set[str]) -> float:
        whole = self._weight(found) + self._weight(wanted)
        return 2 * self._weight(found & wanted) / whole if whole else float(found == wanted)

    def _weight(self, words: set[str]) -> float:
        return math.fsum(self.weights.get(word, self.unseen) for word in words)


def learn(answers: Sequence[str], frame: Frame) -> BodyAgreement:
    """The weights from the approved answers of the train split: log((n + 1) / (answers with the word + 0.5))."""
    n = len(answers)
    counts = Counter(word for answer in answers for word in set(content(frame.body(answer))))
    weights = {word: math.log((n + 1) / (count + 0.5)) for word, count in counts.items()}
    return BodyAgreement(frame, weights, math.log((n + 1) / 0.5))
