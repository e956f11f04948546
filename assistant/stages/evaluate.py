"""Stage 5 of 6: ask every variant the held-out conversations, and say whether the tuned one is better."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from assistant import variants
from assistant.chat import Chat
from assistant.errors import AttuneError
from assistant.evidence import conclusion, runner, scorers
from assistant.evidence.aside import forgetting
from assistant.evidence.certificate import issue, lockfile, precision
from assistant.jobs import held_out
from assistant.record.disk.alone import alone
from assistant.record.store import Store
from assistant.record.types import Evaluation, Job, Variant
from assistant.stages import baseline
from assistant.workbench import Workbench
from tools.trainer import JobState

Report = Callable[[str, float], None]


def blocked(store: Store, case: str) -> str | None:
    if not store.datasets(case):
        return "There are no held-out conversations yet: build a dataset."
    return None


def task(case: str) -> str:
    """The name of the background task that evaluates the case."""
    return f"evaluate:{case}"


def done(store: Store, case: str) -> bool:
    """The newest model has been measured."""
    found = latest(store, case)
    job = newest(store, case)
    return found is not None and job is not None and found.job == job.id


def latest(store: Store, case: str) -> Evaluation | None:
    """The latest evaluation that has finished."""
    finished = [evaluation for evaluation in store.evaluations(case) if evaluation.finished]
    return finished[-1] if finished else None


def newest(store: Store, case: str) -> Job | None:
    """The newest job that succeeded."""
    found = store.made(case)
    return found[-1] if found else None


def run(bench: Workbench, case: str, job: int = 0, report: Report | None = None) -> Evaluation:
    """Measure every untrained variant and the job's model (0: the newest; none: only the untrained).

    Every answer is recorded as it comes, so that an interrupted evaluation goes on where it stopped.
    """
    with alone(bench.store, task(case), "An evaluation is running already."), bench.chat.models.measuring(case):
        return _run(bench, case, job, report or _silent)


def _run(bench: Workbench, case: str, job: int, say: Report) -> Evaluation:
    store, settings = bench.store, bench.settings
    if reason := blocked(store, case):
        raise AttuneError(reason, "Then evaluate again.")
    tuned = store.job(job) if job else newest(store, case)
    if tuned and tuned.state != JobState.SUCCEEDED:
        raise AttuneError(f"Job {tuned.id} is {tuned.state}: it has no model.", "Evaluate a job that succeeded.")
    if tuned and (original := tuned.request.get("reproduces")):
        raise AttuneError(f"Job {tuned.id} only repeats job {original}.", f"Evaluate job {original}.")
    dataset = tuned.dataset if tuned else baseline.latest_dataset(store, case)
    measured = variants.untrained(store, settings, case, dataset)
    if tuned:
        measured |= variants.tuned(store, settings, tuned)
    candidate = variants.candidate(store, tuned) if tuned else None  # before anything is measured
    evaluation = _open(store, case, dataset, tuned, measured)
    results = _measure(store, bench.chat, evaluation, measured, say)
    found, kept = conclusion.conclude(bench, evaluation, measured, results, candidate)
    say("Comparing what is served with what was trained", 0.98)
    same = _certificate(bench, evaluation, tuned, measured[candidate]) if tuned and candidate else {}
    if tuned and candidate and tuned.request.get("base_name") == measured["prompt"].model:
        kept["forgetting"] = forgetting.measure(bench.chat, measured["prompt"], measured[candidate], say)
    for variant in measured.values():
        bench.chat.models.release(variant)
    return store.finish_evaluation(evaluation.id, results, found.to_json(), same, kept)


def _open(store: Store, case: str, dataset: str, tuned: Job | None, variants: dict[str, Variant]) -> Evaluation:
    """The interrupted evaluation of exactly this, or a new one."""
    references = runner.references(store.items(dataset, "train"))
    scorer = scorers.named(str(store.case(case).options.get("scorer") or ""), references).name
    ids = [variant.id for variant in variants.values()]
    job = tuned.id if tuned else 0
    for old in store.evaluations(case):
        if not old.finished and (old.dataset, old.job, old.scorer, old.variants) == (dataset, job, scorer, ids):
            return old
    return store.add_evaluation(case, dataset, job, scorer, ids)


def _measure(
    store: Store, chat: Chat, evaluation: Evaluation, variants: dict[str, Variant], say: Report
) -> dict[str, Any]:
    asked = runner.questions(store.items(evaluation.dataset, "test"))
    if any(variant.passages for variant in variants.values()):
        say("Getting the search ready", 0.0)  # half-way through, an index that fills would favour the later variants
        chat.knowledge.sync(evaluation.case, wait=True)
    score = scorers.scorer(evaluation.scorer, scorers.embed(chat.knowledge))
    had = {(s.variant, s.item, s.turn) for s in store.scores(evaluation.id) if not s.error}
    results: dict[str, Any] = {}
    for number, (name, variant) in enumerate(variants.items()):
        say(f"Loading the model of {name}", number / len(variants) * 0.95)
        chat.warm(variant, exact=True)
        missing = [q for q in asked if (variant.id, q.item, q.turn) not in had]
        for count, got in enumerate(runner.answer_all(chat, evaluation.id, variant, missing, score), start=1):
            store.add_score(got)
            say(f"{name}: {count} of {len(missing)} answers", (number + count / len(missing)) / len(variants) * 0.95)
        mine = [s for s in store.scores(evaluation.id) if s.variant == variant.id]
        runner.check_answered(mine, variant)
        answered = {(s.item, s.turn) for s in mine if not s.error}
        timing = runner.timings(chat, variant, [q for q in asked if (q.item, q.turn) in answered])
        results[name] = runner.summary(variant, mine, timing)
    return results


def _certificate(bench: Workbench, evaluation: Evaluation, job: Job, variant: Variant) -> dict[str, Any]:
    """Whether what answers is what was trained, with how far the chat's answers are from the measured ones."""
    store, here = bench.store, issue.here(bench.settings, job)
    mine = [score for score in store.scores(evaluation.id) if score.variant == variant.id]
    found = issue.issue(bench, job, variant, held_out.prompts(bench, job, variant) if here else [], mine)
    found["measured"] = lockfile.measured(evaluation, mine)
    if here:
        asked = runner.questions(store.items(evaluation.dataset, "test"))
        score = scorers.scorer(evaluation.scorer, scorers.embed(bench.knowledge))
        found["checks"].append(precision.compare(bench.chat, variant, asked, mine, score, evaluation.scorer).to_json())
    return found


def _silent(message: str, fraction: float) -> None:
    """Progress that nobody asked for."""
