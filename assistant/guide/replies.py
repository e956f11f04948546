"""What the checklist says: pure functions from the state of a case to a message with a few answers to tap."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from assistant.guide.sentences.table import Table, tables
from assistant.guide.state import FEW, State
from assistant.record.types import BRIEF_QUESTIONS, FIRST_FIELDS
from assistant.stages.interview import QUESTIONS

BUTTONS = ("skip", "back", "why", "next")  # below every question
EXACT = tuple("status summary help baseline measure dataset train evaluate failures switch undo export".split())


@dataclass(frozen=True)
class Said:
    """A reply: its text, answers to tap, and marks that the next turn needs (the field asked, the step offered)."""

    text: str
    suggestions: tuple[str, ...] = ()
    asked: str = ""
    offer: str = ""

    def after(self, *lead: str) -> Said:
        """The same reply with paragraphs before it."""
        return replace(self, text="\n\n".join(part for part in (*lead, self.text) if part))


def language(state: State) -> Table:
    return tables()[state["speaks"]]


def opening(state: State) -> Said:
    """What is said when a case is opened: an introduction to a new one, else where it stands."""
    new = len(state["gaps"]) == len(BRIEF_QUESTIONS)
    return next_step(state).after(language(state).say("hello", title=state["title"]) if new else "")


def question(state: State, name: str) -> Said:
    """One question with its reason and its place among those that are asked before the same stage."""
    table, asked = language(state), language(state).questions[name]
    group = [each for each in QUESTIONS if QUESTIONS[each].before == QUESTIONS[name].before]
    place = table.say("position", number=group.index(name) + 1, count=len(group), text=asked.text)
    return Said(f"{place}\n\n_{asked.why}_", (*asked.suggestions, *table.labels(*BUTTONS)), asked=name)


def next_step(state: State, after: str = "") -> Said:
    """The next question, or what the case needs next. `after`: a question to leave where it is and go on behind it."""
    due = state["due"]
    first = [name for name in due if name in FIRST_FIELDS]
    behind = due[due.index(after) + 1 :] if after in due else due
    if first:
        return question(state, (behind or due)[0])
    if waiting := state["proposal"]:
        table = language(state)
        text = table.say("waiting", number=waiting["id"], why=waiting["why"])
        return Said(text, table.labels("why", "status"))
    if running := _running(state):
        return Said(running, language(state).labels("status"))
    return question(state, behind[0]) if behind else _stage(state)


def again(state: State, asked: str) -> Said:
    """The question that was asked, or the next step where none was or it has been answered elsewhere."""
    return question(state, asked) if asked in state["gaps"] else next_step(state)


def why(state: State, asked: str) -> Said:
    """The reason for a question, for a proposal, or for the next step."""
    table = language(state)
    if asked:
        found = table.questions[asked]
        example = next(iter(found.suggestions), "")
        return again(state, asked).after(table.say("why", why=found.why, example=example) if example else found.why)
    if waiting := state["proposal"]:
        return Said(waiting["why"])
    if state["verdict"]:
        return next_step(state).after(table.say("status_verdict", reason=state["verdict"]["reason"]))
    return next_step(state).after(table.say("why_step"))


def summary(state: State) -> str:
    """What the brief says, as a list."""
    table, brief = language(state), state["brief"]
    lines = [f"- **{table.titles[name]}:** {shown(brief[name])}" for name in BRIEF_QUESTIONS if brief[name]]
    left = [table.titles[name] for name in BRIEF_QUESTIONS if name in brief["skipped"]]
    head = f"{table.say('summary')}\n" + "\n".join(lines) if lines else table.say("nothing_noted")
    return f"{head}\n\n{table.say('left_open', titles=', '.join(left))}" if left else head


def status(state: State, jobs: list[dict[str, Any]]) -> str:
    """Where the case stands, as a list."""
    table, data = language(state), state["dataset"]
    count, verdict, task = len(BRIEF_QUESTIONS), state["verdict"], state["evaluating"]
    lines = [
        table.say("status_questions", done=count - len(state["gaps"]), count=count),
        table.say("status_documents", count=len(state["documents"])),
        table.say("status_dataset", **data) if data else table.say("status_no_dataset"),
        *(table.say("status_job", number=job["id"], trainer=job["trainer"], state=job_text(job)) for job in jobs),
        *([table.say("measuring", message=task["error"] or task["message"])] if task else []),
        *([table.say("status_verdict", reason=verdict["reason"])] if verdict else []),
        table.say("status_active", active=_answering(state)),
        *([state["traffic"]] if state["traffic"] else []),
    ]
    return "\n".join(f"- {line}" for line in lines)


def _answering(state: State) -> str:
    """What answers now: a name, or several with how many of 100 conversations each has."""
    shares = state["shares"]
    return ", ".join(f"{name} ({share} %)" for name, share in shares.items()) if len(shares) > 1 else state["active"]


def outcome(state: State, result: dict[str, Any]) -> str:
    """What a tool did, in words. What stages say of themselves stays English."""
    table = language(state)
    if "error" in result:
        return f"{result['error']} {result['remedy']}".strip()
    told = str(result.get("told", ""))
    if "proposal" in result:
        return f"{told}\n\n{table.say('proposed', number=result['proposal'], why=result['why'])}".strip()
    if told:
        return told
    if "built" in result:
        return table.say("built", active=result["active"])
    if "train" in result:
        frozen = table.say("frozen", train=result["train"], test=result["test"])
        dropped = "".join(f" {count} left out: {reason}." for reason, count in result["dropped"].items())
        return frozen + dropped + (f" {table.say('few', count=FEW)}" if result["train"] < FEW else "")
    return ""


def looked_up(result: dict[str, Any]) -> str:
    """The section that answers a question, with its source, after what the glossary says of the term."""
    term = f"**{result['term']}**: {result['definition']}" if result.get("term") else ""
    if not result["sections"]:
        return term
    best = result["sections"][0]
    return "\n\n".join(part for part in (term, best["text"], f"_Source: {best['source']}_") if part)


def words(table: Table) -> str:
    """The exact words that are understood besides answers."""
    return ", ".join(table.labels(*BUTTONS, *EXACT))


def job_text(job: dict[str, Any]) -> str:
    """How a job is doing, in words."""
    text = str(job["state"])
    if job.get("steps"):
        text += f", step {job['step']} of {job['steps']}"
    if job.get("eta_seconds"):
        text += f", about {max(1, round(job['eta_seconds'] / 60))} min left"
    return f"{text} ({job['reason']})" if job.get("reason") else text


def shown(value: Any) -> str:
    return "; ".join(value) if isinstance(value, list) else str(value or "")


def _offer(state: State, meaning: str, *more: str, sentence: str = "") -> Said:
    """The step that a word takes, which is also a button."""
    table = language(state)
    text = table.say(sentence or f"offer_{meaning}", word=table.label(meaning))
    return Said(text, table.labels(meaning, *more), offer=meaning)


def _running(state: State) -> str:
    table, job, task = language(state), state["job"], state["evaluating"]
    if job and job["state"] not in ("succeeded", "failed", "cancelled"):
        return table.say("paused" if job["state"] == "paused" else "running", number=job["id"], state=job["state"])
    return table.say("measuring", message=task["message"]) if task and task["state"] == "running" else ""


def _stage(state: State) -> Said:
    """What the stage needs, after a word on a baseline that is out of date."""
    found = _STEPS[state["stage"]](state)
    papers = state["documents"] and state["active"] in ("prompt", "few-shot")
    begun = state["stage"] not in ("interview", "baseline")
    if not begun or not (papers or state["outdated"]):
        return found
    stale = _offer(state, "baseline", sentence="offer_documents" if papers else "offer_rebuild")
    return Said(
        f"{stale.text}\n\n{found.text}", (*stale.suggestions, *found.suggestions), offer=found.offer or "baseline"
    )


def _dataset(state: State) -> Said:
    table = language(state)
    if state["blocked"]:
        return Said(table.say("dataset_waits", why=state["blocked"]), table.labels("status", "help"))
    return _offer(state, "dataset", "summary")


def _finetune(state: State) -> Said:
    table, job, verdict = language(state), state["job"], state["verdict"]
    stopped = table.say("job_stopped", number=job["id"], state=job["state"], reason=job["reason"]) if job else ""
    if state["blocked"]:
        return Said(f"{stopped} {state['blocked']}".strip(), table.labels("status"))
    measured = table.say("status_verdict", reason=verdict["reason"]) if verdict else ""
    return _offer(state, "train", "measure", "status").after(stopped, measured)


def _evaluate(state: State) -> Said:
    if state["blocked"]:
        return Said(str(state["blocked"]), language(state).labels("status"))
    task = state["evaluating"]
    return _offer(state, "evaluate", "status").after(str(task["error"]) if task else "")


def _switch(state: State) -> Said:
    table = language(state)
    if not state["blocked"]:
        reason = str((state["verdict"] or {}).get("reason", ""))
        return _offer(state, "switch", "status").after(reason, _failing(state))
    buttons = (*(["failures"] if state["failures"] else []), "dataset", "train", "status")
    return Said(_failing(state), table.labels(*buttons)).after(table.say("no_switch", reason=state["blocked"]))


def _failing(state: State) -> str:
    """Where the measured variant fails, and the conversations that would fix it; empty when it fails nowhere."""
    found = state["failures"]
    if not found:
        return ""
    lines = "\n".join(f"- {group['told']}" for group in found["groups"])
    return f"It fails on {found['count']} of {found['of']}:\n\n{lines}\n\n{found['ask']}"


def _done(state: State) -> Said:
    table = language(state)
    return Said(table.say("all_done", active=state["active"]), table.labels("status", "undo"))


_STEPS = {
    "interview": lambda state: _offer(state, "baseline", "summary", "back"),
    "baseline": lambda state: _offer(state, "baseline", "summary", "back"),
    "dataset": _dataset,
    "finetune": _finetune,
    "evaluate": _evaluate,
    "switch": _switch,
    "done": _done,
}
