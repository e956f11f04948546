"""Every gesture on a question or an answer: its labels, what is learned from them, and that all faces agree."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr
import pytest

from assistant import variants
from assistant.chat import Chat
from assistant.conversations import gestures, labels
from assistant.errors import AttuneError
from assistant.faces.mcp.verbs import Verbs
from assistant.faces.ui.chat.chat_tab import ChatTab
from assistant.faces.ui.session import Session
from assistant.knowledge.search.retriever import Knowledge
from assistant.record import threads
from assistant.record.store import Store
from assistant.record.types import QUOTE, Turn, Variant
from assistant.workbench import Workbench, open_workbench
from tests.assistant.material import add_documents, new_case, variant
from tests.conftest import Attune

CASE = "plants"
CACTUS = "How often does a cactus want water?"


@pytest.fixture
def plants(tmp_path: Path) -> tuple[Chat, Store, Variant]:
    """A case whose documents are quoted: a real answer at once, without a model."""
    made, store = new_case(tmp_path)
    add_documents(made, store)
    quoting = store.add_variant(variants.identified(variant(name=QUOTE, endpoint=QUOTE, model="", passages=1)))
    return Chat(made, store, Knowledge(store, made)), store, quoting


def asked(plants: tuple[Chat, Store, Variant], text: str = CACTUS, after: Turn | None = None) -> Turn:
    """The question and its answer."""
    chat, store, quoting = plants
    place = (after.conversation, after.id) if after else (0, 0)
    question = gestures.ask(store, CASE, text, *place)
    reply = chat.reply(quoting, threads.as_asked(threads.path_to(store.turns(question.conversation), question.id)))
    assert "".join(reply)
    kept = gestures.keep(store, question, quoting, reply)
    assert kept is not None
    return kept


def learned(store: Store) -> tuple[list[list[tuple[str, int]]], list[tuple[str, str]], list[str]]:
    """Rows as (text, weight), pairs as (chosen, rejected), and bad answers."""
    trees = list(store.turns_of_case(CASE, ["chat"]).values())
    rows = [
        [(str(m["content"]), m.get("weight", 1)) for m in row.messages] for row in labels.approved_rows(store, CASE)
    ]
    pairs = [(pair.chosen, pair.rejected) for turns in trees for pair in labels.pairs(turns)]
    return rows, pairs, [turn.content for turns in trees for turn in labels.negatives(turns)]


def read(store: Store, conversation: int) -> list[str]:
    return [turn.content for turn in threads.thread(store.turns(conversation))]


def test_an_answer_is_kept_with_its_passages_and_the_trace_of_its_prompt(plants: tuple[Chat, Store, Variant]) -> None:
    answer = asked(plants)
    assert "once a month" in answer.content
    assert (answer.label, answer.variant, [p.document for p in answer.passages]) == ("", plants[2].id, ["watering.md"])
    assert set(answer.details["saw"]) == {"exact", "parts", "window", "dropped", "left_out", "note"}
    assert learned(plants[1]) == ([], [], [])
    with pytest.raises(AttuneError, match="empty"):
        gestures.ask(plants[1], CASE, " \n")


def test_approved_it_is_a_row_until_that_is_undone(plants: tuple[Chat, Store, Variant]) -> None:
    store, answer = plants[1], asked(plants)
    assert gestures.approve(store, answer.id).label == "approved"
    assert learned(store) == ([[(CACTUS, 1), (answer.content, 1)]], [], [])
    assert gestures.undo(store, answer.id).id == answer.id
    assert learned(store) == ([], [], [])
    with pytest.raises(AttuneError, match="is a question"):
        gestures.approve(store, answer.parent)


def test_rejected_it_is_a_negative_until_that_is_undone(plants: tuple[Chat, Store, Variant]) -> None:
    store, answer = plants[1], asked(plants)
    gestures.reject(store, answer.id)
    assert learned(store) == ([], [], [answer.content])
    gestures.undo(store, answer.id)
    assert learned(store) == ([], [], [])


@pytest.mark.parametrize("before", ["", "approved", "rejected"])
def test_edited_it_is_a_row_and_a_pair_until_that_is_undone(plants: tuple[Chat, Store, Variant], before: str) -> None:
    store, answer = plants[1], asked(plants)
    store.label(answer.id, before)
    known = learned(store)
    better = gestures.edit(store, answer.id, " Once a month. ")
    assert (better.content, better.edited_from, better.passages) == ("Once a month.", answer.id, answer.passages)
    assert better.details["saw"] == answer.details["saw"]
    rows, pairs, bad = learned(store)
    assert rows == [[(CACTUS, 1), ("Once a month.", 1)]]
    assert pairs == [("Once a month.", answer.content)]
    assert bad == ([answer.content] if before == "rejected" else [])
    back = gestures.undo(store, better.id)
    assert (back.content, back.label) == (answer.content, before)
    assert read(store, answer.conversation) == [CACTUS, answer.content]
    after = learned(store)
    assert (after[0], after[2]) == (known[0], known[2])
    assert after[1] == ([(answer.content, "Once a month.")] if before == "approved" else [])


def test_the_same_words_again_approve_it_as_it_is(plants: tuple[Chat, Store, Variant]) -> None:
    store, answer = plants[1], asked(plants)
    assert gestures.edit(store, answer.id, answer.content).id == answer.id
    assert store.turn(answer.id).label == "approved"
    with pytest.raises(AttuneError, match="empty"):
        gestures.edit(store, answer.id, " ")


def test_regenerated_and_approved_it_is_a_pair(plants: tuple[Chat, Store, Variant]) -> None:
    chat, store, quoting = plants
    answer = asked(plants)
    question = store.turn(answer.parent)
    warmer = gestures.again(quoting)
    assert (warmer.temperature, gestures.again(variant(temperature=1.2)).temperature) == (0.8, 1.2)
    same = chat.reply(warmer, [{"role": "user", "content": CACTUS}])
    "".join(same)
    assert gestures.keep(store, question, warmer, same) is None  # word for word what is there
    other = chat.reply(quoting, [{"role": "user", "content": "Who brings the plants?"}])
    "".join(other)
    second = gestures.keep(store, question, warmer, other)
    assert second is not None
    assert second.parent == answer.parent
    gestures.approve(store, second.id)
    assert learned(store)[1] == [(second.content, answer.content)]


def test_what_followed_an_edited_answer_follows_it_and_counts_once(plants: tuple[Chat, Store, Variant]) -> None:
    store, first = plants[1], asked(plants)
    second = asked(plants, "And ferns, do they like shade?", first)
    sibling = store.add_turn(first.conversation, second.parent, "assistant", "Yes.", "approved")
    third = asked(plants, "What does the courier cost?", sibling)
    gestures.reject(store, third.id)
    before = learned(store)
    said = read(store, first.conversation)
    better = gestures.edit(store, first.id, "Monthly.")
    assert read(store, first.conversation) == [said[0], "Monthly.", *said[2:]]
    rows, pairs, bad = learned(store)
    assert [weight for _, weight in rows[0]] == [1, 1, 1, 1]
    assert sorted(pairs) == sorted([("Monthly.", first.content), ("Yes.", second.content)])
    assert bad == before[2]
    (pair,) = [p for p in labels.pairs(store.turns(first.conversation)) if p.chosen == "Yes."]
    assert [m["content"] for m in pair.prompt] == [CACTUS, "Monthly.", "And ferns, do they like shade?"]
    gestures.undo(store, better.id)
    assert read(store, first.conversation) == said
    assert learned(store) == before
    assert {turn.content for turn in store.turns(first.conversation)} >= {"Monthly.", *said}


def test_an_edited_question_waits_for_its_answer(plants: tuple[Chat, Store, Variant]) -> None:
    store, answer = plants[1], asked(plants)
    new = gestures.edit(store, answer.parent, "And a monstera?")
    assert (new.role, new.parent, new.edited_from, new.label) == ("user", 0, answer.parent, "")
    assert read(store, answer.conversation) == ["And a monstera?"]
    assert gestures.edit(store, new.id, new.content).id == new.id


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Workbench]:
    """A case answered by the tests' own model, with documents, in the data folder that the command line opens."""
    made, store = new_case(tmp_path / "run")
    add_documents(made, store)
    store.add_switch(CASE, variants.untrained(store, made, CASE)["rag"].id, "switch", "for this test", "user")
    opened = open_workbench()
    yield opened
    opened.close()


def on_the_page(bench: Workbench) -> int:
    """Asked, approved and edited with the chat's own handlers; rejected in another conversation."""
    with gr.Blocks():
        tab = ChatTab(bench, Session())
    found = []
    for _ in range(2):
        *_, (_, shown, conversation) = tab.send(CACTUS, [], CASE, 0)
        found.append((shown.value, conversation))
    (history, first), (other, second) = found
    place = next(i for i, message in enumerate(history) if message["role"] == "assistant")
    tab.label(history, first, gr.LikeData(None, {"index": place, "value": "", "liked": True}))
    list(tab.edit(history, CASE, gr.EditData(None, {"index": place, "value": "Monthly.", "previous_value": ""})))
    tab.label(other, second, gr.LikeData(None, {"index": place, "value": "", "liked": False}))
    return first


def by_mcp(bench: Workbench) -> None:
    verbs = Verbs(bench)
    first, second = (verbs.ask(CACTUS)["number"] for _ in range(2))
    verbs.approve_answer(first)
    assert verbs.approve_answer(first, "Monthly.")["instead_of"] == first
    verbs.reject_answer(second)


def by_command(here: Attune) -> None:
    first, second = (json.loads(here("ask", CACTUS, "--keep", "--json").stdout)["number"] for _ in range(2))
    for gesture in ("approve", "edit"):
        done = here("judge", str(first), gesture, *(["Monthly."] if gesture == "edit" else []))
        assert done.returncode == 0, done.stderr
    assert json.loads(here("judge", str(second), "reject", "--json").stdout) == {"number": second, "label": "rejected"}


def rows(store: Store) -> list[list[dict[str, Any]]]:
    """The conversations, with places instead of numbers and without times."""
    found = []
    for turns in store.turns_of_case(CASE, ["chat"]).values():
        places = {0: -1} | {turn.id: place for place, turn in enumerate(turns)}
        found.append(
            [
                vars(turn)
                | {"id": 0, "conversation": 0, "created": "", "parent": places[turn.parent]}
                | {"edited_from": places[turn.edited_from]}
                | {"details": {k: v for k, v in turn.details.items() if k not in ("first_token_s", "total_s")}}
                for turn in turns
            ]
        )
    return found


def test_every_face_leaves_the_same_record(bench: Workbench, here: Attune) -> None:
    on_the_page(bench)
    by_mcp(bench)
    by_command(here)
    found = rows(bench.store)
    assert len(found) == 6
    assert found[:2] == found[2:4] == found[4:]
    judged, rejected = found[:2]
    assert [turn["label"] for turn in judged] == ["", "", "approved"]
    assert [turn["label"] for turn in rejected] == ["", "rejected"]
    assert judged[1]["details"]["saw"]["exact"]
    assert judged[1]["passages"]
    assert judged[2]["details"]["saw"] == judged[1]["details"]["saw"]


def test_the_command_takes_back_and_asks_again(bench: Workbench, here: Attune) -> None:
    by_command(here)
    edited = next(t for ts in bench.store.turns_of_case(CASE, ["chat"]).values() for t in ts if t.edited_from)
    assert "approved" in here("judge", str(edited.id), "undo").stdout
    assert len(learned(bench.store)[0]) == 1
    assert here("judge", str(edited.edited_from), "again").returncode == 0
    assert "no answer with the number 999" in here("judge", "999", "approve").stderr
    assert len(bench.store.conversations(CASE)) == 2
    assert here("ask", CACTUS).returncode == 0
    assert len(bench.store.conversations(CASE)) == 2  # nothing is kept without --keep


def test_the_page_takes_back_an_edit_and_asks_again(bench: Workbench) -> None:
    talk = on_the_page(bench)
    with gr.Blocks():
        tab = ChatTab(bench, Session())
    original, better = (turn for turn in bench.store.turns(talk) if turn.role == "assistant")
    history = tab.chatbot(talk).value
    place = next(i for i, message in enumerate(history) if message["metadata"]["id"] == better.id)
    off = gr.LikeData(None, {"index": place, "value": "", "liked": ""})
    shown = [message["metadata"]["id"] for message in tab.label(history, talk, off).value]
    assert bench.store.turns(talk)[-1].id in shown
    assert better.id not in shown
    assert read(bench.store, talk) == [CACTUS, original.content]
    count = len(bench.store.turns(talk))
    *_, (_, _, conversation) = tab.retry(history, CASE, gr.RetryData(None, {"index": 0, "value": CACTUS}))
    assert conversation == talk
    said = [turn.content for turn in bench.store.turns(talk)[count:]]
    assert original.content not in said  # another answer, or none where it would be the same
