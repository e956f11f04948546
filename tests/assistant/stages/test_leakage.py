"""What an answer is tested on reaches no example, no train split and no index, whatever people did before and after."""

from __future__ import annotations

import itertools
import re
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from assistant.errors import AttuneError
from assistant.knowledge.search.retriever import Knowledge
from assistant.record.store import Store
from assistant.record.types import Dataset, Message
from assistant.stages import dataset
from tests.assistant.material import add_documents, new_case, talk, variant

CASE = "plants"
QUESTIONS = [
    f"{asks} {about}"
    for asks, about in itertools.product(
        ("How many cups of water should I give to", "On which windowsill would you rather put", "Tell me the price of"),
        (
            "a monstera with brown leaves",
            "the barrel cactus from the corner",
            "three pots of sweet basil",
            "an old fern in the hallway",
        ),
    )
]
TWISTS = ("{}", "{}?!", "  {}...", "{} now")
asked = st.builds(
    lambda text, twist, loud: twist.format(text.upper() if loud else text),
    st.sampled_from(QUESTIONS),
    st.sampled_from(TWISTS),
    st.booleans(),
)
talks = st.lists(asked, min_size=1, max_size=2)
FEW = 40  # more shots than there are conversations: everything that may be shown is shown


def said(messages: Sequence[Message]) -> list[set[str]]:
    """What a conversation asks, as character 5-grams: as it stood at each longer question, and as a whole."""
    found, text = [], ""
    questions = [str(message["content"]) for message in messages if message["role"] == "user"]
    for number, question in enumerate(questions, start=1):
        text = " ".join(re.findall(r"\w+", f"{text} {question}".lower()))
        if number == len(questions) or len(text.split()) >= 6:
            found.append({text[i : i + 5] for i in range(max(1, len(text) - 4))})
    return found


def alike(one: Sequence[Message], other: Sequence[Message]) -> bool:
    """Whether two conversations, or how they begin, are near-duplicates. By counting, without an index."""
    return any(len(a & b) >= 0.7 * len(a | b) for a in said(one) for b in said(other))


def leaks(seen: Iterable[Sequence[Message]], tested: Iterable[Sequence[Message]]) -> list[tuple[str, str]]:
    held = list(tested)
    return [(str(one), str(other)) for one in seen for other in held if alike(one, other)]


def answered(texts: Sequence[str]) -> list[Message]:
    return talk(*itertools.chain.from_iterable((text, f"Answer to {text}.") for text in texts))


class Gestures(RuleBasedStateMachine):
    """Imports, chats, edits and freezes in any order, on a real record."""

    @initialize()
    def open(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.made, self.store = new_case(Path(self.folder.name))
        self.knowledge = Knowledge(self.store, self.made)
        self.held: list[list[Message]] = []
        self.frozen: list[str] = []
        self.split_leaks: list[object] = []
        for text in QUESTIONS[1:]:
            self.store.import_conversation(CASE, "import", answered([text]))

    @rule(texts=talks)
    def bring(self, texts: list[str]) -> None:
        self.store.import_conversation(CASE, "import", answered(texts))

    @rule(texts=talks)
    def hold_out(self, texts: list[str]) -> None:
        messages = answered(texts)
        self.store.import_conversation(CASE, "heldout", messages)
        self.held.append(messages)

    @rule(texts=talks, label=st.sampled_from(("approved", "rejected", "")))
    def chat(self, texts: list[str], label: str) -> None:
        conversation, parent = self.store.add_conversation(CASE, "chat").id, 0
        for message in answered(texts):
            own = label if message["role"] == "assistant" else ""
            parent = self.store.add_turn(conversation, parent, message["role"], message["content"], own).id

    @rule(which=st.integers(0, 999), text=asked, again=st.booleans())
    def edit(self, which: int, text: str, again: bool) -> None:
        """Another answer to a question, or a question asked in other words and answered."""
        turns = [turn for of in self.store.turns_of_case(CASE, ("chat", "import")).values() for turn in of]
        old = turns[which % len(turns)]
        if old.role == "assistant":
            self.store.add_turn(old.conversation, old.parent, "assistant", text, "approved", 0 if again else old.id)
            return
        new = self.store.add_turn(old.conversation, old.parent, "user", text, edited_from=old.id)
        self.store.add_turn(old.conversation, new.id, "assistant", f"Answer to {text}.", "approved")

    @rule(which=st.integers(0, 999), label=st.sampled_from(("approved", "rejected", "")))
    def label(self, which: int, label: str) -> None:
        turns = [turn for of in self.store.turns_of_case(CASE, ("chat", "import")).values() for turn in of]
        answers = [turn for turn in turns if turn.role == "assistant"]
        self.store.label(answers[which % len(answers)].id, label)

    @rule(seed=st.integers(0, 5), share=st.sampled_from((0.1, 0.2, 0.5)))
    def freeze(self, seed: int, share: float) -> None:
        try:
            made = dataset.run(self.store, CASE, seed, share)
        except AttuneError:
            return  # too few are left
        self.frozen.append(made.id)
        self.split_leaks += leaks(self.rows([made.id], "train"), [*self.rows(self.frozen, "test"), *self.held])

    @invariant()
    def nothing_tested_is_trained_on(self) -> None:
        assert not getattr(self, "split_leaks", [])

    @invariant()
    def nothing_tested_is_an_example(self) -> None:
        if not hasattr(self, "store"):
            return
        tested = [*self.rows(self.frozen, "test"), *self.held]
        for id in ["", *self.frozen]:
            shots = self.knowledge.shots(variant(shots=FEW, dataset=id), talk("How much water for my plant?"))
            assert not leaks(shots, tested)

    def rows(self, ids: Iterable[str], split: str) -> list[list[Message]]:
        return [item.messages for id in ids for item in self.store.items(id, split)]

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.knowledge.close()
            self.store.close()
            self.folder.cleanup()


TestGestures = pytest.mark.timeout(900)(Gestures.TestCase)
TestGestures.settings = settings(
    max_examples=10, stateful_step_count=10, deadline=None, suppress_health_check=list(HealthCheck)
)


def fill(store: Store, texts: Iterable[str], source: str = "import") -> None:
    for text in texts:
        store.import_conversation(CASE, source, answered([text]))


def sides(store: Store, made: Dataset) -> tuple[set[str], set[str]]:
    """The first questions of the train and of the test split."""
    train, test = ({str(item.messages[0]["content"]) for item in store.items(made.id, s)} for s in ("train", "test"))
    return train, test


def test_a_conversation_stays_on_its_side_whatever_the_seed_and_the_share(tmp_path: Path) -> None:
    _, store = new_case(tmp_path)
    fill(store, QUESTIONS[:10])
    train, test = sides(store, dataset.run(store, CASE, 1, 0.2))
    for seed, share in ((2, 0.2), (3, 0.5), (4, 0.1)):
        assert sides(store, dataset.run(store, CASE, seed, share)) == (train, test)
    fill(store, QUESTIONS[10:])
    more, tested = sides(store, dataset.run(store, CASE, 5, 0.34))
    assert train <= more
    assert test <= tested
    assert len(tested) == 4  # the share is made up from those that were on no side yet


def test_held_out_conversations_that_come_later_do_not_set_tested_ones_free(tmp_path: Path) -> None:
    _, store = new_case(tmp_path)
    fill(store, QUESTIONS[:10])
    _, test = sides(store, dataset.run(store, CASE))
    fill(store, QUESTIONS[10:], "heldout")
    train, later = sides(store, dataset.run(store, CASE))
    assert later == test | set(QUESTIONS[10:])
    assert not train & test


def test_a_tested_conversation_whose_question_was_edited_is_tested_on(tmp_path: Path) -> None:
    _, store = new_case(tmp_path)
    fill(store, QUESTIONS[:10])
    first = dataset.run(store, CASE)
    tested = store.items(first.id, "test")[0]
    old = store.turns(tested.conversation)[0]
    new = store.add_turn(old.conversation, 0, "user", "Do you deliver to the islands in winter?", edited_from=old.id)
    store.add_turn(old.conversation, new.id, "assistant", "Yes.", "approved")
    train, test = sides(store, dataset.run(store, CASE))
    assert new.content in test
    assert old.content not in train


def test_how_a_held_out_conversation_begins_is_no_example(tmp_path: Path) -> None:
    made, store = new_case(tmp_path)
    fill(store, QUESTIONS[:6])
    knowledge = Knowledge(store, made)
    everything = variant(shots=FEW)
    assert QUESTIONS[0] in str(knowledge.shots(everything, talk("water")))
    store.import_conversation(CASE, "heldout", answered([QUESTIONS[0].upper(), "And how often is that in the winter?"]))
    assert QUESTIONS[0] not in str(knowledge.shots(everything, talk("water")))
    knowledge.close()


def test_two_cases_that_froze_the_same_have_each_their_own(tmp_path: Path) -> None:
    made, store = new_case(tmp_path)
    fill(store, QUESTIONS)
    first = dataset.run(store, CASE)
    other = store.add_case(type(store.case(CASE))("other")).id
    for text in QUESTIONS:
        store.import_conversation(other, "import", answered([text]))
    second = dataset.run(store, other)
    assert (first.case, second.case) == (CASE, other)
    assert dataset.run(store, other).id == second.id != first.id
    assert sides(store, second) == sides(store, first)
    knowledge = Knowledge(store, made)
    shown = knowledge.shots(variant(case=other, shots=FEW), talk("water"))
    knowledge.close()
    assert not leaks(shown, (item.messages for item in store.items(second.id, "test")))


def test_the_index_holds_pieces_of_documents_and_nothing_else(tmp_path: Path) -> None:
    made, store = new_case(tmp_path)
    add_documents(made, store)
    knowledge = Knowledge(store, made)
    knowledge.sync(CASE, wait=True)
    fill(store, QUESTIONS)
    fill(store, (text + " please" for text in QUESTIONS[:3]), "heldout")
    dataset.run(store, CASE)
    knowledge.passages(CASE, QUESTIONS[0], 3)
    knowledge.reindex(CASE)
    knowledge.sync(CASE, wait=True)
    held = knowledge.index.collection(CASE, knowledge.choice.embedding).get()["documents"]
    texts = "\n".join(document.text for document in store.documents(CASE))
    assert held
    assert all(piece.split("\n")[-1] in texts for piece in held)
    assert not leaks(([{"role": "user", "content": piece}] for piece in held), [answered([text]) for text in QUESTIONS])
    knowledge.close()
