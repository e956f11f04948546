"""What was measured and what it took, in plain words: is it better, the cost, why it stopped, where it fails."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from assistant.errors import AttuneError
from assistant.evidence import failures
from assistant.evidence.aside import cost as costs
from assistant.evidence.failures import Failures, Group
from assistant.jobs import lifecycle
from assistant.record.types import Evaluation, Job
from assistant.stages import evaluate
from tools.trainer import JobState

if TYPE_CHECKING:
    from assistant.workbench import Workbench

SHOWN, EXAMPLES = 3, 3  # groups of failures that are told, conversations that are asked for
NOTHING_MEASURED = "Nothing has been measured yet, so nobody can say whether training helps. Evaluate first."
CHECK = "Whether answers are right, and not only alike, is for you to see: compare a few of them in the Compare tab."


def told(bench: Workbench, case: str, about: str) -> str:
    """One of `ABOUT` in words. Raises AttuneError for anything else."""
    if about not in ABOUT:
        raise AttuneError(f"There are no results about '{about[:40]}'.", f"Ask for one of: {', '.join(ABOUT)}.")
    return ABOUT[about](bench, case)


def better(bench: Workbench, case: str) -> str:
    """The verdict with its interval, and what speaks against trusting it."""
    found = evaluate.latest(bench.store, case)
    if found is None:
        return NOTHING_MEASURED
    parts = [verdict(found)]
    newest = evaluate.newest(bench.store, case)
    if newest and newest.id != found.job:
        parts.append(f"The newest model, of job {newest.id}, has not been measured yet: evaluate again.")
    if found.parity and not found.parity.get("ok", True):
        parts.append("But what is served is not what was trained, so it may not take over: see its certificate.")
    return " ".join(parts)


def verdict(found: Evaluation) -> str:
    """A verdict in plain words: yes, no or not proved, and why."""
    said = found.verdict
    answer = {"switch": "Yes, it is better.", "stay": "No.", "undecided": "That is not proved."}
    begin, end = answer.get(str(said["decision"]), ""), CHECK if said["decision"] == "switch" else ""
    ledger = str(found.proof.get("ledger", {}).get("sentence", ""))
    return " ".join(part for part in (begin, str(said["reason"]), ledger, end) if part)


def cost(bench: Workbench, case: str) -> str:
    """What each finished run and the last evaluation took, and what a request takes now."""
    jobs = [job for job in bench.store.jobs(case) if JobState(job.state).ended]
    found = evaluate.latest(bench.store, case)
    if not jobs and found is None:
        return "Nothing has been spent: no training and no evaluation has run yet."
    parts = [_run_cost(job) for job in jobs[-3:]]
    if found is not None:
        scores = bench.store.scores(found.id)
        tokens = sum(score.prompt_tokens + score.completion_tokens for score in scores)
        took = _seconds(found.created, found.finished)
        parts.append(f"The evaluation took {_duration(took)} for {len(scores)} answers and {tokens:,} tokens.")
        takes = costs.of(bench.store, bench.settings, found)
        parts.append(takes["sentence"] if takes else _a_request(found))
    return " ".join(part for part in parts if part)


def stopped(bench: Workbench, case: str) -> str:
    """Why the newest run or evaluation ended, and what to do about it."""
    task = bench.background.task(evaluate.task(case))
    if task and task.state == "failed":
        return f"The evaluation stopped: {task.error} The answers so far are kept; evaluate again and it goes on there."
    jobs = bench.store.jobs(case)
    if not jobs:
        return "Nothing has stopped: no training has been started yet."
    job = jobs[-1]
    status = lifecycle.follow(bench, job.id)
    job = bench.store.job(job.id)
    if job.state == JobState.SUCCEEDED:
        return f"Job {job.id} did not break off: it finished and made a model. Evaluate it to see whether it is better."
    if not JobState(job.state).ended:
        at = f", step {status.step} of {status.steps}" if status.steps else ""
        if job.state == JobState.PAUSED:
            return f"Job {job.id} is paused{at}: resume it with the button in the Training tab, and it goes on there."
        return f"Job {job.id} has not stopped: it is {job.state}{at}."
    reason = job.reason.rstrip(".") or "it left no reason; its folder under jobs/ has a log"
    how = "was cancelled" if job.state == JobState.CANCELLED else "failed"
    return f"Job {job.id} {how}: {reason}. {_remedy(status.resumable)}"


def shown_failures(bench: Workbench, case: str) -> str:
    """The groups of failures, and a request for the conversations that are missing."""
    found = measured_failures(bench, case)
    if found is None:
        return NOTHING_MEASURED
    if not found.of:
        return "No held-out conversation was scored, so there is nothing to look through: evaluate again."
    if not found.groups:
        return (
            f"{found.variant} failed on none of the {found.of} held-out conversations: it lost none, and none is "
            "far below its mean."
        )
    lines = [f"- {said}" for said in (sentence(found, group) for group in found.groups[:SHOWN])]
    more = sum(len(group.failures) for group in found.groups[SHOWN:])
    lines += [f"- {more} more are about other things."] if more else []
    head = f"{found.variant} fails on {found.count} of {found.of} held-out conversations:\n" + "\n".join(lines)
    return f"{head}\n\n{example(found.groups[0].failures[0])}\n\n{wanted(found.groups[0])}"


def measured_failures(bench: Workbench, case: str) -> Failures | None:
    """What the latest evaluation shows; None before there is one."""
    found = evaluate.latest(bench.store, case)
    return failures.find(bench.store, found) if found else None


def sentence(found: Failures, group: Group) -> str:
    """One group: what it is about, by how many points, and how many."""
    count = f"({len(group.failures)} of {found.of})"
    subject = f"Answers about {group.name}" if group.about else "Answers that have nothing in common"
    if group.points < 0:
        against = f" against {found.against}" if found.against else " against its mean"
        return f"{subject} lose {-group.points:.0f} points{against} {count}."
    mean = sum(failure.score for failure in group.failures) / len(group.failures)
    return f"{subject} score only {100 * mean:.0f} points, far below the mean {count}."


def wanted(group: Group) -> str:
    """Asks for the missing conversations, with the form in which they can be pasted."""
    about = f" about {group.name}" if group.about else " like these"
    return (
        f"Can you paste {_NUMBERS[EXAMPLES]} real ones{about}? Write “User: …” and “Assistant: …” on lines of "
        "their own, with a line of --- between conversations. Nothing is learned from them before you approve them."
    )


def example(failure: failures.Failure) -> str:
    """The worst of a group: what was asked, answered and approved."""
    return (
        f"For example: “{_short(failure.asked)}” It answered: “{_short(failure.answer) or 'nothing'}” "
        f"Approved is: “{_short(failure.wanted)}”"
    )


def as_state(bench: Workbench, case: str) -> dict[str, Any] | None:
    """Failures for the state: a sentence a group and what to ask for; None where nothing was measured or failed."""
    found = measured_failures(bench, case)
    if found is None or not found.groups:
        return None
    groups = [
        {"about": group.name, "count": len(group.failures), "points": group.points, "told": sentence(found, group)}
        for group in found.groups[:SHOWN]
    ]
    return {
        "variant": found.variant,
        "count": found.count,
        "of": found.of,
        "groups": groups,
        "ask": wanted(found.groups[0]),
    }


_NUMBERS = ("no", "one", "two", "three", "four", "five")
ABOUT: dict[str, Callable[[Workbench, str], str]] = {
    "better": better,
    "cost": cost,
    "stopped": stopped,
    "failures": shown_failures,
}


def _run_cost(job: Job) -> str:
    took = job.metrics.get("seconds") or _seconds(job.created, job.ended)
    local = job.handle.startswith("jobs/")
    money = job.metrics.get("money_usd")
    price = f"${float(money):.2f}" if money is not None else "no money" if local else "what its provider's bill says"
    where = "this computer" if local else job.trainer
    return f"Job {job.id} ({job.trainer}, {job.state}) took {_duration(float(took))} of {where} and {price}."


def _a_request(found: Evaluation) -> str:
    """Tokens of a request with and without training, where both were measured."""
    pair = [
        found.results.get(found.verdict.get(name, ""), {}).get("tokens_per_request")
        for name in ("candidate", "against")
    ]
    if None in pair:
        return ""
    tuned, best = found.verdict["candidate"], found.verdict["against"]
    return f"A request takes {pair[0]:.0f} tokens with {tuned} and {pair[1]:.0f} with {best}."


def _remedy(resumable: bool) -> str:
    if resumable:
        return (
            "Fix that, then go on from its last checkpoint: press Resume in the Training tab or run `attune "
            "finetune --resume`. Nothing that was learned up to there is lost."
        )
    return "It left no checkpoint: fix that, then say “train” to start again. The dataset is kept as it is."


def _seconds(start: str, end: str) -> float:
    if not start or not end:
        return 0.0
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"


def _short(text: str, most: int = 180) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= most else plain[: most - 1].rstrip() + "…"
