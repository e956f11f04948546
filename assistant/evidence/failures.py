"""Where a variant fails: the held-out conversations that it lost, in groups named by the words that set them apart."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from assistant.evidence import runner
from assistant.knowledge.search import words
from assistant.record.store import Store
from assistant.record.types import Evaluation, Item, Message, Score

LOW = 0.75  # of the variant's own mean: an answer below that is a failure even where the others did no better
LEAST = 2  # failures that share a word make a group
NAMED = 3  # words in a group's name
_VAGUE = frozenset(  # say nothing about what a question is about, beyond the stop words of the index
    "off over under down back still there really thing way someth anyth bit lot much many pleas isnt dont cant wont "
    "doesnt didnt arent havent hasnt wasnt ive im youre there here".split()
)


@dataclass(frozen=True)
class Failure:
    """One held-out conversation. `score` and `against` (the best untrained variant's) are from 0 to 1."""

    item: int
    asked: str
    answer: str
    wanted: str
    score: float
    against: float


@dataclass(frozen=True)
class Group:
    """Failures that share words, worst first. `points`: their mean score minus the other's, times 100.

    `about` is empty for those that have nothing in common; `like` counts the held-out conversations about the same.
    """

    about: tuple[str, ...]
    failures: tuple[Failure, ...]
    points: float
    like: int

    @property
    def name(self) -> str:
        return " and ".join(self.about[:2]) if self.about else "other things"


@dataclass(frozen=True)
class Failures:
    """What `variant` gets wrong, measured against the best untrained variant (empty: against its own mean)."""

    variant: str
    against: str
    of: int
    groups: tuple[Group, ...] = ()

    @property
    def count(self) -> int:
        return sum(len(group.failures) for group in self.groups)

    def to_json(self) -> dict[str, Any]:
        groups = [asdict(group) | {"name": group.name, "count": len(group.failures)} for group in self.groups]
        return {"variant": self.variant, "against": self.against, "of": self.of, "count": self.count, "groups": groups}


Member = tuple[Failure, frozenset[str]]  # with the stems of what it asks


def find(store: Store, evaluation: Evaluation) -> Failures:
    """The failures of the tuned model; where none was measured, of the best untrained variant."""
    verdict = evaluation.verdict
    names = [str(name) for name in (verdict.get("candidate"), verdict.get("against")) if name in evaluation.results]
    if not names:
        return Failures("", "", 0)
    variant, against = names[0], names[1] if len(names) > 1 else ""
    scores = store.scores(evaluation.id)
    compared = runner.shared({name: _of(scores, evaluation, name) for name in names}, runner.turn)
    own = runner.by_conversation(compared[variant])
    if not own:
        return Failures(variant, against, 0)
    mean = sum(own.values()) / len(own)
    other = runner.by_conversation(compared[against]) if against else dict.fromkeys(own, mean)
    items = {item.position: item for item in store.items(evaluation.dataset, "test") if item.position in own}
    failed = [i for i in sorted(own) if own[i] < mean * LOW or (against and own[i] < other[i])]
    last = {score.item: score for score in sorted(compared[variant], key=lambda score: score.turn)}
    found = [_failure(items[i], last[i], own[i], other[i]) for i in failed if i in items]
    return Failures(variant, against, len(own), grouped(found, [question(item) for item in items.values()]))


def grouped(failures: Sequence[Failure], every: Sequence[str]) -> tuple[Group, ...]:
    """Failures in groups of at least two that share a word; `every` is what all held-out conversations ask.

    Greedy: the word that the most failures share, and that few of the conversations without a failure have, makes a
    group; then the next among those that are left. The rest is one group without a name. Largest loss first.
    """
    known = [frozenset(_stems(text)) for text in every]
    frequent = Counter(stem for stems in known for stem in stems)
    left = {failure.item: (failure, frozenset(_stems(failure.asked))) for failure in failures}
    groups: list[Group] = []
    while left:
        shared = Counter(stem for _, stems in left.values() for stem in stems)
        weights = {stem: _weight(n, frequent[stem], len(every)) for stem, n in shared.items() if n >= LEAST}
        best = max(weights, key=lambda stem: (weights[stem], stem), default="")
        if not best or weights[best] <= 0:
            break
        mine = [number for number, (_, stems) in left.items() if best in stems]
        members = [left.pop(number) for number in mine]
        groups.append(_group([f for f, _ in members], _name(best, members, weights), sum(best in s for s in known)))
    groups.sort(key=lambda group: (sum(f.score - f.against for f in group.failures), group.about))
    rest = [failure for failure, _ in left.values()]
    return (*groups, _group(rest, (), len(rest))) if rest else tuple(groups)


def question(item: Item) -> str:
    """What the user said before the last answer."""
    return _asked(item.messages)


def _weight(failing: int, all_of: int, total: int) -> float:
    """How well a word names a group: shared by many failures, by little else, and not by everything."""
    return failing * (failing / max(all_of, failing)) * math.log((total + 1) / max(all_of, 1))


def _name(best: str, members: Sequence[Member], weights: Mapping[str, float]) -> tuple[str, ...]:
    """The word that made the group, then others that at least half of it share, each as it is mostly written."""
    shared = Counter(stem for _, stems in members for stem in stems)
    often = [stem for stem, n in shared.items() if stem != best and n >= max(LEAST, len(members) / 2)]
    more = sorted((stem for stem in often if weights.get(stem, 0) > 0), key=lambda stem: (-weights[stem], stem))
    spelled = words.spelled(failure.asked for failure, _ in members)
    return tuple(spelled.get(stem, stem) for stem in [best, *more][:NAMED])


def _group(failures: Sequence[Failure], about: tuple[str, ...], like: int) -> Group:
    worst = sorted(failures, key=lambda f: (f.score - f.against, f.score, f.item))
    points = 100 * sum(f.score - f.against for f in worst) / len(worst)
    return Group(about, tuple(worst), round(points, 1), like)


def _failure(item: Item, last: Score, score: float, against: float) -> Failure:
    """The conversation as its last scored turn shows it: question, answer and what was wanted belong together."""
    turn = next(one for one in runner.questions([item]) if one.turn == last.turn)
    asked = _asked(turn.messages)
    return Failure(item.position, asked, last.answer, turn.reference, round(score, 4), round(against, 4))


def _asked(messages: Sequence[Message]) -> str:
    return " ".join(str(message["content"]) for message in messages if message["role"] == "user")


def _of(scores: Sequence[Score], evaluation: Evaluation, name: str) -> list[Score]:
    id = str(evaluation.results[name]["variant"])
    return [score for score in scores if score.variant == id]


def _stems(text: str) -> list[str]:
    return [stem for stem in words.content(text) if len(stem) > 2 and stem.isalpha() and stem not in _VAGUE]
