"""Answers that need no model: a tuned model that is no better than one of them has learned nothing about questions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from assistant.evidence.form.frame import Frame
from assistant.evidence.likeness import WordVectors
from assistant.evidence.runner import HeldOutQuestion, questions
from assistant.evidence.scorers import Scorer
from assistant.record.types import Item, Message

TYPICAL, FRAME, NEAREST = "typical answer", "frame alone", "nearest answer"
MEANS = {
    TYPICAL: "one approved answer, the most typical, to every question",
    FRAME: "what all approved answers share, and nothing else",
    NEAREST: "the approved answer to the most similar question",
}
_TRIED, _ON = 24, 60  # constants that are tried, on so many approved answers


@dataclass(frozen=True)
class SanityAnswers:
    """`constant`: the answers that never change, by name; `nearest`: for each held-out question its own."""

    constant: dict[str, str]
    nearest: list[str]

    def of(self, asked: Sequence[HeldOutQuestion]) -> dict[str, list[str]]:
        """By name, an answer for each question."""
        fixed = {name: [text] * len(asked) for name, text in self.constant.items()}
        return fixed | ({NEAREST: self.nearest} if self.nearest else {})


def answers(train: Sequence[Item], asked: Sequence[HeldOutQuestion], frame: Frame, score: Scorer) -> SanityAnswers:
    """Made of the train split alone."""
    learned = questions(train)
    if not learned:
        return SanityAnswers({}, [])
    constant = {TYPICAL: _typical([one.reference for one in learned], score)}
    if frame and (bare := frame.bare()) not in constant.values():
        constant[FRAME] = bare
    like = WordVectors([_question(one.messages) for one in learned]).like([_question(q.messages) for q in asked])
    return SanityAnswers(constant, [learned[int(row.argmax())].reference for row in like])


def _typical(approved: Sequence[str], score: Scorer) -> str:
    """Of the answers that are the most like all others, the one that scores best when it is given to everything."""
    import numpy as np

    distinct = list(dict.fromkeys(approved))
    middle = WordVectors(approved).like(distinct).mean(axis=1)
    tried = [distinct[int(i)] for i in np.argsort(-middle, kind="stable")[:_TRIED]]
    on = approved[:: max(1, len(approved) // _ON)]
    return max(tried, key=lambda text: (sum(score(text, other) or 0.0 for other in on), -tried.index(text)))


def _question(messages: Sequence[Message]) -> str:
    """What the user said last, and before it."""
    said = [str(message["content"]) for message in messages if message["role"] == "user"]
    return " ".join([*said, *said[-1:]])
