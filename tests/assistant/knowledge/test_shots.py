"""Shots: approved, alike the question, unlike each other, and never from what is tested on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.knowledge.prompt.shots import MAX_WORDS, shorten
from assistant.knowledge.search.near_duplicates import Near
from assistant.knowledge.search.retriever import Knowledge
from assistant.record.store import Store
from assistant.record.types import Dataset, Item, Message
from tests.assistant.material import new_case, settings, talk, variant

TOPICS = ("cactus", "fern", "orchid", "palm", "ivy", "rose", "cress", "basil", "mint", "thyme")
FEW = variant(name="few-shot", shots=3)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[tuple[Store, Knowledge]]:
    made, store = new_case(tmp_path)
    for topic in TOPICS:
        store.import_conversation("plants", "import", question(topic))
    knowledge = Knowledge(store, made)
    yield store, knowledge
    knowledge.close()


def question(topic: str) -> list[Message]:
    return talk(f"How much water does my {topic} want in summer?", f"Your {topic} wants one cup.")


def asked(shots: list[list[Message]]) -> list[str]:
    return [str(shot[0]["content"]) for shot in shots]


def test_the_most_similar_shot_is_last(desk: tuple[Store, Knowledge]) -> None:
    shots = desk[1].shots(FEW, talk("my orchid looks dry, water?"))
    assert len(shots) == 3
    assert shots[-1] == question("orchid")
    assert len({str(shot) for shot in shots}) == 3
    assert desk[1].shots(variant(), talk("orchid")) == []


def test_shots_differ_from_each_other(desk: tuple[Store, Knowledge]) -> None:
    store, knowledge = desk
    for number in range(5):
        store.import_conversation("plants", "import", talk(f"When is the shop open on day {number}?", "At nine."))
    store.import_conversation("plants", "import", talk("Is the shop closed at night?", "Yes, from six."))
    shots = asked(knowledge.shots(FEW, talk("When is the shop open?")))
    assert "Is the shop closed at night?" in shots


def test_only_approved_answers_on_the_path_that_is_read(desk: tuple[Store, Knowledge]) -> None:
    store, knowledge = desk
    chat = store.add_conversation("plants", "chat")
    first = store.add_turn(chat.id, 0, "user", "Is the tulip poisonous for my cat?")
    store.add_turn(chat.id, first.id, "assistant", "No idea.", label="rejected")
    ask = talk("tulip poisonous cat")
    assert "tulip" not in str(knowledge.shots(FEW, ask))
    answer = store.add_turn(chat.id, first.id, "assistant", "Yes, keep it away.")
    assert "tulip" not in str(knowledge.shots(FEW, ask))
    store.label(answer.id, "approved")
    assert knowledge.shots(FEW, ask)[-1] == talk("Is the tulip poisonous for my cat?", "Yes, keep it away.")
    store.label(answer.id, "rejected")
    assert "tulip" not in str(knowledge.shots(FEW, ask))


def test_held_out_conversations_and_what_is_near_them_are_never_shots(desk: tuple[Store, Knowledge]) -> None:
    store, knowledge = desk
    ask = talk("How much water does my orchid want in summer?")
    assert "orchid" in str(knowledge.shots(FEW, ask))
    store.import_conversation("plants", "heldout", talk("how much water does my ORCHID want in summer", "Two cups."))
    shots = knowledge.shots(FEW, ask)
    assert len(shots) == 3
    assert "orchid" not in str(shots).lower()


def freeze(store: Store, test: tuple[str, ...]) -> Dataset:
    items = []
    for position, talked in enumerate(store.conversations("plants", "import")):
        messages = [{"role": t.role, "content": t.content} for t in store.turns(talked.id)]
        split = "test" if any(topic in str(messages) for topic in test) else "train"
        items.append(Item(position, split, messages, talked.id))
    return store.add_dataset(Dataset("d1", "plants", 1, len(items) - len(test), len(test)), items)


@pytest.mark.parametrize("dataset", ["d1", ""])
def test_test_items_are_never_shots(desk: tuple[Store, Knowledge], dataset: str) -> None:
    store, knowledge = desk
    store.import_conversation("plants", "import", talk("How much water does my orchids want in summer??", "Three."))
    freeze(store, ("my orchid want", "rose"))
    few = variant(name="few-shot", shots=8, dataset=dataset)
    for topic in ("orchid", "rose"):
        shots = knowledge.shots(few, question(topic)[:1])
        assert len(shots) == 8
        assert not any(word in str(shots) for word in ("orchid", "rose"))  # nor the near-duplicate of one


def test_a_frozen_dataset_does_not_change_with_the_conversations(desk: tuple[Store, Knowledge]) -> None:
    store, knowledge = desk
    freeze(store, ("rose",))
    few = variant(name="few-shot", shots=3, dataset="d1")
    before = knowledge.shots(few, question("tulip")[:1])
    store.import_conversation("plants", "import", question("tulip"))
    assert knowledge.shots(few, question("tulip")[:1]) == before


def test_a_conversation_is_not_shown_its_own_beginning(desk: tuple[Store, Knowledge]) -> None:
    ongoing = [*question("orchid"), *talk("And how much water in winter for the orchid?")]
    assert "orchid" not in str(desk[1].shots(FEW, ongoing))


def test_a_pool_that_was_kept_up_is_the_one_made_anew(desk: tuple[Store, Knowledge], tmp_path: Path) -> None:
    store, knowledge = desk
    ask = talk("How much water in summer?")
    every = variant(name="few-shot", shots=50)

    def same() -> None:
        other = Knowledge(store, settings(tmp_path))
        assert knowledge.shots(every, ask) == other.shots(every, ask)
        other.close()

    same()
    chats = [store.add_conversation("plants", "chat") for _ in range(3)]
    answers = []
    for number in (2, 0, 1):  # approved in another order than they were begun
        said = store.add_turn(chats[number].id, 0, "user", f"Does the tulip number {number} want water?")
        answers.append(store.add_turn(said.conversation, said.id, "assistant", f"{number} cups.", "approved"))
        same()
    before = knowledge.pools.of(every)
    store.label(answers[0].id, "rejected")
    same()
    assert before.examples != knowledge.pools.of(every).examples
    assert knowledge.pools.of(every) is knowledge.pools.of(every)  # nothing changed, nothing is made
    store.import_conversation("plants", "heldout", talk("does the tulip number 1 want water", "One cup."))
    same()
    assert "tulip number 1" not in str(knowledge.shots(every, ask))


def test_what_changed_is_numbered(desk: tuple[Store, Knowledge]) -> None:
    store, _ = desk
    last, every = store.touched("plants")
    assert len(every) == len(TOPICS)
    assert store.touched("plants", last) == (last, [])
    store.label(store.turns(every[2])[1].id, "rejected")
    after, changed = store.touched("plants", last)
    assert (changed, after > last) == ([every[2]], True)
    assert store.touched("other", last)[1] == []


def test_long_conversations_are_cut_at_whole_exchanges() -> None:
    long = talk("q1", "word " * 100, "q2", "word " * 100, "q3", "a3")
    assert shorten(long) == long[:2]
    assert shorten(talk("q", "word " * (4 * MAX_WORDS))) == []
    context = [*talk("q1", "a1", "q2"), {"role": "assistant", "content": "a2", "weight": 0}]
    assert shorten(context) == talk("q1", "a1")
    assert shorten(context[2:]) == []
    assert shorten([{"role": "system", "content": "s"}, *talk("q", "a")]) == talk("q", "a")


def test_near_is_about_texts_not_topics() -> None:
    near = Near(["where is my parcel number 12", "hi"])
    assert "Where is my parcel, number 12?" in near
    assert "where is my parcel number 13" not in near
    assert "hi" in near
    assert "where is my refund for order 12" not in near
    assert "anything" not in Near()
