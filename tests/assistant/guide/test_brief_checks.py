"""The guide's model asked for checks: real HTTP on loopback."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from assistant.errors import AttuneError
from assistant.evidence.checks import case_checks
from assistant.evidence.checks.assertion import make
from assistant.guide.brief_checks import suggest
from assistant.record.store import Store
from assistant.record.types import Brief
from tests.assistant.material import new_case, settings, talk
from tests.loopback import Answer, Loopback


class ProposingServer(Loopback):
    """Answers every chat request with `reply`, or with a status where that is set."""

    def __init__(self, reply: str = "", status: int = 200) -> None:
        super().__init__()
        self.reply, self.status, self.asked = reply, status, ""

    def answer(self, path: str, body: Any) -> Answer:  # noqa: ARG002
        self.asked = body["messages"][-1]["content"]
        choice = {"index": 0, "message": {"role": "assistant", "content": self.reply}, "finish_reason": "stop"}
        value = {"id": "1", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}
        return Answer(self.status, json.dumps(value).encode())


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    _, store = new_case(tmp_path)
    store.set_brief("plants", Brief(must=("Every answer opens with the words Hello friend",)), "form")
    store.import_conversation("plants", "import", talk("Is it well?", "Hello friend, it is."))
    yield store
    store.close()


def test_what_the_model_finds_is_kept_with_the_case(store: Store, tmp_path: Path) -> None:
    reply = json.dumps({"checks": [{"line": 1, "kind": "starts_with", "argument": "Hello friend"}]})
    with ProposingServer(reply) as server:
        new, proposed = suggest(store, settings(tmp_path, guide_model="m", guide_base_url=server.url), "plants")
    assert "opens with the words Hello friend" in server.asked
    assert "Is it well?" not in server.asked  # it reads the brief, no conversation
    assert [check.id for check in new] == [make("starts_with", "Hello friend").id]
    assert case_checks.of_case(store, "plants").checks == tuple(new) == proposed.checks
    assert case_checks.is_edited(store, "plants")


def test_a_model_that_finds_nothing_leaves_the_brief_in_charge(store: Store, tmp_path: Path) -> None:
    with ProposingServer("I would rather not.") as server:
        assert suggest(store, settings(tmp_path, guide_model="m", guide_base_url=server.url), "plants")[0] == []
    assert not case_checks.is_edited(store, "plants")


@pytest.mark.parametrize("status", [401, 500])
def test_a_model_that_does_not_answer_is_named(store: Store, tmp_path: Path, status: int) -> None:
    with ProposingServer(status=status) as server, pytest.raises(AttuneError, match=f"m did not answer .*{status}"):
        suggest(store, settings(tmp_path, guide_model="m", guide_base_url=server.url), "plants")


def test_without_a_model_nothing_is_asked(store: Store, tmp_path: Path) -> None:
    with pytest.raises(AttuneError, match="No language model is set"):
        suggest(store, settings(tmp_path), "plants")
