"""A held-out answer that is corrected: the next dataset tests with it, and never trains on it."""

from __future__ import annotations

import pytest

from assistant.conversations import references
from assistant.errors import AttuneError
from assistant.record.types import Item
from assistant.stages import baseline, dataset
from assistant.workbench import Workbench
from tests.assistant.evidence.answers import measured_shop
from tests.assistant.guide.proposing import Opened
from tests.assistant.guide.proposing import ready as made


def held(bench: Workbench, case: str) -> Item:
    return bench.store.items(bench.store.datasets(case)[-1].id, "test")[0]


@pytest.mark.parametrize("apart", [True, False], ids=["held out on purpose", "held out by the split"])
def test_a_corrected_answer_stays_held_out(opened: Opened, apart: bool) -> None:
    bench, trainer = opened
    case = measured_shop.trained(bench, trainer) if apart else made(bench)
    store, item = bench.store, held(bench, case)
    frozen = store.datasets(case)[-1]
    references.correct(store, item, 0, "Hello! A better answer.")
    assert store.items(frozen.id, "test")[0] == item  # what was measured stays
    for seed in (3407, 1, 2):
        new = dataset.run(store, case, seed=seed)
        tested = {one.conversation: one for one in store.items(new.id, "test")}
        assert tested[item.conversation].messages[-1]["content"] == "Hello! A better answer."
        learned = str([one.messages for one in store.items(new.id, "train")])
        assert "A better answer" not in learned
        assert str(item.messages[0]["content"]) not in learned
        assert not store.judgements(new.id)  # neither as a preferred answer
    if not apart:  # held out by the split, it is no example in a prompt either
        from assistant.knowledge.prompt import shots

        assert "A better answer" not in str(shots.source(store, case, new.id).examples)
        assert "A better answer" not in str(shots.source(store, case, baseline.latest_dataset(store, case)).examples)


def test_what_was_changed_since_is_not_overwritten(opened: Opened) -> None:
    bench, trainer = opened
    case = measured_shop.trained(bench, trainer)
    item = held(bench, case)
    references.correct(bench.store, item, 0, "First correction.")
    assert references.correct(bench.store, item, 0, " First correction. ").content == "First correction."
    with pytest.raises(AttuneError, match="was changed since"):
        references.correct(bench.store, item, 0, "Second correction.")
    with pytest.raises(AttuneError, match="would be empty"):
        references.correct(bench.store, item, 0, "  ")
    with pytest.raises(AttuneError, match="is gone"):
        references.correct(bench.store, Item(0, "test", item.messages), 0, "x")


def test_a_reference_in_a_models_own_words_is_known(opened: Opened) -> None:
    """Such a row favours that model: whoever reads the next verdict is told."""
    bench, trainer = opened
    case = measured_shop.trained(bench, trainer)
    evaluation = measured_shop.measured(bench, case)
    items = bench.store.items(evaluation.dataset, "test")
    assert references.wrote_itself(bench.store, case, items) == []  # that it equals the approved answer is no copy
    own = next(s for s in bench.store.scores(evaluation.id) if "day 99" in s.answer)
    place = {one.position: one for one in items}
    references.correct(bench.store, place[own.item], 0, own.answer)
    other = next(position for position in place if position != own.item)
    references.correct(bench.store, place[other], 0, "In a person's words.")
    fresh = bench.store.items(dataset.run(bench.store, case).id, "test")
    found = references.wrote_itself(bench.store, case, fresh)
    assert references.told(len(found)).startswith("1 approved answer is in the very words of a variant")
    assert references.told(0) == ""
    assert [one.conversation for one in fresh if one.position in found] == [place[own.item].conversation]


def test_a_later_turn_is_corrected_in_its_place(opened: Opened) -> None:
    bench, trainer = opened
    case = measured_shop.trained(bench, trainer)
    talk = [
        {"role": "user", "content": "Do you sell yerba mate and gourds to drink it from?"},
        {"role": "assistant", "content": "Yes, on shelf 4."},
        {"role": "user", "content": "And metal straws for them?"},
        {"role": "assistant", "content": "Those, too."},
    ]
    bench.store.import_conversation(case, "heldout", talk)
    new = dataset.run(bench.store, case)
    item = next(one for one in bench.store.items(new.id, "test") if "yerba" in str(one.messages[0]["content"]))
    references.correct(bench.store, item, 0, "Yes, on shelf 5.")
    now = dataset.run(bench.store, case)
    found = next(one for one in bench.store.items(now.id, "test") if "yerba" in str(one.messages[0]["content"]))
    said = [message["content"] for message in found.messages]
    assert said == [talk[0]["content"], "Yes, on shelf 5.", talk[2]["content"], "Those, too."]
