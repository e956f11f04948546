"""The guide's tools: thin wrappers over the stages. They record and propose; what costs something they never start."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import WithJsonSchema

from assistant.errors import AttuneError
from assistant.guide import library, paste, proposals, results, state, terms
from assistant.jobs import lifecycle
from assistant.leaving import export
from assistant.record.types import LIST_FIELDS, Job, Proposal
from assistant.stages import baseline, dataset, interview, switch
from tools.options import Option, given
from tools.signatures import with_options
from tools.trainer import JobState, ToolError

if TYPE_CHECKING:
    from assistant.workbench import Workbench

LONGEST = 4000  # characters of an answer: it goes into every prompt
DOCUMENTS = (
    "Upload files (PDF, Word, text and more) in the Documents tab, or run `attune add FILE`. They are searched for "
    "every question from the next one on, without training."
)


def as_argument(option: Option) -> Any:
    """An option as an argument of a tool: its schema tells an LLM or an agent what it takes; the stage checks it."""
    return Annotated[Any, WithJsonSchema(option.schema())]


class Tools:
    """The tools of one case. Every method returns plain JSON and raises AttuneError; `call` turns errors into
    {"error", "remedy"}."""

    def __init__(self, bench: Workbench, case: str) -> None:
        self.bench, self.case = bench, case
        self._lock = threading.Lock()  # the agent loop runs tool calls of one message at the same time

    def status(self) -> dict[str, Any]:
        """What is true of the case now: stage, brief, open questions, next_question, documents, dataset, job, verdict,
        what answers and the open proposal."""
        if any(not JobState(job.state).ended for job in self.bench.store.jobs(self.case)):
            self._refresh()
        return state.read(self.bench, self.case)

    def record_answer(self, field: str, answer: str) -> dict[str, Any]:
        """Record the person's answer to one question of the brief, to the letter. Several rules of must and must_not
        stand on lines of their own. The answer "skip" leaves the question open on purpose."""
        case = interview.run(self.bench.store, self.case, {field: self._answer(field, answer)})
        return {
            "recorded": field,
            "answer": case.brief.to_json()[field],
            "skipped": field in case.brief.skipped,
            "open": case.brief.gaps,
        }

    def _answer(self, field: str, answer: str) -> str | list[str]:
        """An answer as the brief takes it: rules by line, everything else whole. Raises AttuneError for a huge one."""
        if len(answer) > LONGEST:
            raise AttuneError(
                f"The answer has {len(answer)} characters.", f"Say it in at most {LONGEST}; add the rest as a document."
            )
        if answer.strip().lower() == interview.SKIP or field == "examples":
            return answer
        return answer.splitlines() if field in LIST_FIELDS else [answer]

    def add_documents(self) -> dict[str, Any]:
        """Tell how documents are added, and which ones there are. You cannot add one yourself."""
        return {"how": DOCUMENTS, "documents": [document.name for document in self.bench.store.documents(self.case)]}

    def build_baseline(self) -> dict[str, Any]:
        """Build the chat that works without training. Where something is in service already, this only proposes it."""
        store, settings = self.bench.store, self.bench.settings
        if store.switches(self.case):
            return self._proposed("baseline", {})
        if reason := baseline.blocked(store, self.case):
            raise AttuneError(reason, "Answer or skip the open questions first.")
        made = baseline.run(store, settings, self.case)
        return {"built": [variant.name for variant in made], "active": switch.active(store, settings, self.case).name}

    def build_dataset(self) -> dict[str, Any]:
        """Freeze the approved conversations of now into a training part and a held-out part."""
        made = dataset.run(self.bench.store, self.case)
        counts = {"train": made.train, "test": made.test}
        return {"dataset": made.id, **counts, "dropped": made.dropped}

    @with_options(as_argument)
    def propose_training(self, *, why: str = "", **options: Any) -> dict[str, Any]:
        """Propose a training run on the newest dataset. Leave an option out for its default. It does not start: a
        person confirms it."""
        return self._proposed("train", given(options), why)

    def job_status(self) -> dict[str, Any]:
        """How the training jobs of this case are doing, newest last."""
        self._refresh()
        jobs = self.bench.store.jobs(self.case)
        return {"jobs": [self._job(job) for job in jobs[-5:]]}

    def evaluate(self, why: str = "") -> dict[str, Any]:
        """Propose measuring every variant on the held-out conversations. It does not start: a person confirms it."""
        return self._proposed("evaluate", {}, why)

    def measure_baseline(self, why: str = "") -> dict[str, Any]:
        """Propose measuring the untrained variants: on what is held out, before there is any on questions that are
        generated from the documents and the brief. It does not start: a person confirms it."""
        return self._proposed("measure", {}, why)

    def propose_switch(
        self, variant: str = "", why: str = "", share: int = 100, force: bool = False, reason: str = ""
    ) -> dict[str, Any]:
        """Propose that another variant answers from now on: its name, or nothing for the one proved better; `share`:
        of 100 conversations, how many. A tuned model that has not proved better takes `force` and the person's own
        `reason`, which is recorded. It does not switch: a person confirms it."""
        wanted = {"variant": variant, "share": share, "force": force, "reason": reason}
        return self._proposed("switch", wanted, why)

    def undo(self) -> dict[str, Any]:
        """Propose to bring back what answered before the last switch. A person confirms it."""
        return self._proposed("undo", {})

    def explain(self, term: str) -> dict[str, Any]:
        """Explain a term in plain words."""
        found = terms.find(term)
        if found is None:
            known = ", ".join(entry.name for entry in terms.glossary())
            raise AttuneError(f"I have no explanation of '{term[:60]}'.", f"I can explain: {known}.")
        return {"term": found.name, "text": found.text}

    def look_up(self, question: str) -> dict[str, Any]:
        """Look a question about fine-tuning or about Attune up in its written knowledge: whether to fine-tune, how many
        examples, costs, privacy, training, measuring, export. Answer from `sections` and name their `source`. Without
        any, say that you found nothing about it."""
        return library.look_up(self.bench.settings, question)

    def results(self, about: str) -> dict[str, Any]:
        """What was measured and what it took, in plain words. `about` is one of: better (is the new model better, with
        the interval), cost (what training and measuring took), stopped (why a job ended, and the remedy), failures
        (where it fails, and which conversations to ask the person for)."""
        return {"about": about, "told": results.told(self.bench, self.case, about)}

    def export(self, form: str = "ollama") -> dict[str, Any]:
        """Write the trained model or the data into a folder, and tell which. `form` is one of: ollama (the merged model
        with a Modelfile, also for vLLM and transformers serve), model (the merged one as it is), adapter, dataset. It
        costs and changes nothing."""
        return export.written(self.bench.store, self.bench.settings, self.case, form)

    def add_conversations(self, text: str) -> dict[str, Any]:
        """Record conversations that the person pasted, word for word, such as "User: ... Assistant: ..." on lines of
        their own. None is approved: that is proposed, and a person confirms it."""
        found = paste.add(self.bench.store, self.case, text)
        out = "".join(f" {count} left out: {why}." for why, count in found["left_out"].items())
        count = len(found["conversations"])
        told = f"I read {count} {'conversation' if count == 1 else 'conversations'} in that.{out}"
        return {"told": told, **found, **self._proposed("approve", {})}

    def call(self, name: str, **arguments: Any) -> dict[str, Any]:
        """Call a tool by name; an AttuneError comes back as {"error", "remedy"}."""
        method: Callable[..., dict[str, Any]] = getattr(self, name)
        main = threading.current_thread() is threading.main_thread()
        with self._lock:
            try:
                return method(**arguments)
            except ToolError as error:
                return {"error": error.sentence, "remedy": error.remedy}
            finally:
                if not main:
                    self.bench.store.close()  # the loop makes a thread for the call: leave no connection behind

    def _proposed(self, kind: str, payload: dict[str, Any], why: str = "") -> dict[str, Any]:
        return _row(proposals.propose(self.bench, self.case, kind, payload, why))

    def _refresh(self) -> None:
        lifecycle.refresh(self.bench, self.case)

    def _job(self, job: Job) -> dict[str, Any]:
        found: dict[str, Any] = {
            "id": job.id,
            "trainer": job.trainer,
            "state": job.state,
            "reason": job.reason,
            "metrics": job.metrics,
        }
        if not JobState(job.state).ended:
            status = lifecycle.follow(self.bench, job.id, lifecycle.NO_NEWS)
            found |= {"step": status.step, "steps": status.steps, "eta_seconds": status.eta_seconds}
        return found


def _row(proposal: Proposal) -> dict[str, Any]:
    return {
        "proposal": proposal.id,
        "kind": proposal.kind,
        "why": proposal.why,
        "note": "Nothing has started. A person confirms it with the button or `attune confirm`.",
    }
