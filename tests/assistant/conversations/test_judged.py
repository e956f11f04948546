"""Judged answers: what a dataset freezes of them, and that nothing tested on is learned from."""

from __future__ import annotations

from pathlib import Path

import pytest

from assistant.conversations import judged
from assistant.errors import AttuneError
from assistant.record.judged_rows import Judgement
from assistant.record.store import Store
from assistant.record.types import Case, Item
from assistant.settings import Settings
from assistant.stages import dataset, finetune
from tests.assistant.conversations.test_conversations import questions
from tests.assistant.material import opened
from tools.trainer import Estimate, Preference, Range, TrainRequest


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store(tmp_path / "attune.db")
    store.add_case(Case("c"))
    return store


def ask(store: Store, question: str, number: int) -> None:
    """A conversation whose first answer lost against a better one; every third also has one that was rejected."""
    chat = store.add_conversation("c", "chat")
    user = store.add_turn(chat.id, 0, "user", question)
    if number % 3 == 0:
        store.add_turn(chat.id, user.id, "assistant", f"rejected {number}", label="rejected")
    store.add_turn(chat.id, user.id, "assistant", f"clumsy {number}")
    store.add_turn(chat.id, user.id, "assistant", f"polished {number}", label="approved")


def filled(store: Store) -> tuple[list[Judgement], list[Item]]:
    for number, question in enumerate(questions(20)):
        ask(store, question, number)
    made = dataset.run(store, "c")
    return store.judgements(made.id), store.items(made.id)


def test_pairs_and_bad_answers_of_the_train_side_are_frozen_and_none_of_the_test_side(store: Store) -> None:
    found, items = filled(store)
    trained = {item.conversation for item in items if item.split == "train"}
    assert {one.conversation for one in found} == trained
    pairs = [one for one in found if one.chosen]
    assert all(one.rejected for one in found)
    assert {(one.chosen.split()[0], one.rejected.split()[0]) for one in pairs} == {
        ("polished", "clumsy"),
        ("polished", "rejected"),
    }
    alone = [(one.conversation, one.rejected) for one in found if not one.chosen]
    assert len(alone) == len(set(alone)) == len(pairs)


def test_what_is_like_a_tested_conversation_is_left_out(store: Store) -> None:
    tested, other = questions(2)
    chat = store.add_conversation("c", "chat")
    user = store.add_turn(chat.id, 0, "user", tested)
    store.add_turn(chat.id, user.id, "assistant", "never", label="rejected")
    ask(store, other, 1)
    trees = store.turns_of_case("c", ["chat"]).values()
    item = Item(0, "test", [{"role": "user", "content": tested}, {"role": "assistant", "content": "good"}])
    assert {one.prompt[0]["content"] for one in judged.freeze(trees, [item])} == {other}
    assert {one.prompt[0]["content"] for one in judged.freeze(trees, [])} == {tested, other}


def test_a_new_judgement_makes_a_new_dataset_and_the_old_one_keeps_its_own(store: Store) -> None:
    before, items = filled(store)
    (old,) = store.datasets("c")
    assert dataset.run(store, "c").id == old.id
    first = next(item for item in items if item.split == "train")
    user = store.turns(first.conversation)[0]
    store.add_turn(first.conversation, user.id, "assistant", "another bad one", label="rejected")
    store.add_turn(first.conversation, user.id, "assistant", first.messages[-1]["content"], label="approved")
    new = dataset.run(store, "c")
    assert new.id != old.id
    assert store.judgements(old.id) == before
    assert any(one.rejected == "another bad one" for one in store.judgements(new.id))


def test_validation_is_apart_by_conversation() -> None:
    many = [Judgement(i, [{"role": "user", "content": str(i)}], "a", "b", 1 + i // 3) for i in range(60)]
    train, held = judged.validation(many, 7, 0.1, 64)
    assert 6 <= len(held) <= 8
    assert not {one.conversation for one in train} & {one.conversation for one in held}
    assert len(train) + len(held) == 60
    assert judged.validation(many[:3], 7, 0.1, 64) == (many[:3], [])


def test_kto_gets_each_answer_once_and_not_too_many_good_ones() -> None:
    rows = [
        Item(i, "train", [{"role": "user", "content": "q"}, {"role": "assistant", "content": f"good {i}"}])
        for i in range(30)
    ]
    bad = [Judgement(0, [{"role": "user", "content": "q"}], "", "bad")]
    pair = Judgement(1, [{"role": "user", "content": "q"}], "good 1", "bad")
    found = judged.to_learn("kto", [*bad, pair], rows, 1)
    assert [one.rejected for one in found if one.rejected] == ["bad"]
    assert len({one.chosen for one in found if one.chosen}) == judged.GOOD_SHARE
    assert judged.to_learn("dpo", [*bad, pair], rows, 1) == [pair]


class Noting:
    """A trainer that keeps what it was asked to estimate."""

    name = "noting"

    def unavailable(self) -> str | None:
        return None

    def estimate(self, request: TrainRequest) -> Estimate:
        self.request = request
        return Estimate(Range(1, 2), Range(1, 2), Range(0, 0), "A test.")


def test_the_stage_hands_judged_answers_over_with_the_chats_own_system_line(store: Store, tmp_path: Path) -> None:
    filled(store)
    trainer = Noting()
    settings = Settings(_env_file=None, data=tmp_path)
    bench = opened(settings, store, {"noting": trainer})
    finetune.estimate(bench, "c", method="dpo", beta=0.2, patience=3)
    asked = trainer.request
    assert (asked.method, asked.beta, asked.patience, asked.train, asked.test) == ("dpo", 0.2, 3, [], [])
    one: Preference = asked.preferences[0]
    assert [m["role"] for m in one.prompt] == ["system", "user"]
    assert one.chosen.startswith("polished")
    assert asked.test_preferences
    known = {p.prompt[1]["content"] for p in asked.preferences}
    assert not known & {p.prompt[1]["content"] for p in asked.test_preferences}


def test_only_a_run_that_succeeded_is_gone_on_from(store: Store, tmp_path: Path) -> None:
    filled(store)
    trainer, settings = Noting(), Settings(_env_file=None, data=tmp_path)
    made = store.add_job("c", store.datasets("c")[0].id, "noting", "h", "failed", {"base_name": "base"})
    bench = opened(settings, store, {"noting": trainer})
    with pytest.raises(AttuneError, match="has no model"):
        finetune.estimate(bench, "c", continue_from=made.id)
    store.set_job(made.id, state="succeeded", adapter="jobs/x/adapter", model="jobs/x/merged")
    finetune.estimate(bench, "c", continue_from=made.id)
    assert (trainer.request.base, trainer.request.adapter) == ("base", "jobs/x/adapter")
    finetune.estimate(bench, "c", continue_from=made.id, tuning="full")
    assert (trainer.request.base, trainer.request.adapter) == ("jobs/x/merged", "")
