"""The whole journey, in one file: from nothing to a chat with a model that Attune trained, measured and switched to.

Everything is real: SQLite, Chroma, the embedded model, training in a child process, llama.cpp on loopback. Only the
example is cut, to 40 conversations to learn and 6 held out, seen once: the whole of it is a recorded benchmark.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time

import pytest

from assistant import cases, stages, workbench
from assistant.errors import AttuneError
from assistant.jobs import lifecycle
from assistant.settings import EMBEDDED, ROOT, Settings
from assistant.stages import baseline, dataset, evaluate, finetune, interview, switch
from tests.conftest import cut
from tools.trainer import JobState

UNTRAINED = ("prompt", "few-shot", "rag", "rag+few-shot", "quote")
TRAIN, HELD_OUT, MOST_TOKENS = 40, 6, 40
FIRST_QUESTION = "What is the capital of France?"
QUESTION = "How long can I return a teapot?"


@pytest.fixture(scope="module")
def bench(tmp_path_factory, embedded):
    data = tmp_path_factory.mktemp("journey")
    (data / "models").symlink_to(embedded)
    own = {"chat_model": EMBEDDED, "embedding": "auto", "longest_answer": MOST_TOKENS}  # not what other tests are given
    bench = workbench.open_workbench(Settings(data=data, **own))
    yield bench
    bench.close()


@pytest.fixture(scope="module")
def example(tmp_path_factory):
    return cut(tmp_path_factory.mktemp("example") / "teashop", TRAIN, HELD_OUT)


def attune(bench, *words):
    """The command line, on the same data folder."""
    env = os.environ | {
        "ATTUNE_DATA": str(bench.settings.data),
        "ATTUNE_CHAT_MODEL": EMBEDDED,
        "ATTUNE_EMBEDDING": "auto",
    }
    command = [sys.executable, "-m", "assistant.faces.cli", *words]
    done = subprocess.run(command, capture_output=True, text=True, env=env, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.slow
@pytest.mark.timeout(2400)
def test_the_whole_journey(bench, example):
    store, settings = bench.store, bench.settings

    # 0. A folder with a brief, documents and approved conversations becomes a case. An empty one knows what it lacks.
    empty = interview.new(store, "Nothing said yet").id
    assert stages.current(store, empty) == "interview"
    assert "lacks: goal, users" in baseline.blocked(store, empty)
    assert dataset.blocked(store, empty).startswith("0 of at least 10")
    first = bench.chat.reply(switch.active(store, settings, empty), [{"role": "user", "content": FIRST_QUESTION}])
    assert "Paris" in "".join(first)  # whoever opens the app asks before they tell it anything
    case = cases.from_folder(bench, example).id

    # 1. The interview is complete, because the folder's brief is.
    assert interview.done(store, case)
    assert stages.current(store, case) == "baseline"

    # 2. The baseline answers at once, from the documents, with no training.
    made = baseline.run(store, settings, case)
    assert tuple(variant.name for variant in made) == UNTRAINED
    before = switch.active(store, settings, case)
    bench.knowledge.sync(case, wait=True)  # until then words alone are searched
    reply = bench.chat.reply(before, [{"role": "user", "content": QUESTION}])
    assert "".join(reply).strip()
    assert "returns.md" in {passage.document for passage in reply.passages}

    # 3. What people approved becomes a frozen split that nothing leaks through.
    frozen = dataset.run(store, case)
    assert (frozen.train, frozen.test) == (TRAIN, HELD_OUT)
    assert dataset.run(store, case).id == frozen.id

    # 4. Training is a job in another process; it can be followed by anyone who has the record.
    job = finetune.run(bench, case, epochs=1, batch_size=4)
    events = []
    while not (status := lifecycle.follow(bench, job.id, after=len(events))).state.ended:
        events += status.events
        time.sleep(0.5)
    events += status.events
    assert status.state is JobState.SUCCEEDED, status.reason
    losses = [event["eval_loss"] for event in events if event["type"] == "eval"]  # on what is not trained on
    assert losses[-1] < losses[0]
    assert stages.current(store, case) == "evaluate"

    # 5. Every variant answers the same held-out conversations; the tuned one is compared with the best untrained.
    evaluation = evaluate.run(bench, case)
    assert set(evaluation.results) == {*UNTRAINED, "tuned", "tuned+rag"}
    assert evaluation.parity["ok"], evaluation.parity
    verdict, measured = evaluation.verdict, {name: row["score"] for name, row in evaluation.results.items()}
    assert verdict["candidate"] == "tuned+rag"
    best = max(measured[name] for name in UNTRAINED)
    assert verdict["difference"] == pytest.approx(measured["tuned+rag"] - best, abs=0.02)
    if verdict["decision"] == "switch":
        assert verdict["low"] > 0

    # 6. The chat is switched, and back. A model that has not proved better takes over only by force.
    if verdict["decision"] != "switch":
        with pytest.raises(AttuneError):
            switch.run(store, case)
    switch.run(store, case, "tuned+rag", reason="to see it answer", force=True)
    answer = attune(bench, "ask", case, QUESTION, "--json")
    assert answer["variant"] == "tuned+rag"
    assert answer["answer"].strip()
    attune(bench, "undo", case, "--json")
    assert switch.active(store, settings, case) == before
