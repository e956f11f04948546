"""Where a question, a job and a document go: the modules in the order in which they are entered, as a test keeps them.

A walk that gets longer or climbs back up says that the house got harder to explain. What every floor reads (the record,
settings, errors) is left out, and so is what a model's server or a worker does in its own process.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from assistant import variants
from assistant.conversations import gestures
from assistant.knowledge.reading import ingestion
from assistant.settings import ROOT
from assistant.stages import finetune
from assistant.workbench import Workbench
from tests.assistant.guide.proposing import open_bench, ready
from tests.test_house import DEPTH, part

QUESTION = """
assistant.chat
assistant.knowledge.prompt.composition
assistant.knowledge.search.retriever
assistant.knowledge.search.corpus
assistant.knowledge.search.words
assistant.knowledge.search.reranker
assistant.knowledge.search.embedding_choice
assistant.knowledge.search.lexical_embedding
assistant.knowledge.search.index
assistant.knowledge.search.chroma
assistant.knowledge.search.spelling
assistant.models
tools.engine.local_models
tools.local.base_model
assistant.knowledge.prompt.tokens
tools.engine.templates
tools.engine.serving
assistant.endpoints
assistant.repeats
assistant.conversations.gestures
assistant.knowledge.prompt.trace
""".split()
JOB = """
assistant.stages.finetune
assistant.jobs.lifecycle
tools.options
assistant.stages.baseline
assistant.models
assistant.jobs.material
assistant.knowledge.prompt.composition
assistant.conversations.training_rows
tools.chat_rows
assistant.conversations.with_passages
assistant.jobs.launch
assistant.evidence.certificate.lockfile
tools.trainer
""".split()
DOCUMENT = """
assistant.knowledge.reading.ingestion
assistant.knowledge.reading.converter
assistant.knowledge.reading.conversion_process
assistant.knowledge.reading.text
assistant.knowledge.reading.encodings
assistant.knowledge.search.retriever
assistant.knowledge.prompt.tokens
assistant.knowledge.search.chunks
assistant.knowledge.search.corpus
assistant.knowledge.structure.blocks
assistant.knowledge.structure.markdown_blocks
assistant.knowledge.structure.fences
assistant.knowledge.search.index
assistant.knowledge.search.chroma
assistant.knowledge.search.index_builder
assistant.knowledge.search.lexical_embedding
assistant.knowledge.search.words
""".split()
READ_BY_ALL = ("record", "settings", "errors")


class Walk:
    """The steps from one module of ours into another, each once, in the order in which it is first taken."""

    def __init__(self) -> None:
        self.steps: list[tuple[str, str]] = []

    def __enter__(self) -> Walk:
        sys.setprofile(self._look)
        return self

    def __exit__(self, *_: object) -> None:
        sys.setprofile(None)

    def _look(self, frame: FrameType, event: str, _: Any) -> None:
        if event != "call" or (to := _module(frame)) is None:
            return
        back = frame.f_back
        while back is not None and _module(back) is None:
            back = back.f_back
        step = (_module(back) or "" if back is not None else "", to)
        if step[0] != to and step not in self.steps:
            self.steps.append(step)

    @property
    def entered(self) -> list[str]:
        return list(dict.fromkeys(to for _, to in self.steps))

    @property
    def climbs(self) -> list[tuple[str, str]]:
        """Steps into a row above the one that they come from."""
        return [(come, to) for come, to in self.steps if come and _row(to) < _row(come)]

    @property
    def crossroads(self) -> dict[str, int]:
        """Modules that are entered from more than two others."""
        return {to: count for to, count in Counter(to for _, to in self.steps).items() if count > 2}


def _module(frame: FrameType) -> str | None:
    path = Path(frame.f_code.co_filename)
    if not path.is_relative_to(ROOT) or path.parts[len(ROOT.parts)] not in ("assistant", "tools"):
        return None
    name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    return None if part(name) in READ_BY_ALL else name


def _row(module: str) -> int:
    return DEPTH.get(part(module) or "", len(DEPTH))  # tools are below everything


@pytest.fixture
def bench(tmp_path: Path, tiny: Path) -> Iterator[Workbench]:
    opened, _ = open_bench(tmp_path, embedding="lexical", chat_model=str(tiny))
    yield opened
    opened.close()


def held(walk: Walk, expected: list[str]) -> None:
    assert walk.entered == expected, walk.entered
    assert walk.climbs == []
    assert walk.crossroads == {}


def test_a_question_goes_straight_down(bench: Workbench) -> None:
    case = ready(bench)
    ingestion.add(bench.store, bench.settings, case, "plants.md", b"# Cactus\n\nA cactus wants water once a month.")
    rag = variants.untrained(bench.store, bench.settings, case)["rag"]
    "".join(bench.chat.reply(rag, [{"role": "user", "content": "Hello"}]))  # the server is up, the index filled
    with Walk() as walk:
        reply = bench.chat.reply(rag, [{"role": "user", "content": "How often does a cactus want water?"}])
        "".join(reply)
        gestures.keep_both(bench.store, rag, "How often does a cactus want water?", reply)
    held(walk, QUESTION)


def test_a_job_goes_straight_down(bench: Workbench) -> None:
    case = ready(bench)
    with Walk() as walk:
        finetune.run(bench, case)
    held(walk, JOB)


def test_a_document_goes_straight_down(bench: Workbench) -> None:
    case = ready(bench)
    with Walk() as walk:
        ingestion.add(bench.store, bench.settings, case, "plants.md", b"# Cactus\n\nA cactus wants water once a month.")
        bench.knowledge.sync(case)
    held(walk, DOCUMENT)
