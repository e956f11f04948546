"""What is tested on is found where else it is known, shown, kept apart, and let through where a person says so."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from assistant.errors import AttuneError
from assistant.knowledge.comparison.leaks import ANSWER, QUESTION, suspects
from assistant.knowledge.search.retriever import Knowledge
from assistant.record.store import Store
from assistant.record.types import Case, Item, Message
from assistant.stages import dataset
from tests.assistant.material import new_case, settings, talk, variant

CASE = "plants"
HELD = talk(
    "Our fig tree by the kitchen door drops its leaves since we moved it, what went wrong?",
    "A fig dislikes a new place. Leave it there, water it sparingly, and it will grow new leaves within six weeks.",
)
OTHERS = [
    talk("How deep do I plant tulip bulbs in a pot?", "Three times as deep as the bulb is high, with the tip upwards."),
    talk(
        "White fluff sits on my cactus, is that a pest?",
        "Those are woolly aphids. Dab them with spirit on a cotton bud.",
    ),
    talk("Which herbs grow on a shady balcony?", "Mint, chives and parsley do, and wild garlic even likes it."),
    talk(
        "Can I take cuttings from rosemary in autumn?", "Better in June, from shoots that have not turned to wood yet."
    ),
    talk("My lawn is full of moss after the winter.", "Rake it out in April, then spread sand and sow new grass."),
    talk("Is ivy poisonous for rabbits?", "Yes, all of it. Put it where they cannot nibble it."),
    talk("When should I cut the hydrangea?", "In spring, after the last frost, above the first strong buds."),
    talk("The orchid has roots in the air, cut them?", "No, it drinks with them. Only brown and hollow ones go."),
    talk("Does basil survive outdoors?", "Only from late May until the first cold night in September."),
    talk("Why are my tomatoes black underneath?", "They lack calcium. Water evenly and add lime to the soil."),
    talk("How often does a bonsai need a new pot?", "A young one every other spring, an old one every five years."),
    talk("Which rose climbs up a north wall?", "New Dawn manages it, and flowers until October."),
]
LEAKY = {
    "forwarded": talk(f"Please answer her. > {HELD[0]['content']} > Thanks, Ingeborg", "We write to her."),
    "as a second turn": talk(
        "How deep is a pond for water lilies?", "Eighty centimetres.", str(HELD[0]["content"]), "Yes."
    ),
    "the answer to another question": talk("Bare branches after the removal van, help?", str(HELD[1]["content"])),
}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = new_case(tmp_path)[1]
    made.import_conversation(CASE, "heldout", HELD)
    for messages in OTHERS:
        made.import_conversation(CASE, "import", messages)
    return made


def trained(store: Store) -> str:
    made = dataset.run(store, CASE)
    return str([item.messages for item in store.items(made.id, "train")])


def shown(store: Store, folder: Path) -> str:
    knowledge = Knowledge(store, settings(folder))
    try:
        return str(knowledge.shots(variant(shots=40), talk("fig tree leaves")))
    finally:
        knowledge.close()


@pytest.mark.parametrize("kind", LEAKY)
def test_it_is_left_out_shown_and_let_through_for_a_reason(store: Store, tmp_path: Path, kind: str) -> None:
    row = LEAKY[kind]
    store.import_conversation(CASE, "import", row)
    assert str(row[0]["content"]) not in trained(store)
    assert str(row[0]["content"]) not in shown(store, tmp_path)
    (found,) = dataset.seen_before(store, CASE)
    assert (found.where, found.kept_apart, found.allowed) == ("this case", True, False)
    assert found.part == (ANSWER if kind.startswith("the answer") else QUESTION)
    assert found.share >= found.least
    with pytest.raises(AttuneError, match="for a reason"):
        dataset.allow(store, CASE, found.pair, " ")
    with pytest.raises(AttuneError, match="No find has the name"):
        dataset.allow(store, CASE, "0" * 12, "it is fine")
    dataset.allow(store, CASE, found.pair, "the answer is a stock answer")
    dataset.allow(store, CASE, found.pair, "twice is harmless")
    assert str(row[0]["content"]) in trained(store)
    assert str(row[0]["content"]) in shown(store, tmp_path)
    (again,) = dataset.seen_before(store, CASE)
    assert (again.allowed, again.kept_apart) == (True, False)


def test_an_edit_ends_what_was_allowed(store: Store) -> None:
    row = store.import_conversation(CASE, "import", LEAKY["forwarded"])
    (found,) = dataset.seen_before(store, CASE)
    dataset.allow(store, CASE, found.pair, "known")
    answer = store.turns(row.id)[-1]
    store.add_turn(row.id, answer.parent, "assistant", "She gets a letter.", "approved", answer.id)
    (again,) = dataset.seen_before(store, CASE)
    assert again.pair != found.pair
    assert again.kept_apart


def test_nothing_is_found_where_nothing_is(store: Store) -> None:
    assert dataset.seen_before(store, CASE) == []
    assert str(OTHERS[0][0]["content"]) in trained(store)


def test_other_cases_jobs_documents_and_the_brief_are_told(store: Store) -> None:
    store.add_case(Case("garden"))
    store.import_conversation("garden", "import", LEAKY["forwarded"])
    store.add_case(Case("stranger", owner="somebody else"))
    store.import_conversation("stranger", "import", LEAKY["forwarded"])
    text = f"# Figs\n\nPeople ask. {HELD[1]['content']} So much for figs."
    store.add_document(CASE, "figs.md", "markdown", text, hashlib.sha256(text.encode()).hexdigest())
    store.set_brief(CASE, replace(store.case(CASE).brief, examples=(f"Dear Ms Fig! {HELD[1]['content']}",)), "file")
    frozen = store.add_dataset(
        replace(dataset.run(store, CASE), id="before"), [Item(0, "train", LEAKY["as a second turn"], 0)]
    )
    job = store.add_job(CASE, frozen.id, "trl", "h", "succeeded", {})
    found = {one.where: one for one in dataset.seen_before(store, CASE)}
    assert found.keys() == {"case garden", f"job {job.id}", "document figs.md", "the brief"}
    assert not any(one.kept_apart for one in found.values())
    assert found["case garden"].pair
    assert not found["document figs.md"].pair


def test_suspects_name_the_rows_that_a_second_look_leaves_out() -> None:
    train = [Item(10 + n, "train", messages) for n, messages in enumerate([*OTHERS, *LEAKY.values()])]
    test = [
        Item(90, "test", HELD),
        Item(91, "test", talk("How warm must a greenhouse stay in winter?", "Above 5 degrees.")),
    ]
    found = suspects(train, test)
    assert found.keys() == {90}
    assert {find.one for find in found[90]} == {10 + len(OTHERS) + n for n in range(len(LEAKY))}
    assert suspects([], test) == suspects(train, []) == {}


def test_a_stock_answer_is_nobodys(store: Store) -> None:
    stock = "I am sorry, I cannot answer that here. Please call the nursery between nine and noon."
    store.import_conversation(CASE, "heldout", talk("Would you marry the gardener if he asked?", stock))
    asked = (
        "Who wins the cup tonight?",
        "Write me a poem on rust",
        "Is the moon hollow?",
        "Lend me forty euros",
        "Sing!",
    )
    rows: list[list[Message]] = [talk(text, stock) for text in asked]
    for messages in rows:
        store.import_conversation(CASE, "import", messages)
    assert dataset.seen_before(store, CASE) == []
    assert all(text in trained(store) for text in asked)
