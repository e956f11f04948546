"""Whether a scorer can tell these answers apart: another row's approved answer must not score well."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from assistant.evidence.scorers import folding
from assistant.evidence.scorers.catalogue import Scorer

DRAWS = 5
ROWS = 200  # at most, drawn with the seed: a likeness of long texts takes milliseconds
FRAME = 0.25  # of the scale: what unrelated texts of one language share in any case (English ones 0.15 to 0.23 by chrF)


@dataclass(frozen=True)
class SelfTest:
    """`own`: the mean score of each approved answer against itself; `shuffled`: against another row's; `chance`: how
    often two rows have the same answer. `frame_share`: what part of the scale above chance an answer to another
    question already has, 0 to 1; `ok`: whether that is small. None where nothing could be scored."""

    own: float | None
    shuffled: float | None
    chance: float | None
    frame_share: float | None
    ok: bool
    sentence: str


def self_test(score: Scorer, references: Sequence[str], seed: int = 0) -> SelfTest:
    """Score approved answers against themselves and, in `DRAWS` draws, against those of other rows."""
    draw = random.Random(seed)
    usable = [(text, own) for text in references if (own := score(text, text)) is not None]
    rows = usable if len(usable) <= ROWS else draw.sample(usable, ROWS)
    if len(rows) < 2:
        return SelfTest(None, None, None, None, False, "There are too few approved answers to test the scorer with.")
    texts = [text for text, _ in rows]
    own = fmean(value for _, value in rows)
    shuffled = fmean(
        score(texts[other], text) or 0.0
        for _ in range(DRAWS)
        for text, other in zip(texts, _moved(len(texts), draw), strict=True)
    )
    return _judged(own, shuffled, _chance(texts))


def _judged(own: float, shuffled: float, chance: float) -> SelfTest:
    figures = round(own, 4), round(shuffled, 4), round(chance, 4)
    if chance >= 1:
        said = "All approved answers are the same, so no score can tell a good model from one that always says that."
        return SelfTest(*figures, 1.0, False, said)
    if own <= chance:
        said = "The approved answers don't even score well against themselves, so this scorer does not suit them."
        return SelfTest(*figures, 1.0, False, said)
    frame = min(1.0, max(0.0, (shuffled - chance) / (own - chance)))
    said = f"The approved answer to another question scores {shuffled:.2f}"
    if frame <= FRAME:
        said += f", where {chance:.2f} is chance, so the score tells the answers apart."
    else:
        said += f": {frame:.0%} of the score is what all answers share, and only the rest tells them apart."
    return SelfTest(*figures, round(frame, 4), frame <= FRAME, said)


def _moved(count: int, draw: random.Random) -> list[int]:
    """A random order in which nothing stays in its place (Sattolo's algorithm)."""
    order = list(range(count))
    for last in range(count - 1, 0, -1):
        other = draw.randrange(last)
        order[last], order[other] = order[other], order[last]
    return order


def _chance(texts: Sequence[str]) -> float:
    """The probability that two different rows have the same answer."""
    often = Counter(folding.spaced(folding.folded(text)) for text in texts)
    return sum(n * (n - 1) for n in often.values()) / (len(texts) * (len(texts) - 1))
