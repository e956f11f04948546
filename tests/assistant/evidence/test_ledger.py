"""How often held-out rows were looked at."""

from __future__ import annotations

from assistant.evidence import ledger
from assistant.record.store import Store
from assistant.record.types import Case, Dataset, Item
from tests.assistant.material import talk


def rows(n: int, word: str = "row") -> list[Item]:
    return [Item(i, "test", talk(f"{word} {i}", "yes")) for i in range(n)]


def looked(store: Store, case: str, dataset: str, job: int) -> None:
    one = store.add_evaluation(case, dataset, job, "exact", [])
    store.finish_evaluation(one.id, {}, {}, {})


def test_every_other_model_is_a_look_and_the_same_is_none(tmp_path):
    store = Store(tmp_path / "a.db")
    for name in ("one", "two"):
        store.add_case(Case(name, name))
        store.add_dataset(Dataset("d" + name, name, 1, 0, 6), rows(6))
    assert ledger.of(store, "one", rows(6), 7).look == 1
    looked(store, "one", "done", 3)
    looked(store, "one", "done", 4)
    looked(store, "one", "done", 4)
    looked(store, "two", "dtwo", 5)  # the same rows in another case of the owner
    looked(store, "one", "done", 0)  # the untrained alone: nothing was chosen by it
    found = ledger.of(store, "one", rows(6), 7)
    assert (found.look, found.fresh, found.worn) == (4, [], False)
    assert "model number 4" in found.sentence
    assert ledger.of(store, "one", rows(6), 5).look == 3


def test_other_rows_are_fresh(tmp_path):
    store = Store(tmp_path / "a.db")
    store.add_case(Case("one", "one"))
    store.add_dataset(Dataset("d", "one", 1, 0, 6), rows(6))
    looked(store, "one", "d", 3)
    more = rows(6) + [Item(6 + i, "test", talk(f"new {i}", "yes")) for i in range(8)]
    assert ledger.of(store, "one", rows(6, "other"), 9).look == 1
    assert ledger.of(store, "one", more, 9).fresh == list(range(6, 14))
