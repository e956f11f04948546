"""A case that was trained and measured, in a real record: two topics, one of which the tuned model gets wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from assistant import variants
from assistant.evidence import verdict
from assistant.jobs import lifecycle
from assistant.record.types import Evaluation, Score
from assistant.stages import baseline, dataset, finetune, interview
from assistant.workbench import Workbench
from tests.assistant.conversations.test_conversations import questions as unlike
from tests.assistant.guide.proposing import InstantTrainer
from tools.trainer import JobState

Rate = Callable[[str, bool], float]  # what was asked, by the tuned model -> score


def trained(bench: Workbench, trainer: InstantTrainer, heldout: int = 20) -> str:
    """A case with a frozen dataset, half of it about refunds, and a job that succeeded."""
    store, case = bench.store, interview.new(bench.store, "Post desk").id
    interview.run(store, case, dict.fromkeys(interview.QUESTIONS, "skip") | {"goal": "Answer customers"})
    baseline.run(store, bench.settings, case)
    for number, words in enumerate(unlike(40 + heldout)):
        topic = ("refund", "parcel")[number % 2]
        store.import_conversation(
            case,
            "heldout" if number < heldout else "import",
            [
                {"role": "user", "content": f"{words} {topic}"},
                {"role": "assistant", "content": f"Hello! Your {topic} is on its way."},
            ],
        )
    dataset.run(store, case)
    finetune.run(bench, case)
    trainer.state = JobState.SUCCEEDED
    lifecycle.refresh(bench, case)
    return case


def evaluated(bench: Workbench, case: str, rate: Rate, untrained: Sequence[str] = ("prompt", "few-shot")) -> Evaluation:
    """An evaluation recorded as the stage records it: scores a turn, results a variant, and the real verdict."""
    store, job = bench.store, bench.store.jobs(case)[-1]
    known = variants.untrained(store, bench.settings, case, job.dataset)
    tuned = variants.tuned(store, bench.settings, job)["tuned"]
    measured = {name: known[name] for name in untrained} | {"tuned": tuned}
    opened = store.add_evaluation(case, job.dataset, job.id, "chrf", [variant.id for variant in measured.values()])
    scores: dict[str, dict[int, float]] = {}
    for item in store.items(job.dataset, "test"):
        asked = str(item.messages[0]["content"])
        for name, variant in measured.items():
            score = rate(asked, name == "tuned")
            scores.setdefault(name, {})[item.position] = score
            store.add_score(Score(opened.id, variant.id, item.position, 0, f"{name} says so", score, 80, 20, 0.1, 0.3))
    results = {name: {"variant": v.id, "tokens_per_request": 100.0 + v.shots} for name, v in measured.items()}
    found = verdict.judge(verdict.Findings(scores, scores), "tuned")
    return store.finish_evaluation(opened.id, results, found.to_json(), {"ok": True, "checks": []})


def bad_at_refunds(asked: str, tuned: bool) -> float:
    """The untrained do alike on both topics; the tuned model loses the refunds and gains on the parcels."""
    if not tuned:
        return 0.5
    return 0.2 if "refund" in asked else 0.9
