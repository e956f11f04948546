"""The pools of examples of every case and dataset, kept up with the record by reading what changed and nothing else."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from assistant.knowledge.prompt import shots
from assistant.knowledge.search.lexical_embedding import Embedder
from assistant.record.store import Store
from assistant.record.threads import example
from assistant.record.types import Variant

_MANY = 200  # conversations that changed at once, an import: making the pool anew is quicker then


@dataclass(frozen=True)
class _Known:
    """A pool with what it was made of: the datasets there were, the number of the last change, the pairs allowed."""

    pool: shots.ShotPool
    datasets: tuple[str, ...]
    number: int
    allowed: frozenset[str]


class Pools:
    """Safe to use from any thread."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._embedder = Embedder()
        self._lock = threading.Lock()
        self._known: dict[tuple[str, str], _Known] = {}

    def of(self, variant: Variant) -> shots.ShotPool:
        """The pool of the variant's case and dataset as the record stands now."""
        with self._lock:
            key = (variant.case, variant.dataset)
            known = self._known[key] = self._current(*key, self._known.get(key))
            return known.pool

    def _current(self, case: str, dataset: str, known: _Known | None) -> _Known:
        datasets, allowed = tuple(one.id for one in self._store.datasets(case)), self._store.allowed_pairs(case)
        number, changed = self._store.touched(case, known.number if known is not None else 0)
        anew = known is None or (known.datasets, known.allowed) != (datasets, allowed) or len(changed) > _MANY
        if anew or known is None or self._held_out(known, changed):
            pool = shots.ShotPool(shots.source(self._store, case, dataset), self._embedder)
        elif dataset or not changed:
            pool = known.pool  # what a dataset froze does not change with its conversations
        else:
            pool = known.pool.changed({id: example(self._store.turns(id)) for id in changed})
        return _Known(pool, datasets, number, allowed)

    def _held_out(self, known: _Known, changed: list[int]) -> bool:
        """Whether what is tested on is among what changed: every example must be looked at again then."""
        return any(id in known.pool.apart or self._store.conversation(id).source == "heldout" for id in changed)
