"""How far the chat's answers are from the measured ones: same weights, 16 bits in the chat, 32 where it is measured."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from assistant.chat import Chat
from assistant.evidence.certificate.proof import Proof
from assistant.evidence.runner import HeldOutQuestion
from assistant.evidence.scorers import Scorer
from assistant.record.types import Score, Variant

ASKED = 8  # measured questions that are asked again, one at a time, as a person would


def compare(
    chat: Chat, variant: Variant, asked: Sequence[HeldOutQuestion], measured: Sequence[Score], score: Scorer, name: str
) -> Proof:
    """A check that never fails: it tells how many answers are the same, and both mean scores by the scorer `name`."""
    known = {(one.item, one.turn): one for one in measured if one.score is not None}
    pairs = []
    for question in [q for q in asked if (q.item, q.turn) in known][:ASKED]:
        text = "".join(chat.reply(variant, question.messages))
        pairs.append((known[question.item, question.turn], text, score(text, question.reference)))
    same = sum(before.answer == text for before, text, _ in pairs)
    scored = [(before.score, now) for before, _, now in pairs if before.score is not None and now is not None]
    if not scored:
        return Proof("answers in the chat", True, "there is no measured answer to compare with")
    before, now = (statistics.fmean(values) for values in zip(*scored, strict=True))
    return Proof(
        "answers in the chat",
        True,
        f"{same} of {len(pairs)} are those that were measured, to the letter; "
        f"mean {name} {now:.3f}, measured {before:.3f}",
    )
