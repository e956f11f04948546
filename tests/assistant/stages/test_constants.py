"""Answers that need no model, served as if they were tuned models, through the real path: none may take over."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from assistant import cases
from assistant.evidence import proof, runner, sanity, scorers
from assistant.jobs import lifecycle
from assistant.record.types import Item
from assistant.stages import baseline, dataset, evaluate, finetune, switch
from tests.assistant.evidence.reading_server import ReadingServer
from tests.assistant.guide.proposing import InstantTrainer, open_bench
from tests.loopback import Answer
from tools.trainer import JobState, JobStatus

EXAMPLES = sorted((Path(__file__).resolve().parents[3] / "data" / "examples").iterdir())
SILLY = (sanity.TYPICAL, sanity.FRAME, sanity.NEAREST)


class SillyServer(ReadingServer):
    """Answers a model called so with one of `silly`'s answers, the untrained ones with the first of their passages."""

    def __init__(self) -> None:
        super().__init__()
        self.silly: dict[str, dict[str, str]] = {}  # model -> last question -> answer

    def answer(self, path: str, body: Any) -> Answer:
        told = self.silly.get(body["model"])
        if told is None:
            return super().answer(path, body)
        self.words = told[body["messages"][-1]["content"]]
        return self.streamed(self.words)


class NamedTrainer(InstantTrainer):
    """Its model is called as it is told."""

    model = ""

    def poll(self, handle: str, after: int = 0) -> JobStatus:  # noqa: ARG002
        return JobStatus(JobState.SUCCEEDED, step=1, steps=1, model=self.model)


def learn(train: list[Item], test: list[Item], scorer: str) -> dict[str, dict[str, str]]:
    """By kind, what each held-out question is answered with."""
    asked, score = runner.questions(test), scorers.scorer(scorer)
    by = proof.measures(train, scorer, score)
    found = sanity.answers(train, asked, by.frame, score).of(asked)
    return {
        name: {str(q.messages[-1]["content"]): text for q, text in zip(asked, texts, strict=True)}
        for name, texts in found.items()
    }


@pytest.mark.parametrize("folder", EXAMPLES, ids=lambda folder: folder.name)
def test_no_constant_takes_over_in_a_shipped_case(folder: Path, tmp_path: Path):
    with SillyServer() as server:
        bench, _ = open_bench(tmp_path, chat_base_url=server.url, chat_model="untrained", embedding="lexical")
        trainer = NamedTrainer()
        bench.trainers = {"instant": trainer}
        case = cases.from_folder(bench, folder, "").id
        bench.store.set_options(case, bench.store.case(case).options | {"trainer": "instant"})
        baseline.run(bench.store, bench.settings, case)
        data = dataset.run(bench.store, case)
        train, test = (bench.store.items(data.id, side) for side in ("train", "test"))
        references = [one.reference for one in runner.questions(train)]
        scorer = str(bench.store.case(case).options.get("scorer") or scorers.suggest(references))
        server.silly = learn(train, test, scorer)
        assert sanity.TYPICAL in server.silly
        for kind in server.silly:
            trainer.model = kind
            finetune.run(bench, case)
            lifecycle.refresh(bench, case)
            found = evaluate.run(bench, case)
            assert found.results["tuned"]["errors"] == 0
            assert found.verdict["sanity"][kind]["beaten"] is False, kind
            assert found.verdict["decision"] != "switch", (kind, found.verdict["reason"])
            assert switch.blocked(bench.store, case)
        bench.close()
