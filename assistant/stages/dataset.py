"""Stage 3 of 6: turn approved conversations into a frozen train/test split."""

from __future__ import annotations

from dataclasses import dataclass, field

from assistant.conversations import duplicates, judged, labels, leaks, split
from assistant.errors import AttuneError
from assistant.record.disk.alone import alone
from assistant.record.judged_rows import Judgement
from assistant.record.store import Store
from assistant.record.types import Dataset, Item

LEAST = 10  # approved conversations; what OpenAI asks for too, and below it a split is meaningless
SEED, TEST_SHARE = 3407, 0.2


@dataclass(frozen=True)
class Preview:
    """What a dataset made now would hold. Counts are of conversations, `pairs` and `negatives` of answers."""

    rows: list[labels.Row]
    usable: int
    duplicates: int
    pairs: int
    negatives: int
    heldout: int
    problems: list[str] = field(default_factory=list)
    contradictions: list[list[int]] = field(default_factory=list)  # conversations, by their numbers


def blocked(store: Store, case: str) -> str | None:
    approved = len(labels.approved_rows(store, case))
    if approved < LEAST:
        return (
            f"{approved} of at least {LEAST} conversations have an approved answer: approve more in the chat, "
            "or import some."
        )
    return None


def done(store: Store, case: str) -> bool:
    return bool(store.datasets(case))


def preview(store: Store, case: str, test_share: float = TEST_SHARE) -> Preview:
    rows = labels.approved_rows(store, case)
    heldout = labels.approved_rows(store, case, ["heldout"])
    cut = _cut(store, case, rows, heldout, SEED, test_share) if rows else split.Split([])
    trees = list(store.turns_of_case(case, labels.SOURCES).values())
    problems = [f"{count} left out: {why}" for why, count in cut.dropped.items()]
    if torn := sum(map(len, cut.contradictions)):
        problems.append(f"{torn} ask what another one asks and are answered differently")
    return Preview(
        rows,
        len(cut.items),
        sum(cut.dropped.values()),
        sum(len(labels.pairs(t)) for t in trees),
        sum(len(labels.negatives(t)) for t in trees),
        len(heldout),
        problems,
        [[row.conversation for row in group] for group in cut.contradictions],
    )


def contradictions(store: Store, case: str) -> list[list[int]]:
    """Groups of approved and held-out conversations, by number, that ask the same and are answered differently."""
    rows = labels.approved_rows(store, case, [*labels.SOURCES, "heldout"])
    found = duplicates.contradictions([row.messages for row in rows])
    return [[rows[place].conversation for place in group] for group in found]


def seen_before(store: Store, case: str, test_share: float = TEST_SHARE) -> list[leaks.SeenBefore]:
    """What of the conversations that a dataset made now would test on was found where else, and what became of it."""
    rows = labels.approved_rows(store, case)
    heldout = labels.approved_rows(store, case, ["heldout"])
    cut = _cut(store, case, rows, heldout, SEED, test_share) if rows else split.Split([])
    return leaks.everywhere(store, case, cut)


def allow(store: Store, case: str, pair: str, why: str) -> leaks.SeenBefore:
    """Let a pair of conversations that was found through to training and shots; it is recorded with the reason."""
    found = next((one for one in seen_before(store, case) if one.pair == pair), None)
    if found is None:
        raise AttuneError(f"No find has the name '{pair}'.", "See `attune dataset --leaks` for their names.")
    if not why.strip():
        raise AttuneError("A find is allowed for a reason.", "Say why it is no leak: --why TEXT.")
    store.allow_pair(case, pair, why.strip())
    return found


def run(store: Store, case: str, seed: int = SEED, test_share: float = TEST_SHARE) -> Dataset:
    """Freeze what is approved now. The same conversations and seed give the same dataset, whatever their order.

    In a later dataset of a case every conversation stays on its side; `seed` and `test_share` are for the new ones.
    """
    with alone(store, f"dataset:{case}"):  # one that is built at the same time must know this one's sides
        return _run(store, case, seed, test_share)


def _run(store: Store, case: str, seed: int, test_share: float) -> Dataset:
    if reason := blocked(store, case):
        raise AttuneError(reason, "Then build the dataset again.")
    if not 0 < test_share < 1:
        raise AttuneError(f"A test share of {test_share} is not between 0 and 1.", "Use 0.2, for example.")
    rows = labels.approved_rows(store, case)
    heldout = labels.approved_rows(store, case, ["heldout"])
    cut = _cut(store, case, rows, heldout, seed, test_share)
    if not cut.train or not cut.test:
        raise AttuneError(
            "Too few different conversations are left for both a train and a test split.",
            "Approve more that are not alike.",
        )
    answers = judged.freeze(store.turns_of_case(case, labels.SOURCES).values(), cut.items)
    id = _id(store, case, cut, seed, answers)
    return store.add_dataset(Dataset(id, case, seed, len(cut.train), len(cut.test), cut.dropped), cut.items, answers)


def _cut(
    store: Store, case: str, rows: list[labels.Row], heldout: list[labels.Row], seed: int, test_share: float
) -> split.Split:
    return split.make(rows, heldout, seed, test_share, _earlier(store, case), store.allowed_pairs(case))


def _earlier(store: Store, case: str) -> list[Item]:
    """Every item of the case's datasets so far."""
    return [item for known in store.datasets(case) for item in store.items(known.id)]


def _id(store: Store, case: str, cut: split.Split, seed: int, answers: list[Judgement]) -> str:
    """The content's hash; where another case froze the very same, this case's name is part of it."""
    id = split.content_hash(cut.items, seed, judgements=answers)
    taken = any(known.id == id for other in store.cases() if other.id != case for known in store.datasets(other.id))
    return split.content_hash(cut.items, seed, case, answers) if taken else id
