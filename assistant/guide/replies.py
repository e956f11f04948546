"""The built-in guide's words: pure functions from the state of a case to what is said, with a few answers to tap."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from assistant.guide.state import State
from assistant.record.types import BRIEF_QUESTIONS, OPTIONAL_FIELDS
from assistant.stages.interview import QUESTIONS

TITLES = {
    "goal": "goal",
    "users": "readers",
    "language": "language",
    "tone": "tone",
    "format": "format",
    "must": "must",
    "must_not": "must never",
    "success": "success test",
    "alternatives": "tried so far",
    "costs": "costs",
    "benefits": "benefit",
    "examples": "good answers",
    "bad_example": "bad answer",
}
OFFERS = {
    "baseline": ("Build the baseline", "Shall I build the baseline: the best chat without training?"),
    "dataset": ("Build the dataset", "Shall I freeze your approved conversations into a dataset?"),
    "train": ("Propose a training", "Shall I propose a training run, with what it takes?"),
    "evaluate": ("Propose an evaluation", "Shall I propose the evaluation?"),
    "switch": ("Propose the switch", "Shall I propose to switch to it?"),
}
NOTHING_FOUND = (
    "I cannot answer that: I found nothing about it in what I know, which is fine-tuning and this app. Ask “what does "
    "training cost?”, for example, or say “help”."
)
REBUILD = "The baseline still answers by the old brief. Shall I propose to build it again?"


@dataclass(frozen=True)
class Said:
    """A reply: its text, answers to tap, and marks that the next turn needs (the field asked, the step offered)."""

    text: str
    suggestions: tuple[str, ...] = ()
    asked: str = ""
    offer: str = ""
    recorded: tuple[str, ...] = field(default=())

    def after(self, *lead: str) -> Said:
        """The same reply with paragraphs before it."""
        text = "\n\n".join(part for part in (*lead, self.text) if part)
        return Said(text, self.suggestions, self.asked, self.offer, self.recorded)


def opening(state: State) -> Said:
    """What is said when a case is opened: an introduction to a new one, else where it stands."""
    answered = any(state["brief"][name] for name in BRIEF_QUESTIONS)
    if state["gaps"] and not answered and not state["brief"]["skipped"]:
        return next_step(state).after(
            f"Hello! I am the guide for “{state['title']}”. I ask {len(QUESTIONS)} short questions, build the best "
            "chat without training, and only then we measure whether fine-tuning pays. Say “skip”, “why?” or “go back” "
            "whenever you like."
        )
    return next_step(state).after("Welcome back." if state["gaps"] else "")


def question(state: State, name: str, reason: bool = True) -> Said:
    """One question of the interview with its reason, and with what has been answered so far."""
    asked = QUESTIONS[name]
    number = f"**Question {list(QUESTIONS).index(name) + 1} of {len(QUESTIONS)}.** "
    had = shown(state["brief"][name])
    kept = f"\n\nSo far: “{had}”. Say “skip” to keep it." if had else ""
    why = f"\n\n_{asked.why}_" if reason else ""
    return Said(f"{number}{asked.text}{why}{kept}", (*asked.suggestions, "Skip"), asked=name)


def next_step(state: State) -> Said:
    """The next question, or what the case needs next and an offer to do it."""
    begun = state["stage"] not in ("interview", "baseline")  # later on nobody is held up by an optional question
    if gaps := [name for name in state["gaps"] if not (begun and name in OPTIONAL_FIELDS)]:
        return question(state, gaps[0])
    if waiting := state["proposal"]:
        return Said(
            f"A proposal waits for you (number {waiting['id']}): {waiting['why']}\n\nConfirm or decline it "
            "with its buttons; nothing happens before.",
            ("Why?", "Status"),
        )
    if running := _running(state):
        return Said(running, ("Status",))
    return _STEPS[state["stage"]](state)


def clarify(state: State, name: str) -> Said:
    """The same question in other words: why it is asked, and what others answer."""
    asked = QUESTIONS[name]
    examples = " or ".join(f"“{suggestion}”" for suggestion in asked.suggestions)
    shortest = f" An answer may be as short as {examples}." if examples else ""
    return question(state, name, reason=False).after(asked.why + shortest)


def summary(state: State) -> Said:
    """What the brief says, and what speaks against training."""
    brief = state["brief"]
    lines = [f"- **{TITLES[name].capitalize()}:** {shown(brief[name])}" for name in BRIEF_QUESTIONS if brief[name]]
    left = [f"“{TITLES[name]}”" for name in BRIEF_QUESTIONS if name in brief["skipped"]]
    parts = ["This is what I understood:\n" + "\n".join(lines) if lines else "The brief is still empty."]
    if left:
        parts.append(f"Left open: {', '.join(left)}. Say “tone: ...”, for example, to fill one in.")
    parts += [f"⚠ {flag}" for flag in state["red_flags"].values()]
    return next_step(state).after(*parts)


def status(state: State, jobs: list[dict[str, Any]]) -> Said:
    """Where the case stands, in a list."""
    answered = len(QUESTIONS) - len(state["gaps"])
    dataset = state["dataset"]
    lines = [
        f"Interview: {answered} of {len(QUESTIONS)} questions answered or skipped",
        f"Documents: {len(state['documents'])}",
        f"Dataset: {dataset['train']} to learn from, {dataset['test']} held out" if dataset else "Dataset: none yet",
        *(f"Job {job['id']} ({job['trainer']}): {job_text(job)}" for job in jobs),
        *([f"Evaluation: {_evaluation(state['evaluating'])}"] if state["evaluating"] else []),
        *([f"Verdict: {state['verdict']['decision']}. {state['verdict']['reason']}"] if state["verdict"] else []),
        f"Answering now: {state['active']}",
    ]
    return next_step(state).after("\n".join(f"- {line}" for line in lines))


def why(state: State, asked: str) -> Said:
    """The reason for a question, for a proposal, or for the next step."""
    if asked:
        return clarify(state, asked)
    if waiting := state["proposal"]:
        return Said(waiting["why"])
    if state["verdict"]:
        return next_step(state).after(f"Because of what was measured: {state['verdict']['reason']}")
    return next_step(state).after(
        "Every step has to earn the next: only a measured gain over the best chat without training justifies training."
    )


def help_text(state: State) -> Said:
    return next_step(state).after(
        "You can answer, “skip”, “go back”, ask “why?”, correct (“the tone should be formal”), tell several things at "
        "once (“tone: warm; language: English”), and say: status, next, summary, explain LoRA, build the baseline, "
        "build the dataset, train, evaluate, switch, undo."
    )


def recorded(state: State, results: list[dict[str, Any]], new_flags: list[str]) -> Said:
    """After answers were recorded: what was noted, what it means, and the next step."""
    kept = [r for r in results if not r["skipped"]]
    left = [TITLES[r["recorded"]] for r in results if r["skipped"]]
    parts = [f"Noted. {TITLES[r['recorded']].capitalize()}: “{shown(r['answer'])}”." for r in kept]
    if left:
        parts.append(f"Left open for now: {', '.join(left)}.")
    parts += [f"⚠ {flag}" for flag in new_flags]
    outdated = state["stage"] not in ("interview", "baseline") and not state["proposal"]
    after = Said(REBUILD, ("Build the baseline", "Next"), offer="baseline") if outdated else next_step(state)
    return after.after("\n".join(parts))


def outcome(name: str, result: dict[str, Any]) -> str:
    """What a tool did, in words."""
    if "error" in result:
        return f"{result['error']} {result['remedy']}".strip()
    if name == "look_up":
        return looked_up(result)
    told = str(result.get("told", ""))
    if "proposal" in result:
        return (
            f"{told}\n\nHere is proposal {result['proposal']}: {result['why']}\n\nNothing has started. Confirm or "
            f"decline it with its buttons, or run `attune confirm {result['proposal']}`."
        ).strip()
    if told:
        return told
    if name == "build_baseline":
        return (
            f"The baseline is built, and **{result['active']}** answers now. Try it in the chat: approve good "
            "answers, edit the others. That is what a model could learn from later."
        )
    if name == "build_dataset":
        dropped = "".join(f" {count} left out: {reason}." for reason, count in result["dropped"].items())
        warned = "".join(f"\n\n⚠ {flag}" for flag in result["red_flags"].values())
        counts = f"{result['train']} conversations to learn from, {result['test']} held out"
        return f"The dataset is frozen: {counts}.{dropped}{warned}"
    if name == "add_documents":
        had = result["documents"]
        return f"{result['how']}" + (
            f" There are {len(had)}: {', '.join(had[:10])}." if had else " There are none yet."
        )
    return f"**{result['term']}**: {result['text']}" if name == "explain" else ""


def looked_up(result: dict[str, Any]) -> str:
    """The section that answers a question, with its source, after what the glossary says of the term."""
    term = f"**{result['term']}**: {result['definition']}" if result.get("term") else ""
    if not result["sections"]:
        return term or NOTHING_FOUND
    best = result["sections"][0]
    return "\n\n".join(part for part in (term, best["text"], f"_Source: {best['source']}_") if part)


def job_text(job: dict[str, Any]) -> str:
    """How a job is doing, in words."""
    text = str(job["state"])
    if job.get("steps"):
        text += f", step {job['step']} of {job['steps']}"
    if job.get("eta_seconds"):
        text += f", about {max(1, round(job['eta_seconds'] / 60))} min left"
    return f"{text} ({job['reason']})" if job.get("reason") else text


def shown(value: Any) -> str:
    return "; ".join(value) if isinstance(value, (list, tuple)) else str(value or "")


def offered(text: str, offer: str, *more: str) -> Said:
    label, asking = OFFERS[offer]
    return Said(f"{text} {asking}".strip(), (label, *more), offer=offer)


def _running(state: State) -> str:
    job = state["job"]
    if job and job["state"] == "paused":
        return f"Job {job['id']} is paused. Resume it or stop it for good in the Training tab."
    if job and job["state"] not in ("succeeded", "failed", "cancelled"):
        return f"Job {job['id']} is training ({job['state']}). Follow it in the Training tab, or ask me for the status."
    task = state["evaluating"]
    return f"The evaluation runs: {task['message']}." if task and task["state"] == "running" else ""


def _evaluation(task: dict[str, Any]) -> str:
    return str(task["error"] or f"{task['message']} ({task['fraction']:.0%})")


def _baseline(state: State) -> Said:
    had = (
        f"You have added {len(state['documents'])} documents."
        if state["documents"]
        else ("If there are documents that answers should draw on, add them first.")
    )
    return offered(had, "baseline", "How do I add documents?", "Summary")


def _dataset(state: State) -> Said:
    if state["documents"] and state["active"] in ("prompt", "few-shot"):
        text = "Your documents are not used yet. Shall I propose to build the baseline again, with them?"
        return Said(text, ("Build the baseline", "Build the dataset"), offer="baseline")
    if state["blocked"]:
        return Said(
            f"Next comes the dataset. {state['blocked']}",
            ("What is a dataset?", "How many examples do I need?", "Status"),
        )
    return offered("There are enough approved conversations.", "dataset", "How many examples do I need?")


def _finetune(state: State) -> Said:
    failed = state["job"]
    text = f"Job {failed['id']} {failed['state']}: {failed['reason']}" if failed else "The dataset is ready."
    if state["blocked"]:
        return Said(f"{text} {state['blocked']}", ("Status",))
    verdict = state["verdict"]
    hint = (
        f" Measured so far: {verdict['reason']}"
        if verdict
        else " You may measure the baseline first, which costs less."
    )
    return offered(text + hint, "train", "Evaluate", "What is LoRA?")


def _evaluate(state: State) -> Said:
    if state["blocked"]:
        return Said(str(state["blocked"]), ("Status",))
    task = state["evaluating"]
    stopped = f"The last evaluation stopped: {task['error']} It goes on where it stopped." if task else ""
    ready = "The new model is ready. Whether it is better, only the held-out conversations can tell."
    return offered(stopped or ready, "evaluate")


def _switch(state: State) -> Said:
    if state["blocked"]:
        more = _failing(state) or "More approved answers, of a different kind, help most."
        suggestions = ("Show me the failures", "Build the dataset", "Train", "Status")
        return Said(f"No switch yet: {state['blocked']} {more}", suggestions if state["failures"] else suggestions[1:])
    reason = str((state["verdict"] or {}).get("reason", "The new model proved better."))
    return offered(f"{reason} {_failing(state)}".strip(), "switch", "What is parity?")


def _failing(state: State) -> str:
    """Where the measured variant fails, and the conversations that would mend it; empty when it fails nowhere."""
    found = state["failures"]
    if not found:
        return ""
    lines = "\n".join(f"- {group['told']}" for group in found["groups"])
    return f"It fails on {found['count']} of {found['of']}:\n\n{lines}\n\n{found['ask']}\n\n"


def _done(state: State) -> Said:
    return Said(
        f"All six stages are done: **{state['active']}** answers. Keep approving and correcting answers; when "
        "there are enough new ones, build the dataset again.",
        ("Status", "Undo"),
    )


_STEPS = {
    "interview": lambda state: summary(state),
    "baseline": _baseline,
    "dataset": _dataset,
    "finetune": _finetune,
    "evaluate": _evaluate,
    "switch": _switch,
    "done": _done,
}
