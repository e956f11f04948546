"""Workflows in words: many wordings of each command, and what each leads to with both brains.

The table's parts were written one after the other: "held", "fresh" and "last" were measured once before anything was
mended after them. By now every wording is a regression test.
"""

from __future__ import annotations

import csv
import json
import threading
from pathlib import Path

import pytest

from assistant.guide import proposals, results, wording
from assistant.guide.agent import Guide
from assistant.jobs import lifecycle
from assistant.stages import finetune, interview, switch
from tests.assistant.evidence.measured_case import bad_at_refunds, evaluated, trained
from tests.assistant.guide.proposing import Opened, open_bench
from tests.assistant.guide.test_guide_llm import Llm
from tools.trainer import JobState, JobStatus

TABLE = Path(__file__).parent / "cases" / "commands.tsv"
STEPS = {
    "train",
    "status",
    "stopped",
    "better",
    "cost",
    "undo",
    "switch",
    "export",
    "failures",
    "evaluate",
    "cancel",
    "dataset",
    "baseline",
}


def rows() -> list[tuple[str, str, dict[str, object]]]:
    """(wording, kind, options); "none" stands for a message that is no command."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        lines = [row for row in csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE) if not row[0].startswith("#")]
    return [(text, kind, json.loads(options)) for _, text, kind, options in lines]


@pytest.mark.parametrize(("text", "kind", "options"), rows())
def test_a_wording_leads_to_its_command(text: str, kind: str, options: dict[str, object]) -> None:
    found = wording.read(text)
    assert ((found.kind, found.options) if found.kind in STEPS else ("none", {})) == (kind, options)


def test_there_are_many_wordings_of_each() -> None:
    kinds = [kind for _, kind, _ in rows()]
    assert len(kinds) >= 150
    assert all(kinds.count(kind) >= 8 for kind in STEPS - {"cancel", "dataset", "baseline"})


@pytest.mark.parametrize("asked", ["goal", "users", "tone", "format", "must", "must_not", "success", "alternatives"])
def test_an_answer_is_not_taken_for_a_command(asked: str) -> None:
    for text in (
        "Answer our customers better than today",
        "Evaluate complaints and sort them",
        "People who export goods",
        "Warm, never pushy",
        "Use short words",
        "Stop after three sentences",
        "Train times must be named",
        "Switch to formal language for complaints",
        "A test with ten colleagues",
    ):
        assert wording.read(text, asked).kind not in STEPS, text


# what the built-in guide does with them -------------------------------------------------------------------------------
def test_a_measured_case_in_words(opened: Opened) -> None:
    bench, trainer = opened
    case = trained(bench, trainer)
    guide = Guide(bench)

    def say(text: str) -> str:
        return guide.say(case, text).text

    assert "Nothing has been measured yet" in say("is it better?")
    assert "no training and no evaluation" not in say("what did it cost?")
    assert "did not break off" in say("why did it stop?")
    evaluated(bench, case, lambda _, tuned: 0.8 if tuned else 0.5)
    told = say("is it better?")
    assert told.startswith("Yes, it is better. On 20 held-out conversations tuned scores 30.0 points more of 100 than ")
    assert "lies between +30.0 and +30.0" in told
    assert "A request takes 100 tokens with tuned" in say("what did it cost?")
    before = switch.active(bench.store, bench.settings, case).name
    reply = guide.say(case, "use the tuned model from now on")
    assert reply.proposal is not None
    proposals.confirm(bench, reply.proposal.id)
    assert switch.active(bench.store, bench.settings, case).name == "tuned"
    reply = guide.say(case, "switch back")
    assert reply.proposal is not None
    assert reply.proposal.kind == "undo"
    proposals.confirm(bench, reply.proposal.id)
    assert switch.active(bench.store, bench.settings, case).name == before
    reply = guide.say(case, "train on what we have with instant for 2 epochs")
    assert reply.proposal is None or reply.proposal.kind == "train"
    reply = guide.say(case, "train on what we have for 2 epochs")
    assert reply.proposal is not None
    assert (reply.proposal.kind, reply.proposal.payload["epochs"]) == ("train", 2.0)
    assert len(trainer.started) == 1


@pytest.mark.parametrize(
    ("rate", "told"),
    [
        (bad_at_refunds, "That is not proved. On 20 held-out conversations tuned scores 5.0 points more"),
        (lambda _, tuned: 0.3 if tuned else 0.5, "No, it is worse. On 20 held-out conversations tuned scores 20.0"),
    ],
)
def test_a_verdict_in_plain_words(opened: Opened, rate: object, told: str) -> None:
    bench, trainer = opened
    case = trained(bench, trainer)
    evaluated(bench, case, rate)  # type: ignore[arg-type]
    assert results.told(bench, case, "better").startswith(told)


def test_few_conversations_prove_nothing(opened: Opened) -> None:
    bench, trainer = opened
    case = trained(bench, trainer, heldout=12)
    evaluated(bench, case, lambda _, tuned: 0.8 if tuned else 0.5)
    assert "so few conversations prove nothing" in results.told(bench, case, "better")


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (
            JobStatus(JobState.FAILED, "Memory ran out: use a smaller batch", resumable=True),
            "failed: Memory ran out: use a smaller batch. Mend that, then go on from its last checkpoint",
        ),
        (JobStatus(JobState.FAILED, "The disk is full."), "failed: The disk is full. It left no checkpoint"),
        (JobStatus(JobState.CANCELLED, "cancelled", resumable=True), "was cancelled: cancelled. Mend that"),
        (JobStatus(JobState.RUNNING, step=3, steps=9), "has not stopped: it is running, step 3 of 9"),
    ],
)
def test_why_it_stopped_is_the_reason_and_the_remedy(opened: Opened, status: JobStatus, expected: str) -> None:
    bench, trainer = opened
    case = trained(bench, trainer)
    trainer.poll = lambda handle, after=0: status  # type: ignore[method-assign]  # noqa: ARG005
    job = finetune.run(bench, case)
    lifecycle.refresh(bench, case)
    assert f"Job {job.id} {expected}" in Guide(bench).say(case, "why did it stop?").text


def test_before_anything_has_run(opened: Opened) -> None:
    bench, _ = opened
    case = interview.new(bench.store, "Empty").id
    assert "no training has been started" in results.told(bench, case, "stopped")
    assert "Nothing has been spent" in results.told(bench, case, "cost")
    reply = Guide(bench).say(case, "export for Ollama")
    assert "no trained model yet" in reply.text


# and an LLM -----------------------------------------------------------------------------------------------------------
def test_an_llm_has_the_same_tools(tmp_path: Path) -> None:
    llm = Llm()
    threading.Thread(target=llm.serve_forever, daemon=True).start()
    bench, trainer = open_bench(tmp_path / "run", guide_base_url=llm.url, guide_model="wise")
    case = trained(bench, trainer)
    evaluated(bench, case, bad_at_refunds)
    llm.script = [
        [
            ("look_up", {"question": "should I fine-tune or use RAG?"}),
            ("results", {"about": "better"}),
            ("results", {"about": "failures"}),
            ("results", {"about": "weather"}),
            ("export", {"form": "dataset"}),
        ],
        [("add_conversations", {"text": "User: is it heavy?\nAssistant: Hello! Two kilos."})],
        "Here you are.",
    ]
    reply = Guide(bench).say(case, "tell me everything")
    assert reply.text.startswith("Here you are.")
    told = [m["content"] for request in llm.requests[-1:] for m in request["messages"] if m["role"] == "tool"]
    looked, better, failed, wrong, exported, added = [json.loads(text) for text in told]
    assert looked["sections"][0]["source"] == "Whether to fine-tune, “Fine-tune or search documents”"
    assert better["told"].startswith("That is not proved")
    assert "lose 30 points" in failed["told"]
    assert "no results about 'weather'" in wrong["error"]
    assert Path(exported["folder"]).is_relative_to(bench.settings.data)
    assert added["note"].startswith("Nothing has started")
    assert reply.proposal is not None
    assert reply.proposal.kind == "approve"
    bench.close()
    llm.shutdown()
    llm.server_close()
