"""The right passage is found; the index may be lost, damaged or shared, and nothing of the record is lost with it."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from shutil import rmtree

import pytest

from assistant.knowledge.reading import ingestion
from assistant.knowledge.search.lexical_embedding import Embedder
from assistant.knowledge.search.retriever import Knowledge
from assistant.knowledge.search.words import stem
from assistant.record.store import Store
from assistant.settings import Settings
from tests.assistant.material import PLANTS, add_documents, new_case


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[tuple[Settings, Store, Knowledge]]:
    made, store = new_case(tmp_path)
    add_documents(made, store)
    knowledge = Knowledge(store, made)
    yield made, store, knowledge
    knowledge.close()


def ids_in_chroma(made: Settings) -> set[str]:
    """What a process of its own finds in the collection."""
    code = (
        "import chromadb, json, sys; from chromadb.config import Settings;"
        "c = chromadb.PersistentClient(sys.argv[1], settings=Settings(anonymized_telemetry=False));"
        "print(json.dumps([i for k in c.list_collections() for i in k.get(include=[])['ids']]))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(made.index)], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


QUESTIONS = {
    "How often do I water my cactus?": ("watering.md", "Watering > Cactus"),
    "there are mites on the leaf": ("pests.txt", "PESTS"),
    "does a fern want sun or shade": ("pests.txt", "LIGHT"),
    "what does the bike courier cost?": ("delivery.md", "Delivery"),
    "monsteras and watering": ("watering.md", "Watering"),
    "courrier price": ("delivery.md", "Delivery"),  # misspelled: found by its n-grams
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_right_passage_is_first(desk: tuple[Settings, Store, Knowledge], question: str) -> None:
    found = desk[2].passages("plants", question, 2)
    assert (found[0].document, found[0].heading) == QUESTIONS[question]
    assert [passage.mark for passage in found] == list(range(1, len(found) + 1))
    assert all(passage.text in PLANTS[passage.document] for passage in found)


def test_nothing_is_offered_where_nothing_fits(desk: tuple[Settings, Store, Knowledge]) -> None:
    knowledge = desk[2]
    assert knowledge.passages("plants", "Hello, how are you?", 3) == []
    assert knowledge.passages("plants", "quarterly tax bracket xylophone", 3) == []
    assert knowledge.passages("plants", "", 3) == []
    assert knowledge.passages("plants", "cactus", 0) == []
    assert knowledge.passages("no such case", "cactus", 3) == []


def test_sync_adds_what_is_new_and_drops_what_was_removed(desk: tuple[Settings, Store, Knowledge]) -> None:
    made, store, knowledge = desk
    assert knowledge.sync("plants") == 5
    before = ids_in_chroma(made)
    ingestion.add(store, made, "plants", "soil.md", b"# Soil\n\nOrchids grow in bark.")
    assert knowledge.passages("plants", "soil of an orchid", 1)[0].document == "soil.md"
    added = ids_in_chroma(made)
    assert before < added
    assert len(added) == 6
    store.remove_document("plants", "pests.txt")
    assert knowledge.sync("plants") == 4
    assert all(p.document != "pests.txt" for p in knowledge.passages("plants", "spider mites on leaves", 5))
    assert len(ids_in_chroma(made) & before) == 3


def test_a_replaced_document_is_found_by_its_new_text(desk: tuple[Settings, Store, Knowledge]) -> None:
    made, store, knowledge = desk
    knowledge.sync("plants")
    ingestion.add(store, made, "plants", "delivery.md", b"# Delivery\n\nThe courier costs 9 euros.")
    assert "9 euros" in knowledge.passages("plants", "what does the courier cost?", 1)[0].text


def test_one_text_under_two_names_is_one_passage(desk: tuple[Settings, Store, Knowledge]) -> None:
    made, store, knowledge = desk
    ingestion.add(store, made, "plants", "copy.md", PLANTS["delivery.md"].encode())
    found = [p for p in knowledge.passages("plants", "courier on Tuesdays", 5) if "bicycle" in p.text]
    assert len(found) == 1


def lose(made: Settings) -> None:
    rmtree(made.index)


def fill_with_garbage(made: Settings) -> None:
    for path in made.index.rglob("*"):
        if path.is_file():
            path.write_bytes(b"garbage" * 3000)


def cut_short(made: Settings) -> None:
    database = made.index / "chroma.sqlite3"
    database.write_bytes(database.read_bytes()[:5000])


def be_a_file(made: Settings) -> None:
    rmtree(made.index)
    made.index.write_text("not a folder")


@pytest.mark.parametrize("harm", [lose, fill_with_garbage, cut_short, be_a_file])
@pytest.mark.parametrize("opened", [True, False])
def test_a_lost_index_is_made_again(desk: tuple[Settings, Store, Knowledge], harm: object, opened: bool) -> None:
    made, store, knowledge = desk
    assert knowledge.sync("plants") == 5
    if not opened:
        knowledge.close()
    harm(made)  # type: ignore[operator]
    found = knowledge.passages("plants", "How often do I water my cactus?", 2)
    assert found[0].heading == "Watering > Cactus"
    assert knowledge.sync("plants") == 5
    knowledge.close()
    assert len(ids_in_chroma(made)) == 5
    assert len(store.documents("plants")) == 3


def test_an_index_of_an_older_version_is_made_again(desk: tuple[Settings, Store, Knowledge]) -> None:
    made, _, knowledge = desk
    knowledge.sync("plants")
    knowledge.close()
    code = (
        "import chromadb, sys; from chromadb.config import Settings;"
        "c = chromadb.PersistentClient(sys.argv[1], settings=Settings(anonymized_telemetry=False));"
        "k = c.list_collections()[0]; n = k.name; c.delete_collection(n);"
        "k = c.create_collection(n, metadata={'embedding': 'older'}, embedding_function=None);"
        "k.add(ids=['x'], embeddings=[[1.0, 2.0]])"
    )
    subprocess.run([sys.executable, "-c", code, str(made.index)], check=True, capture_output=True)
    assert knowledge.passages("plants", "cactus", 1)[0].heading == "Watering > Cactus"
    assert len(ids_in_chroma(made)) == 5


def test_another_process_may_add_documents(desk: tuple[Settings, Store, Knowledge]) -> None:
    made, _, knowledge = desk
    assert knowledge.passages("plants", "soil of an orchid", 1) == []
    code = (
        "import sys; from pathlib import Path; from tests.assistant.material import settings;"
        "from assistant.record.store import Store; from assistant.knowledge.reading import ingestion;"
        "from assistant.knowledge.search.retriever import Knowledge;"
        "made = settings(Path(sys.argv[1])); store = Store(made.database);"
        "ingestion.add(store, made, 'plants', 'soil.md', b'# Soil\\n\\nOrchids grow in bark.');"
        "print(Knowledge(store, made).sync('plants'))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(made.data)], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["6"]
    assert knowledge.passages("plants", "soil of an orchid", 1)[0].document == "soil.md"
    assert knowledge.sync("plants") == 6


def test_many_threads_ask_while_documents_come_in(desk: tuple[Settings, Store, Knowledge]) -> None:
    made, store, knowledge = desk
    wrong: list[object] = []

    def ask() -> None:
        try:
            for question, expected in QUESTIONS.items():
                first = knowledge.passages("plants", question, 2)[0]
                if (first.document, first.heading) != expected:
                    wrong.append((question, first))
        except Exception as error:
            wrong.append(error)

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for number in range(4):
        ingestion.add(store, made, "plants", f"note{number}.txt", f"Invoice {number} was paid.".encode())
    for thread in threads:
        thread.join()
    assert wrong == []
    assert knowledge.sync("plants") == 9


def test_the_embedding_is_the_same_everywhere_and_of_length_one() -> None:
    one, other = Embedder(), Embedder()
    texts = ["Water the cactus", "Cacti need watering", "", "Tax law"]
    vectors = one.embed(texts)
    assert (vectors == other.embed(texts)).all()
    assert [round(float((v * v).sum()), 4) for v in vectors] == [1.0, 1.0, 0.0, 1.0]
    assert vectors[0] @ vectors[1] > 0.2 > abs(vectors[0] @ vectors[3])


def test_stems() -> None:
    pairs = {"returns": "returned", "delivery": "deliveries", "stopping": "stopped", "price": "prices", "box": "boxes"}
    assert [(a, b) for a, b in pairs.items() if stem(a) != stem(b)] == []
