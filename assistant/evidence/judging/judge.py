"""A model judges the answers of an evaluation: first those that people marked, the others only if it agrees with them.

What it says stands beside form and facts; it decides nothing and replaces nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

from assistant.errors import AttuneError
from assistant.evidence.answers.rows import AnswerRow, AnswerTable, Key
from assistant.evidence.judging import calibration, rubric
from assistant.evidence.judging.asking import Ask
from assistant.evidence.judging.rubric import JudgedScore
from assistant.evidence.statistics.intervals import interval
from assistant.evidence.statistics.shares import wilson
from assistant.record.opinions import marks
from assistant.record.types import Evaluation

ASKED_AT_ONCE = 4
MOST_FAILED = 0.1  # of the questions to a judge got no answer at all: then it is out of order, and nothing is kept
BIASED = 0.5  # of its choices follow the order of the answers: then it does not compare
Say = Callable[[str, float], None]
T = TypeVar("T")


@dataclass(frozen=True)
class PairsJudged:
    """`won` and `lost`: rows in which both orders preferred the candidate, or the other; `tied`: both say so, or they
    contradict each other, which `inconsistent` counts."""

    won: int
    lost: int
    tied: int
    inconsistent: int
    unread: int

    @property
    def of(self) -> int:
        return self.won + self.lost + self.tied


def run(table: AnswerTable, ask: Ask, model: str, say: Say = lambda *_: None) -> Evaluation:
    """Judge and keep the result in the evaluation's proof. `model`: what the judge is called.

    Asks nothing while too few answers are marked, and no more than those where it disagrees with people. Raises
    AttuneError where the model does not answer.
    """
    return table.store.update_proof(table.evaluation.id, judge=_found(table, ask, model, say))


def _found(table: AnswerTable, ask: Ask, model: str, say: Say) -> dict[str, Any]:
    said = table.store.marks(table.evaluation.id)
    words = rubric.of_brief(table.store.case(table.evaluation.case).brief)
    people = marked(table, said)
    if len(people) < calibration.MARKED:
        few = calibration.JudgeCalibration(len(people), 0.0, 0.0, 0.0, 0.0)
        return {"model": model, "used": False, "calibration": asdict(few), "sentence": few.sentence}
    rows = {key: table.row(key, said) for key in table.keys}
    known = _scores(table, rows, list(people), words, ask, say, 0.0, 0.3)
    both = [one for one in people if known[one] is not None]
    right = [(known[one] or JudgedScore(1)).score >= rubric.RIGHT_FROM for one in both]
    agreed = calibration.of(right, [people[one] for one in both], [key[0] for _, key in both])
    kept = {"model": model, "used": agreed.trusted, "calibration": asdict(agreed)}
    if not agreed.trusted:
        lost = len(people) - len(both)
        junk = f"Its replies to {lost} of {len(people)} marked answers cannot be read: not used as evidence."
        return kept | {"unread": lost, "sentence": junk if len(both) < calibration.MARKED else _told(agreed)}
    compared = [name for name in (table.candidate, table.rival) if name]
    every = [(name, key) for name in compared for key in table.keys if _answered(table, name, key)]
    known |= _scores(table, rows, [one for one in every if one not in known], words, ask, say, 0.3, 0.6)
    pairs = _pairs(table, rows, words, ask, say) if len(compared) == 2 else PairsJudged(0, 0, 0, 0, 0)
    scores = {name: _mean([(key, known[name, key]) for who, key in every if who == name]) for name in compared}
    share = wilson(pairs.won, pairs.won + pairs.lost)
    return kept | {
        "unread": sum(one is None for one in known.values()) + pairs.unread,
        "scores": scores,
        "pairs": asdict(pairs) | ({} if not pairs.won + pairs.lost else {"share": asdict(share)}),
        "rows": [
            {"variant": name, "item": key[0], "turn": key[1], "score": one.score, "reason": one.reason}
            for (name, key), one in known.items()
            if one is not None
        ],
        "sentence": _told(agreed, scores, compared, pairs),
    }


def marked(table: AnswerTable, said: Sequence[marks.Mark]) -> dict[tuple[str, Key], bool]:
    """The answers that people called right or wrong, and which; without those to an approved answer that is wrong."""
    thought = marks.latest(said)
    wrong = {(item, turn) for (_, item, turn), mark in thought.items() if mark == marks.REFERENCE}
    called = {id: name for name, id in table.ids.items()}
    return {
        (called[variant], (item, turn)): mark == marks.RIGHT
        for (variant, item, turn), mark in thought.items()
        if variant in called
        and mark in (marks.RIGHT, marks.WRONG)
        and (item, turn) not in wrong
        and _answered(table, called[variant], (item, turn))
    }


def _scores(
    table: AnswerTable,
    rows: dict[Key, AnswerRow],
    wanted: Sequence[tuple[str, Key]],
    words: str,
    ask: Ask,
    say: Say,
    start: float,
    end: float,
) -> dict[tuple[str, Key], JudgedScore | None]:
    prompts = [rubric.pointwise(words, rows[key], table.given[name, key].answer) for name, key in wanted]
    found = _asked(prompts, ask, rubric.read_score, lambda part: say("Judging answers", start + part * (end - start)))
    return dict(zip(wanted, found, strict=True))


def _pairs(table: AnswerTable, rows: dict[Key, AnswerRow], words: str, ask: Ask, say: Say) -> PairsJudged:
    """Each row in both orders: a preference that follows the order is none."""
    names = table.candidate, table.rival
    keys = [key for key in table.keys if all(_answered(table, name, key) for name in names)]
    texts = [tuple(table.given[name, key].answer for name in names) for key in keys]
    prompts = [
        rubric.pairwise(words, rows[key], *order)
        for key, (mine, other) in zip(keys, texts, strict=True)
        for order in ((mine, other), (other, mine))
    ]
    replies = _asked(prompts, ask, rubric.read_better, lambda part: say("Comparing answers", 0.6 + part * 0.4))
    both = list(zip(replies[::2], replies[1::2], strict=True))
    read = [(first, second) for first, second in both if first and second]
    won = sum(one == (rubric.A, rubric.B) for one in read)
    lost = sum(one == (rubric.B, rubric.A) for one in read)
    by_place = sum(one in ((rubric.A, rubric.A), (rubric.B, rubric.B)) for one in read)
    return PairsJudged(won, lost, len(read) - won - lost, by_place, len(both) - len(read))


def _asked(
    prompts: Sequence[str], ask: Ask, read: Callable[[str], T | None], say: Callable[[float], None]
) -> list[T | None]:
    """What is read of each reply, in order; None where it is not as it was asked for, or did not come."""
    found: list[T | None] = [None] * len(prompts)
    failed = 0
    with ThreadPoolExecutor(ASKED_AT_ONCE) as pool:
        waiting = {pool.submit(ask, prompt): place for place, prompt in enumerate(prompts)}
        try:
            for count, done in enumerate(as_completed(waiting), start=1):
                try:
                    found[waiting[done]] = read(done.result())
                except AttuneError:
                    failed += 1
                    if failed > MOST_FAILED * len(prompts):
                        raise
                say(count / len(prompts))
        finally:
            for future in waiting:
                future.cancel()
    return found


def _answered(table: AnswerTable, name: str, key: Key) -> bool:
    one = table.given.get((name, key))
    return one is not None and not one.error


def _mean(found: Sequence[tuple[Key, JudgedScore | None]]) -> dict[str, Any]:
    """Of the scores from 1 to 5, a conversation at a time."""
    by_item: dict[int, list[int]] = {}
    for (item, _), one in found:
        if one is not None:
            by_item.setdefault(item, []).append(one.score)
    if not by_item:
        return {"n": 0}
    around = interval([sum(values) / len(values) for values in by_item.values()])
    return {"n": len(by_item)} | {name: round(value, 3) for name, value in asdict(around).items()}


def _told(
    agreed: calibration.JudgeCalibration,
    scores: dict[str, Any] | None = None,
    compared: Sequence[str] = (),
    pairs: PairsJudged | None = None,
) -> str:
    parts = [agreed.sentence]
    if scores:
        means = " and ".join(f"{name} {scores[name]['mean']:.1f}" for name in compared if scores[name]["n"])
        parts.append(f"Of 5 it gives {means} on average.")
    if pairs and pairs.of:
        if pairs.inconsistent > BIASED * pairs.of:
            parts.append(f"In {pairs.inconsistent} of {pairs.of} pairs it chose by their order: those count as ties.")
        parts.append(
            f"It prefers {compared[0]} in {pairs.won} of {pairs.of} pairs, {compared[1]} in {pairs.lost}; "
            f"{pairs.tied} are ties."
        )
    return " ".join(parts)
