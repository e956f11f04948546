"""A reranker puts the best passages in order; without one, or while it fails, they stand as found, and that is said."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from assistant import variants
from assistant.chat import Chat
from assistant.evidence import untrained
from assistant.faces.ui.chat import model_input, transcript
from assistant.faces.ui.data import documents_text
from assistant.knowledge.search.reranker import CANDIDATES, LEFT, Reranking
from assistant.knowledge.search.retriever import FoundPassages, Knowledge
from assistant.record.store import Store
from assistant.record.types import Turn
from assistant.settings import Settings
from assistant.stages import baseline
from assistant.workbench import open_workbench
from tests.assistant.evidence.reading_server import ReadingServer
from tests.assistant.material import add_documents, new_case, settings, talk, variant
from tests.loopback import Answer, Loopback
from tools import reranking, service
from tools.reranking import Reranker
from tools.trainer import ToolError

KEY = "secret-of-the-reranking-server"
CACTUS = "How often do I water my cactus?"


class RerankServer(Loopback):
    """Use it in a `with`. What holds `favourite` is best. `says`: what it sends instead of a ranking."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[dict[str, Any]] = []
        self.favourite = "Water the monstera"
        self.status, self.says = 200, b""
        self.open = threading.Event()
        self.open.set()

    def __exit__(self, *_: object) -> None:
        self.open.set()
        super().__exit__()

    def answer(self, path: str, body: Any) -> Answer:
        assert path == "/v1/rerank"
        self.asked.append(body)
        self.open.wait(60)
        return Answer(self.status, self.says or self.ranked(body))

    def ranked(self, body: dict[str, Any]) -> bytes:
        scores = [(place, float(self.favourite in text)) for place, text in enumerate(body["documents"])]
        scores.sort(key=lambda item: -item[1])
        rows = [{"index": place, "relevance_score": score} for place, score in scores]
        return json.dumps({"model": body["model"], "results": rows[: body["top_n"]]}).encode()


@pytest.fixture
def server() -> Iterator[RerankServer]:
    with RerankServer() as running:
        yield running


@pytest.fixture
def desk(tmp_path: Path, server: RerankServer) -> Iterator[tuple[Settings, Store, Knowledge]]:
    made, store = new_case(tmp_path, reranker="api:cross", reranker_base_url=server.url + "/", reranker_api_key=KEY)
    add_documents(made, store)
    knowledge = Knowledge(store, made)
    yield made, store, knowledge
    knowledge.close()
    store.close()


def headings(found: FoundPassages) -> list[str]:
    return [passage.heading for passage in found.passages]


def test_it_decides_the_order_and_its_key_stays_secret(
    desk: tuple[Settings, Store, Knowledge], server: RerankServer
) -> None:
    made, store, knowledge = desk
    plain = Knowledge(store, settings(made.data))
    before = plain.find("plants", CACTUS, 2)
    assert headings(before)[0] == "Watering > Cactus"
    assert server.asked == []  # off by default
    found = knowledge.find("plants", CACTUS, 2)
    assert headings(found)[0] == "Watering"
    assert (found.note, [passage.mark for passage in found.passages]) == ("", [1, 2])
    assert found.passages[0].score == 1.0
    assert headings(knowledge.find("plants", CACTUS, 1)) == ["Watering"]  # though it was second: candidates come first
    sent = server.asked[0]
    assert (sent["query"], sent["model"], sent["top_n"]) == (CACTUS, "cross", len(sent["documents"]))
    assert len(headings(before)) <= len(sent["documents"]) <= CANDIDATES
    assert sent["documents"][0].startswith("watering\nWatering > Cactus\n")
    assert server.keys == {f"Bearer {KEY}"}
    assert f"The best {CANDIDATES} are put in order by cross at {server.url}." in knowledge.describe("plants")
    assert "put in order" not in plain.describe("plants")
    plain.close()
    knowledge.close()
    kept = b"".join(path.read_bytes() for path in made.data.rglob("*") if path.is_file())
    assert KEY.encode() not in kept


def test_no_more_than_the_candidates_are_sent(tmp_path: Path, server: RerankServer) -> None:
    made, store = new_case(tmp_path, reranker="api:cross", reranker_base_url=server.url)
    with store.atomic():
        for number in range(100):
            store.add_document("plants", f"note{number}.txt", "text", f"Pot {number} holds a fern.", f"sha{number}")
    server.favourite = "a fern"
    knowledge = Knowledge(store, made)
    assert len(knowledge.passages("plants", "fern in a pot", 3)) == 3
    assert len(server.asked[-1]["documents"]) == CANDIDATES
    assert len(knowledge.passages("plants", "fern in a pot", 50)) == 50
    assert knowledge.passages("plants", "quarterly tax bracket", 3) == []
    assert len(server.asked) == 2  # nothing to put in order, nothing sent
    knowledge.close()


WRONG = {
    "no key": (401, b"{}", "Access was refused"),
    "no such model": (404, b"{}", "no ranking model 'cross'"),
    "broken": (500, b"{}", "refused to rank with status 500"),
    "no JSON": (200, b"<html>", "sent no ranking of"),
    "a list": (200, b"[]", "sent no ranking of"),
    "too few": (200, b'{"results": []}', "sent no ranking of"),
    "no number": (200, b'{"results": [{"index": 0, "relevance_score": "high"}]}', "sent no ranking of"),
    "another shape": (200, b'{"results": [{"index": 0, "score": 1}]}', "sent no ranking of"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_whatever_it_does_the_passages_stand_as_found_and_that_is_said(
    desk: tuple[Settings, Store, Knowledge], server: RerankServer, wrong: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    knowledge = desk[2]
    monkeypatch.setattr(service, "REST_SECONDS", 3600.0)  # however slow this machine is
    server.status, server.says, sentence = WRONG[wrong]
    found = knowledge.find("plants", CACTUS, 2)
    assert headings(found)[0] == "Watering > Cactus"
    assert found.note.startswith(LEFT)
    assert sentence in found.note
    assert sentence in knowledge.describe("plants")
    assert KEY not in found.note
    asked = len(server.asked)
    again = knowledge.find("plants", CACTUS, 2)
    assert (again, len(server.asked)) == (found, asked)  # what is broken is not asked at every question
    with pytest.raises(ToolError, match=sentence):
        knowledge.sync("plants", wait=True)  # before an evaluation it has to work


def test_scores_that_are_no_numbers_are_no_ranking(
    desk: tuple[Settings, Store, Knowledge], server: RerankServer
) -> None:
    knowledge = desk[2]
    count = len(knowledge.passages("plants", CACTUS, 9))
    rows = ", ".join(f'{{"index": {place}, "relevance_score": NaN}}' for place in range(count))
    server.says = f'{{"results": [{rows}]}}'.encode()
    found = knowledge.find("plants", CACTUS, 2)
    assert headings(found)[0] == "Watering > Cactus"
    assert "sent no ranking" in found.note


def test_a_slow_one_is_not_waited_for(
    desk: tuple[Settings, Store, Knowledge], server: RerankServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    knowledge = desk[2]
    monkeypatch.setattr(reranking, "PATIENCE", 0.5)
    server.open.clear()
    found = knowledge.find("plants", CACTUS, 2)
    assert headings(found)[0] == "Watering > Cactus"
    assert "in time" in found.note
    assert len(server.asked) == 1  # and not a second time
    server.open.set()


def test_a_server_that_is_gone(tmp_path: Path) -> None:
    with RerankServer() as gone:
        url = gone.url
    made, store = new_case(tmp_path, reranker="api:cross", reranker_base_url=url)
    add_documents(made, store)
    knowledge = Knowledge(store, made)
    found = knowledge.find("plants", CACTUS, 2)
    assert headings(found)[0] == "Watering > Cactus"
    assert f"There is no connection to {url}" in found.note
    knowledge.close()


def test_it_is_asked_again_after_a_rest(
    desk: tuple[Settings, Store, Knowledge], server: RerankServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    knowledge = desk[2]
    monkeypatch.setattr(service, "REST_SECONDS", 0.0)
    server.status = 500
    assert knowledge.find("plants", CACTUS, 2).note
    server.status = 200
    time.sleep(0.01)
    assert knowledge.find("plants", CACTUS, 2).note == ""
    assert "did not answer" not in knowledge.describe("plants")


def test_equals_keep_the_order_they_were_found_in(server: RerankServer) -> None:
    server.favourite = ""
    assert [place for place, _ in Reranker(server.url, "cross").rank("q", ["a", "b", "c"])] == [0, 1, 2]


def test_the_documents_tab_tells_where_passages_go(tmp_path: Path) -> None:
    assert documents_text.about(settings(tmp_path)).endswith("They stay on this computer.")
    named = settings(
        tmp_path,
        chat_base_url="https://chat.example/v1",
        reranker="api:cross",
        embedding="openai:small",
        reranker_base_url="http://user:pass@127.0.0.1:81/v1",
    )
    said = documents_text.about(named)
    assert said.endswith(
        "question are sent to chat.example. Passages that fit a question are sent to 127.0.0.1:81. "
        "Every passage is sent to api.openai.com."
    )
    unused = documents_text.about(settings(tmp_path, reranker_base_url="http://127.0.0.1:81/v1"))
    assert unused.endswith("They stay on this computer.")


@pytest.mark.parametrize("wrong", ["magic", "st:", "api:", "cross"])
def test_an_unknown_reranker_is_refused_by_the_settings(tmp_path: Path, wrong: str) -> None:
    with pytest.raises(ValueError, match="reranker"):
        settings(tmp_path, reranker=wrong)


def test_what_cannot_be_had_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)  # as where it is not installed
    made, store = new_case(tmp_path)
    add_documents(made, store)
    for name, remedy in (("api:cross", "Set ATTUNE_RERANKER_BASE_URL."), ("st:some/model", "'.[embeddings]'")):
        knowledge = Knowledge(store, settings(tmp_path, reranker=name))
        assert remedy in knowledge.find("plants", CACTUS, 2).note
        assert remedy in knowledge.describe("plants")
        assert knowledge.find("plants", "quarterly tax bracket", 2) == FoundPassages()
        with pytest.raises(ToolError, match="reranke"):
            knowledge.sync("plants", wait=True)
        knowledge.close()
    assert Reranking().order("q", ["a"]) == (None, "")


def test_an_answer_says_that_its_passages_were_not_ordered(
    desk: tuple[Settings, Store, Knowledge], server: RerankServer
) -> None:
    made, store, knowledge = desk
    server.status = 500
    chat = Chat(made, store, knowledge)
    rag = variant(passages=2)
    built = chat.prepare(rag, talk(CACTUS))
    assert built.note.startswith(LEFT)
    assert chat.prepare(replace(rag, passages=0), talk(CACTUS)).note == ""
    chat.close()
    turn = Turn(7, 1, 1, "assistant", "Once a month [1].", passages=built.passages, details={"note": built.note})
    shown = transcript.message(turn)[1]
    assert shown["metadata"]["title"].endswith("used · search incomplete")
    assert "refused to rank" in shown["content"]
    assert model_input.shown(LEFT)[:30] in shown["content"]


def test_what_is_measured_is_ordered_or_counts_for_nothing(tmp_path: Path, server: RerankServer) -> None:
    with ReadingServer() as chat:
        more = {
            "chat_base_url": chat.url,
            "chat_model": "reads",
            "reranker": "api:cross",
            "reranker_base_url": server.url,
        }
        made, store = new_case(tmp_path)
        add_documents(made, store)
        brief = store.case("plants").brief
        store.set_brief("plants", replace(brief, skipped=tuple(brief.missing)), "file")
        store.close()
        bench = open_workbench(settings(tmp_path, **more))
        trial = baseline.measure(bench, "plants")
        assert all(of["errors"] == 0 for of in trial.report["answers"].values())
        assert len(server.asked) > len(trial.questions)
        server.status = 500
        asked = next(one for one in trial.questions if one.evidence)
        made_now = variants.untrained(bench.store, bench.settings, "plants")
        answers = {
            name: untrained.answer(bench.chat, trial.id, one, asked, lambda *_: 1.0) for name, one in made_now.items()
        }
        assert {name: of.error.startswith(LEFT) for name, of in answers.items()} == {
            "prompt": False,
            "few-shot": False,
            "rag": True,
            "rag+few-shot": True,
            "quote": True,
        }
        with pytest.raises(ToolError, match="did not answer"):
            untrained.retrieval(bench.knowledge, "plants", trial.questions)
        bench.close()
