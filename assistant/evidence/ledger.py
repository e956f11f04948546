"""How often held-out rows were looked at: each model that they judge uses them up a little."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from assistant.knowledge.comparison.fingerprints import fingerprint
from assistant.record.store import Store
from assistant.record.types import Evaluation, Item

WORN = 5  # models judged by the same rows, from which fresh ones are asked for
SAME = 0.5  # of the rows of an earlier evaluation are among these, then it was a look at them


@dataclass(frozen=True)
class Ledger:
    """`look`: which model this is that the held-out rows judge, from 1; `earlier`: the evaluations before it; `fresh`:
    the positions of rows that judged none so far."""

    look: int = 1
    earlier: list[int] = field(default_factory=list)
    fresh: list[int] = field(default_factory=list)

    @property
    def worn(self) -> bool:
        return self.look > WORN

    @property
    def sentence(self) -> str:
        """Empty at the first look."""
        if self.look == 1:
            return ""
        text = f"These held-out conversations judge their model number {self.look}, so the proof asks for more."
        if self.worn:
            text += f" They are worn: approve new ones, {len(self.fresh)} of them are fresh so far."
        return text


def of(store: Store, case: str, items: Sequence[Item], job: int, evaluation: int = 0) -> Ledger:
    """The ledger of these held-out rows before the model of `job` is judged, over all cases of the owner.

    The same job measured again is no new look. `evaluation`: the one that is being made.
    """
    mine = {fingerprint(item.messages): item.position for item in items}
    looks: list[Evaluation] = []
    seen: set[str] = set()
    for other in store.cases(store.case(case).owner):
        for one in store.evaluations(other.id):
            if one.id == evaluation or one.job in (0, job) or not one.finished:
                continue
            rows = {fingerprint(item.messages) for item in store.items(one.dataset, "test")}
            if len(rows & set(mine)) > SAME * min(len(rows), len(mine)):
                looks.append(one)
            seen |= rows
    models = {one.job for one in looks}
    return Ledger(1 + len(models), [one.id for one in looks], [mine[key] for key in mine if key not in seen])
