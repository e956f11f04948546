"""Indexing that is killed in the middle goes on where it was: what is in the index is not embedded again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from assistant.knowledge.reading import ingestion
from tests.assistant.knowledge.test_retriever import ids_in_chroma
from tests.assistant.material import new_case

SECTIONS, BATCH = 600, 64
PROGRAM = """
import json, sys, time
from pathlib import Path
from assistant.knowledge.search.embedding_choice import Choice
from assistant.knowledge.search.retriever import Knowledge
from assistant.knowledge.search.lexical_embedding import Embedder
from assistant.record.store import Store
from tests.assistant.material import settings

class Slow(Embedder):
    instant = False  # so that it is embedded in small batches, as by a model

    def embed(self, texts, kind="document"):
        with Path(sys.argv[2]).open("a") as log:
            if kind == "document":
                log.write("".join(json.dumps(text) + "\\n" for text in texts))
        time.sleep(0.1)
        return super().embed(texts, kind)

made = settings(Path(sys.argv[1]), embedding="lexical")
knowledge = Knowledge(Store(made.database), made, Choice(Slow()))
print(knowledge.sync("plants", wait=True), flush=True)
"""


def test_killed_in_the_middle_it_goes_on(tmp_path: Path) -> None:
    made, store = new_case(tmp_path)
    text = "\n\n".join(f"# Plant {n}\n\nPlant number {n} wants {n} drops of water." for n in range(SECTIONS))
    ingestion.add(store, made, "plants", "plants.md", text.encode())
    store.close()
    first, second = tmp_path / "first.log", tmp_path / "second.log"

    process = _start(tmp_path, first)
    until = time.monotonic() + 120
    while len(_lines(first)) < 4 * BATCH and time.monotonic() < until:
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    there = len(ids_in_chroma(made))
    assert 0 < there < SECTIONS, "it was not killed in the middle"

    process = _start(tmp_path, second)
    said, _ = process.communicate(timeout=200)
    assert said.strip() == str(SECTIONS)
    assert len(_lines(second)) == SECTIONS - there
    assert len(set(_lines(first)) & set(_lines(second))) <= BATCH  # the batch that was on its way
    assert set(_lines(first)) | set(_lines(second)) == set(_all(text))
    assert len(ids_in_chroma(made)) == SECTIONS


def _all(text: str) -> list[str]:
    """What is embedded of each section: the document's title, the heading and the text."""
    sections = [section.split("\n\n", 1) for section in text.split("# ")[1:]]
    return [json.dumps(f"plants\n{heading}\n{body.strip()}") for heading, body in sections]


def _start(folder: Path, log: Path) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", PROGRAM, str(folder), str(log)], stdout=subprocess.PIPE, text=True)


def _lines(log: Path) -> list[str]:
    """Texts that were embedded; the last line may be half written."""
    return [line for line in log.read_text().splitlines() if line.endswith('"')] if log.exists() else []
