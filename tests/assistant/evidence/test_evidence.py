"""The runner, and what is served compared with what was trained."""

from __future__ import annotations

import pytest

from assistant.evidence import runner
from assistant.evidence.runner import by_conversation, questions, shared
from assistant.knowledge.prompt import tokens
from assistant.record.types import Item, Score
from assistant.stages import dataset, evaluate
from tests.assistant.conversations.test_conversations import questions as unlike
from tests.assistant.evidence.reading_server import YesServer
from tests.assistant.material import add_documents, new_case, opened, talk


def test_questions_are_the_approved_turns_with_what_came_before():
    messages = [
        {"role": "user", "content": "a"},
        {"role": "assistant", "content": "b", "weight": 0},
        {"role": "user", "content": "c"},
        {"role": "assistant", "content": "d"},
    ]
    (only,) = questions([Item(7, "test", messages)])
    assert (only.item, only.turn, only.reference, len(only.messages)) == (7, 1, "d", 3)


def approved(store, case="plants"):
    """Conversations to train on, and two to test on: one of two turns, one that is too long for the model."""
    for text in unlike(12):
        store.import_conversation(case, "import", talk(text, "Yes."))
    held = talk("Does a cactus want water?", "Yes.", "Which secret has the cactus?", "Nobody knows it.")
    store.import_conversation(case, "heldout", held)
    store.import_conversation(case, "heldout", talk("cactus " * tokens.REMOTE_WINDOW, "Yes."))
    store.set_options(case, {"scorer": "exact"})


@pytest.fixture
def evaluation(tmp_path):
    """The untrained variants measured at a server that says yes, and refuses one turn where there are passages."""
    with YesServer() as server:
        made, store = new_case(tmp_path, chat_base_url=server.url, chat_model="says yes")
        add_documents(made, store)
        approved(store)
        dataset.run(store, "plants")
        bench = opened(made, store)
        yield evaluate.run(bench, "plants")
        bench.close()


def test_a_question_that_cannot_be_answered_is_an_error_and_is_not_timed(evaluation):
    assert evaluation.finished
    found = evaluation.results
    assert {name: found[name]["errors"] for name in found} == {
        "prompt": 1,
        "few-shot": 1,
        "rag": 2,
        "rag+few-shot": 2,
        "quote": 0,
    }
    assert all(one["latency_s"] > 0 for one in found.values())


def test_an_answer_that_failed_counts_as_nothing(evaluation):
    """One conversation of two turns, one of a single turn that no model takes; with passages one turn more fails."""
    found = evaluation.results
    assert (found["rag"]["score"], found["prompt"]["score"]) == (0.25, 0.25)
    assert (evaluation.verdict["against"], evaluation.verdict["n"]) == ("prompt", 2)
    assert "prompt is best (0.250)" in evaluation.verdict["reason"]


def test_only_turns_that_all_have_scored_are_shared():
    def scored(name, *values):
        return [Score(1, name, 0, turn, "", value, 1, 1, 0.1, 0.2) for turn, value in enumerate(values)]

    every = {"rag": scored("rag", 1.0, None, 0.6), "prompt": scored("prompt", 0.2, 0.9, 0.4)}
    kept = shared(every, runner.turn)
    assert {name: by_conversation(mine) for name, mine in kept.items()} == {
        "rag": {0: pytest.approx(0.8)},
        "prompt": {0: pytest.approx(0.3)},
    }
    assert shared({}, runner.turn) == {}
