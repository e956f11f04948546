"""Blind votes: two answers without names, in an order that a seed decides row by row, and what the votes add up to.

The rows are held out, so votes are evidence and nothing else: none becomes a preference pair to train on. Pairs come
from the chat (labels.py), where the same gestures are made on conversations that may be learned from.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass

from assistant.evidence.answers.rows import AnswerTable, Key
from assistant.evidence.statistics.intervals import Interval
from assistant.evidence.statistics.shares import wilson
from assistant.record.opinions.votes import BOTH_BAD, TIE, Vote

SEED = 3407
ROUNDS = 200  # of the iteration for the strengths; it has converged long before
_PRIOR = 0.5  # a won and a lost half vote against each rival: nobody is infinitely strong


@dataclass(frozen=True)
class BlindPair:
    """A row and the two variants whose answers stand left and right."""

    key: Key
    left: str
    right: str


@dataclass(frozen=True)
class PairCount:
    """How often `one` was preferred to `other`, the other to it, neither (`tied`), and both were called bad.

    `share`: of the votes with a winner those for `one`, with Wilson's interval; NaN without any.
    """

    one: str
    other: str
    won: int
    lost: int
    tied: int
    bad: int
    share: Interval


def next_pair(
    table: AnswerTable, votes: Sequence[Vote], names: Sequence[str] = (), seed: int = SEED
) -> BlindPair | None:
    """The next row to vote on, in an order of the seed; None when all were voted on.

    `names`: the two variants, the candidate and the best untrained where none are named. Rows whose two answers are
    the same, or where one is missing, tell nothing and are left out.
    """
    one, other = names or (table.candidate, table.rival)
    ids = {table.ids.get(one), table.ids.get(other)}
    done = {(vote.item, vote.turn) for vote in votes if {vote.left, vote.right} == ids}
    open_ = [key for key in table.keys if key not in done and _tells(table, key, one, other)]
    key = min(open_, key=lambda key: _drawn(seed, table.evaluation.id, key), default=None)
    if key is None:
        return None
    swapped = _drawn(seed + 1, table.evaluation.id, key) % 2
    return BlindPair(key, other, one) if swapped else BlindPair(key, one, other)


def counts(table: AnswerTable, votes: Sequence[Vote]) -> list[PairCount]:
    """One line for each two variants that were voted on; of a row that was voted on twice the latest vote counts."""
    place = {name: at for at, name in enumerate(table.names)}
    called = {id: name for name, id in table.ids.items()}
    latest = {
        (*sorted((vote.left, vote.right)), vote.item, vote.turn): vote
        for vote in votes
        if vote.left in called and vote.right in called
    }
    pairs: dict[tuple[str, str], list[Vote]] = {}
    for vote in latest.values():
        one, other = sorted((called[vote.left], called[vote.right]), key=place.__getitem__)
        pairs.setdefault((one, other), []).append(vote)
    return [_count(one, other, mine, table.ids[one]) for (one, other), mine in sorted(pairs.items())]


def strengths(found: Sequence[PairCount]) -> dict[str, float]:
    """Each variant's strength (Bradley and Terry 1952): a beats b with the chance a / (a + b). They add up to 1.

    Ties and votes that both are bad count half for each. By the iteration of Hunter (2004), with half a vote won and
    lost added to each pair that was voted on; strongest first.
    """
    names = sorted({name for one in found for name in (one.one, one.other)})
    won = dict.fromkeys(names, 0.0)
    met: dict[tuple[str, str], float] = {}
    for pair in found:
        even = (pair.tied + pair.bad) / 2 + _PRIOR
        won[pair.one] += pair.won + even
        won[pair.other] += pair.lost + even
        met[pair.one, pair.other] = pair.won + pair.lost + 2 * even
    strength = {name: 1 / len(names) for name in names}
    for _ in range(ROUNDS):
        new = {name: won[name] / _against(name, strength, met) for name in names}
        whole = math.fsum(new.values())
        strength = {name: value / whole for name, value in new.items()}
    return dict(sorted(strength.items(), key=lambda one: (-one[1], one[0])))


def sentence(found: Sequence[PairCount]) -> str:
    """The votes in words; empty where there are none."""
    parts = []
    for pair in found:
        all_ = pair.won + pair.lost + pair.tied + pair.bad
        text = (
            f"Blind, {pair.one} was preferred to {pair.other} in {pair.won} of {all_} votes, the latter in {pair.lost}"
        )
        if pair.won + pair.lost:
            share = pair.share
            text += f" ({share.mean:.0%} of the votes with a winner, {share.low:.0%} to {share.high:.0%})"
        parts.append(f"{text}.")
    return " ".join(parts)


def _against(name: str, strength: dict[str, float], met: dict[tuple[str, str], float]) -> float:
    return math.fsum(n / (strength[one] + strength[other]) for (one, other), n in met.items() if name in (one, other))


def _count(one: str, other: str, votes: Sequence[Vote], id: str) -> PairCount:
    won = sum(vote.winner == id for vote in votes)
    lost = sum(vote.loser == id for vote in votes)
    tied, bad = (sum(vote.choice == choice for vote in votes) for choice in (TIE, BOTH_BAD))
    return PairCount(one, other, won, lost, tied, bad, wilson(won, won + lost))


def _tells(table: AnswerTable, key: Key, one: str, other: str) -> bool:
    given = [table.given.get((name, key)) for name in (one, other)]
    texts = [answer.answer.strip() for answer in given if answer is not None and not answer.error]
    return len(texts) == 2 and texts[0] != texts[1]


def _drawn(seed: int, evaluation: int, key: Key) -> int:
    """A number that says nothing and is always the same: no order gives away whose answer it is."""
    return int.from_bytes(hashlib.sha256(f"{seed}:{evaluation}:{key[0]}.{key[1]}".encode()).digest()[:8])
