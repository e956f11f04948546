"""The verbs that coding agents get over MCP. Each is a tool of the guide or a stage; none confirms anything.

Names and docstrings stand alone: they are all that an agent knows of Attune. Every verb returns a plain object and
raises AttuneError.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from assistant import stages
from assistant.conversations.formats import json_lines
from assistant.errors import AttuneError
from assistant.faces.cli.shared import pick
from assistant.guide.tools import Tools
from assistant.knowledge.reading import ingestion
from assistant.record.types import Document
from assistant.stages import baseline, evaluate, finetune, interview, switch
from assistant.workbench import Workbench

Json = dict[str, Any]


class Verbs:
    """The verbs over an open workbench. `case` is a case's short name, not needed while there is only one."""

    def __init__(self, bench: Workbench) -> None:
        self.bench = bench

    def all(self) -> list[Callable[..., Json]]:
        """In the order in which a case goes through them."""
        return [
            self.list_cases,
            self.new_case,
            self.status,
            self.open_questions,
            self.record_answer,
            self.add_document,
            self.add_files,
            self.import_conversations,
            self.build_baseline,
            self.propose_baseline_measurement,
            self.baseline_report,
            self.ask,
            self.approve_answer,
            self.reject_answer,
            self.build_dataset,
            self.estimate_training,
            self.propose_training,
            self.job_status,
            self.propose_evaluation,
            self.verdict,
            self.propose_switch,
            self.propose_undo,
            self.list_proposals,
            self.results,
            self.look_up,
            self.explain,
        ]

    # cases and their brief ------------------------------------------------------------------------------------------
    def list_cases(self) -> Json:
        """List every case (one use case each: a brief, documents, conversations, models) with the stage it is in."""
        store = self.bench.store
        return {
            "cases": [{"case": c.id, "title": c.title, "stage": stages.current(store, c.id)} for c in store.cases()]
        }

    def new_case(self, title: str) -> Json:
        """Make an empty case for one use case, for example "Support desk". Next: open_questions."""
        case = interview.new(self.bench.store, title, owner=self.bench.settings.owner)
        return {"case": case.id, "title": case.title, "open": case.brief.gaps}

    def status(self, case: str = "") -> Json:
        """Tell where a case stands: its stage and what blocks it, brief, documents, dataset, latest job, verdict, what
        answers now, and a proposal that waits for a person."""
        return self._tools(case).status()

    def open_questions(self, case: str = "") -> Json:
        """Give the questions of the brief that are still open, each with why it is asked and example answers. Ask the
        person; do not invent answers."""
        gaps = pick(self.bench.store, case).brief.gaps
        asked = [interview.QUESTIONS[name] for name in gaps]
        return {
            "open": [
                {"field": q.field, "question": q.text, "why": q.why, "examples": list(q.suggestions)} for q in asked
            ]
        }

    def record_answer(self, field: str, answer: str, case: str = "") -> Json:
        """Record a person's answer to one question of the brief, in their words. `field` is one that
        open_questions names, for example goal or tone; several rules of must and must_not go on lines of their own. The
        answer "skip" leaves the question open on purpose."""
        return self._tools(case).record_answer(field, answer)

    # what it may draw on, and examples ------------------------------------------------------------------------------
    def add_document(self, name: str, text: str, case: str = "") -> Json:
        """Add a document as text, for example name "returns.md". Answers search the documents of a case and cite them;
        facts belong here, not into training. One of the same name is replaced."""
        return self._added(case, [(name, text.encode())])

    def add_files(self, paths: list[str], case: str = "") -> Json:
        """Add documents from files of this machine (PDF, Office, HTML, text, a zip), by their full paths."""
        return self._added(case, [(Path(path).name, _bytes(path)) for path in paths])

    def import_conversations(
        self, conversations: list[Json] | None = None, path: str = "", heldout: bool = False, case: str = ""
    ) -> Json:
        """Import conversations whose answers a person has approved: a list of {"messages": [{"role": "user", "content":
        "..."}, {"role": "assistant", "content": "..."}]}, or the full path of a file with one such object a line.
        With `heldout` they are only ever tested on. All of them are taken, or none."""
        if bool(conversations) == bool(path):
            raise AttuneError(
                "There are no conversations." if not path else "There are conversations and a path.",
                "Give either conversations or a path.",
            )
        chosen, store = pick(self.bench.store, case), self.bench.store
        text = "\n".join(json.dumps(each) for each in conversations or [])
        found = json_lines.read(Path(path)) if path else json_lines.parse(text, "The list")
        with store.atomic():
            for messages in found:
                store.import_conversation(chosen.id, "heldout" if heldout else "import", messages)
        return {"case": chosen.id, "imported": len(found), "heldout": heldout}

    # the chat -------------------------------------------------------------------------------------------------------
    def build_baseline(self, case: str = "") -> Json:
        """Build the best assistant without training: five variants from the brief, the documents and the approved
        answers. Where something answers already this only makes a proposal, which a person confirms."""
        return self._tools(case).build_baseline()

    def propose_baseline_measurement(self, why: str = "", case: str = "") -> Json:
        """Propose to measure the five variants without training: on what is held out, before there is any on questions
        generated from the documents and the brief. It does not start: a person confirms it."""
        return self._tools(case).measure_baseline(why)

    def baseline_report(self, case: str = "") -> Json:
        """Give the latest measurement of the variants without training: what it rests on, every variant's score with
        its 95 % interval and its difference to the plain prompt, which is best, citations, what the search finds."""
        trial = baseline.measured(self.bench.store, pick(self.bench.store, case).id)
        if trial is None:
            raise AttuneError(
                "The baseline has not been measured yet.", "Call propose_baseline_measurement; a person confirms it."
            )
        return trial.report

    def ask(self, question: str, case: str = "") -> Json:
        """Ask what answers now, and keep question and answer as a conversation of the case. Returns the answer, the
        passages it draws on, and its number for approve_answer and reject_answer; `note` says where the passages could
        not be put in order as wanted, `cut` where the answer was ended by its limit, `repeats` where it repeats itself.
        The first answer of a local model takes some seconds more."""
        if not question.strip():
            raise AttuneError("The question is empty.", "Write a question.")
        store, chosen = self.bench.store, pick(self.bench.store, case)
        variant = switch.active(store, self.bench.settings, chosen.id)
        reply = self.bench.chat.reply(variant, [{"role": "user", "content": question}])
        text = "".join(reply)
        if not text.strip():
            raise AttuneError("The model gave an empty answer.", "Try again, or ask in other words.")
        with store.atomic():
            asked = store.add_turn(store.add_conversation(chosen.id, "chat").id, 0, "user", question.strip())
            turn = store.add_turn(
                asked.conversation,
                asked.id,
                "assistant",
                text,
                variant=variant.id,
                passages=reply.passages,
                details={
                    "prompt_tokens": reply.prompt_tokens,
                    "completion_tokens": reply.completion_tokens,
                    "first_token_s": reply.first_token_s,
                    "total_s": reply.total_s,
                    "dropped": list(reply.dropped),
                    "temperature": variant.temperature,
                    "note": reply.note,
                    "cut": reply.cut,
                    "repeats": reply.repeats,
                },
            )
        cited = [{"document": p.document, "heading": p.heading, "text": p.text} for p in reply.passages]
        return {
            "answer": text,
            "number": turn.id,
            "variant": variant.name,
            "passages": cited,
            "note": reply.note,
            "cut": reply.cut,
            "repeats": reply.repeats,
        }

    def approve_answer(self, number: int, better: str = "", case: str = "") -> Json:
        """Approve an answer of ask, so that a model may learn from it; with `better`, approve that text instead, and
        the original is kept beside it. Only for answers that a person has called good: it is their judgement."""
        turn, store = self._answer(number, case), self.bench.store
        if not better.strip() or better.strip() == turn.content:
            store.label(turn.id, "approved")
            return {"approved": turn.id}
        new = store.add_turn(
            turn.conversation,
            turn.parent,
            "assistant",
            better.strip(),
            "approved",
            turn.id,
            turn.variant,
            turn.passages,
        )
        return {"approved": new.id, "instead_of": turn.id}

    def reject_answer(self, number: int, case: str = "") -> Json:
        """Mark an answer of ask as bad. Only where a person has said so."""
        turn = self._answer(number, case)
        self.bench.store.label(turn.id, "rejected")
        return {"rejected": turn.id}

    # from dataset to switch -----------------------------------------------------------------------------------------
    def build_dataset(self, case: str = "") -> Json:
        """Freeze the approved conversations of now into a part to learn from and a held-out part to test on."""
        return self._tools(case).build_dataset()

    def estimate_training(
        self, trainer: str = "", base: str = "", epochs: float = 0.0, passages: str = "", case: str = ""
    ) -> Json:
        """Estimate a training run on the newest dataset: seconds, memory in GB and US dollars as ranges, from what they
        are estimated, and what passages of the documents in its rows come to (`passages`: on or off). Starts and
        records nothing. Empty and 0 stand for the usual choice."""
        bench, chosen = self.bench, pick(self.bench.store, case)
        if not bench.store.datasets(chosen.id):
            raise AttuneError(str(finetune.blocked(bench.store, chosen.id)), "Call build_dataset.")
        asked: Json = {"trainer": trainer, "base": base, "epochs": epochs, "passages": passages}
        wanted = {name: value for name, value in asked.items() if value}
        found = finetune.estimate(bench.store, bench.settings, bench.trainers, chosen.id, bench.knowledge, **wanted)
        usual = finetune.defaults(
            bench.store, bench.settings, bench.trainers, chosen.id, str(wanted.get("trainer") or "")
        )
        return {"trainers": list(bench.trainers), "options": usual | wanted, "estimate": found}

    def propose_training(
        self,
        trainer: str = "",
        base: str = "",
        epochs: float = 0.0,
        max_steps: int = 0,
        learning_rate: float = 0.0,
        batch_size: int = 0,
        lora_rank: int = 0,
        seed: int = 0,
        why: str = "",
        passages: str = "",
        case: str = "",
    ) -> Json:
        """Propose a training run on the newest dataset. It does not start: a person confirms the proposal in the app or
        with `attune confirm NUMBER`. `passages` is on or off: whether the rows carry passages of the documents. Empty
        and 0 stand for the usual choice."""
        return self._tools(case).propose_training(
            trainer, base, epochs, max_steps, learning_rate, batch_size, lora_rank, seed, why, passages
        )

    def job_status(self, case: str = "") -> Json:
        """Tell how the training jobs of a case are doing: state, step, time left, and the reason when one ended."""
        return self._tools(case).job_status()

    def propose_evaluation(self, why: str = "", case: str = "") -> Json:
        """Propose to let every variant answer the held-out conversations. It does not start: a person confirms it."""
        return self._tools(case).evaluate(why)

    def verdict(self, case: str = "") -> Json:
        """Give the latest evaluation: every variant's score with its 95 % interval, whether the trained model is better
        than the best untrained variant and why, and whether what is served is what was trained."""
        latest = evaluate.latest(self.bench.store, pick(self.bench.store, case).id)
        if latest is None:
            raise AttuneError("Nothing has been measured yet.", "Call propose_evaluation; a person confirms it.")
        return {
            "job": latest.job,
            "scorer": latest.scorer,
            "variants": latest.results,
            "verdict": latest.verdict,
            "parity": latest.parity,
        }

    def propose_switch(self, variant: str = "", why: str = "", case: str = "") -> Json:
        """Propose that another variant answers from now on: its name, or nothing for the one proved better. It does not
        switch: a person confirms it."""
        return self._tools(case).propose_switch(variant, why)

    def propose_undo(self, case: str = "") -> Json:
        """Propose to bring back what answered before the last switch. A person confirms it."""
        return self._tools(case).undo()

    def list_proposals(self, case: str = "") -> Json:
        """List the proposals of a case with their state. Open ones wait for a person; you cannot confirm one."""
        found = self.bench.store.proposals(pick(self.bench.store, case).id)
        return {
            "proposals": [
                {"proposal": p.id, "kind": p.kind, "state": p.state, "why": p.why, "result": p.result} for p in found
            ]
        }

    def results(self, about: str, case: str = "") -> Json:
        """Tell what was measured and what it took, in plain words. `about` is one of: better (is the new model
        better), cost (what training and measuring took), stopped (why a job ended, and the remedy), failures (where it
        fails)."""
        return self._tools(case).results(about)

    def look_up(self, question: str) -> Json:
        """Look up what Attune's handbook says about fine-tuning: whether to do it, how many examples, costs, privacy,
        training, measuring, export. Returns sections with their source; none where it says nothing about it."""
        return Tools(self.bench, "").look_up(question)

    def explain(self, term: str) -> Json:
        """Explain a term of fine-tuning in plain words, for example LoRA, chrF or held-out."""
        return Tools(self.bench, "").explain(term)

    # shared ---------------------------------------------------------------------------------------------------------
    def _tools(self, case: str) -> Tools:
        return Tools(self.bench, pick(self.bench.store, case).id)

    def _added(self, case: str, files: list[tuple[str, bytes]]) -> Json:
        """All of the files, or none."""
        chosen, store = pick(self.bench.store, case), self.bench.store
        if not files:
            raise AttuneError("No file was named.", "Name at least one.")
        with store.atomic():
            made = [ingestion.add(store, self.bench.settings, chosen.id, name, data) for name, data in files]
        return {"case": chosen.id, "documents": [_told(document) for document in made]}

    def _answer(self, number: int, case: str) -> Any:
        """The answer of that number, if the case has it."""
        chats = self.bench.store.turns_of_case(pick(self.bench.store, case).id, ["chat"]).values()
        for turn in (turn for turns in chats for turn in turns):
            if turn.id == number and turn.role == "assistant":
                return turn
        raise AttuneError(f"This case has no answer with the number {number}.", "Take the number that ask returned.")


def _told(document: Document) -> Json:
    return {
        "name": document.name,
        "kind": document.kind,
        "pages": document.pages,
        "characters": len(document.text),
        "warnings": list(document.warnings),
    }


def _bytes(path: str) -> bytes:
    try:
        return Path(path).expanduser().read_bytes()
    except (OSError, ValueError) as error:
        raise AttuneError(f"'{path}' cannot be read.", "Give the full path of a file on this machine.") from error
