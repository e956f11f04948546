"""Blind votes: the order gives nothing away, and what they add up to is right."""

from __future__ import annotations

import math

import pytest

from assistant.evidence.answers import arena
from assistant.evidence.answers.arena import PairCount
from assistant.evidence.answers.rows import AnswerTable
from assistant.evidence.statistics.shares import wilson
from assistant.faces.ui.result.answers import blind_text
from assistant.record.store import Store
from assistant.stages import dataset
from tests.assistant.evidence.answers import measured_shop


def vote_on_all(table: AnswerTable, prefers: str) -> list[arena.BlindPair]:
    seen = []
    while pair := arena.next_pair(table, table.store.votes(table.evaluation.id)):
        choice = "left" if pair.left == prefers else "right" if pair.right == prefers else "tie"
        ids = table.ids[pair.left], table.ids[pair.right]
        table.store.add_vote(table.evaluation.id, *pair.key, *ids, choice)
        seen.append(pair)
    return seen


def test_every_row_comes_once_and_either_side_may_be_the_candidate(table: AnswerTable) -> None:
    seen = vote_on_all(table, "tuned")
    assert sorted(pair.key for pair in seen) == sorted(table.keys)
    assert [pair.key for pair in seen] != table.keys  # not in the order of the file
    left = sum(pair.left == "tuned" for pair in seen)
    assert 4 <= left <= 20  # of 24: less has a chance below 1 in 1,000
    (found,) = arena.counts(table, table.store.votes(table.evaluation.id))
    assert (found.one, found.other, found.won, found.lost) == ("tuned", "few-shot", 24, 0)
    assert found.share.low > 0.8


def test_the_same_seed_gives_the_same_pair_and_nothing_names_it(table: AnswerTable) -> None:
    first, again = arena.next_pair(table, []), arena.next_pair(table, [])
    assert first is not None
    assert first == again
    shown = blind_text.pair(table, first)
    assert "tuned" not in shown
    assert "few-shot" not in shown
    assert all(id not in shown for id in table.ids.values())


def test_rows_that_tell_nothing_are_left_out(table: AnswerTable, store: Store) -> None:
    """The plain prompt says the same thing everywhere but where it failed."""
    assert arena.next_pair(table, [], ("prompt", "prompt")) is None
    failed = next(key for key in table.keys if table.given["prompt", key].error)
    seen = set()
    while pair := arena.next_pair(table, store.votes(table.evaluation.id), ("tuned", "prompt")):
        store.add_vote(table.evaluation.id, *pair.key, table.ids[pair.left], table.ids[pair.right], "both bad")
        seen.add(pair.key)
    assert seen == set(table.keys) - {failed}
    (found,) = arena.counts(table, store.votes(table.evaluation.id))
    assert (found.won, found.lost, found.bad) == (0, 0, 23)
    assert math.isnan(found.share.mean)
    assert "0 of 23 votes" in arena.sentence([found])


def test_the_latest_vote_on_a_row_counts_whichever_side_it_stood_on(table: AnswerTable, store: Store) -> None:
    key, tuned, few = table.keys[0], table.ids["tuned"], table.ids["few-shot"]
    store.add_vote(table.evaluation.id, *key, tuned, few, "left")
    store.add_vote(table.evaluation.id, *key, few, tuned, "left")
    (found,) = arena.counts(table, store.votes(table.evaluation.id))
    assert (found.won, found.lost) == (0, 1)
    with pytest.raises(ValueError, match="sideways"):
        store.add_vote(table.evaluation.id, *key, few, tuned, "sideways")


def test_votes_on_held_out_rows_train_nothing(table: AnswerTable, store: Store) -> None:
    vote_on_all(table, "tuned")
    new = dataset.run(store, table.evaluation.case)
    assert store.judgements(new.id) == []
    rows = [item.messages for item in store.items(new.id, "train")]
    assert not {measured_shop.asked(n) for n in range(measured_shop.TEST)} & {str(row[0]["content"]) for row in rows}


def counted(one: str, other: str, won: int, lost: int, tied: int = 0) -> PairCount:
    return PairCount(one, other, won, lost, tied, 0, wilson(won, won + lost))


def test_strengths_are_bradley_and_terrys() -> None:
    """a beats b 3 times as often, and so b beats c: then a is 9 times as strong as c, though they never met."""
    many = 30_000
    found = arena.strengths([counted("a", "b", 3 * many, many), counted("b", "c", 3 * many, many)])
    assert list(found) == ["a", "b", "c"]
    assert found["a"] / found["b"] == pytest.approx(3, rel=1e-3)
    assert found["a"] / found["c"] == pytest.approx(9, rel=1e-3)
    assert math.fsum(found.values()) == pytest.approx(1)


def test_who_never_lost_is_not_infinitely_strong() -> None:
    found = arena.strengths([counted("a", "b", 4, 0)])
    assert found["a"] == pytest.approx(4.5 / 5)
    even = arena.strengths([counted("a", "b", 0, 0, tied=7)])
    assert even["a"] == even["b"] == pytest.approx(0.5)
    assert arena.strengths([]) == {}
