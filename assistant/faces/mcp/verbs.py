"""The verbs that coding agents get over MCP. Each is a tool of the guide or a stage; none confirms anything.

Names and docstrings stand alone: they are all that an agent knows of Attune. Every verb returns a plain object and
raises AttuneError.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from assistant import stages
from assistant.conversations import gestures, importing
from assistant.conversations.formats.found import Hints
from assistant.errors import AttuneError
from assistant.faces.cli.shared import described, pick
from assistant.faces.mcp.training_verbs import Json, TrainingVerbs
from assistant.knowledge.reading import ingestion
from assistant.record.types import Turn
from assistant.stages import baseline, interview, switch
from assistant.traffic import history, returning, watch


class Verbs(TrainingVerbs):
    """The verbs over an open workbench. `case` is a case's short name, not needed while there is only one."""

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
        """Give the questions of the brief that are still open, each with why it is asked, example answers, and the
        stage it is asked `before`; only the baseline waits for its own. Ask the person; do not invent answers."""
        gaps = pick(self.bench.store, case).brief.gaps
        asked = [interview.QUESTIONS[name] for name in gaps]
        return {
            "open": [
                {
                    "field": q.field,
                    "question": q.text,
                    "why": q.why,
                    "examples": list(q.suggestions),
                    "before": q.before,
                }
                for q in asked
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
        self,
        conversations: list[Json] | None = None,
        path: str = "",
        heldout: bool = False,
        case: str = "",
        columns: str = "",
    ) -> Json:
        """Import conversations whose answers a person has approved: a list of {"messages": [{"role": "user", "content":
        "..."}, {"role": "assistant", "content": "..."}]}, or the full path of a file or folder in
        any form that is known: JSON, CSV, Excel, Parquet, exports of ChatGPT, Claude, Open WebUI, Langfuse, LangSmith,
        Slack, transcripts. With `heldout` they are only ever tested on. `columns` says what is what where it is not
        recognised: "question=A,answer=B", or "assistant=NAME" in a transcript. All of them are taken, or none; one
        that was imported before is not taken again."""
        if bool(conversations) == bool(path):
            raise AttuneError(
                "There are no conversations." if not path else "There are conversations and a path.",
                "Give either conversations or a path.",
            )
        chosen, store = pick(self.bench.store, case), self.bench.store
        if path:
            done = importing.files(store, chosen.id, [_there(path)], heldout, Hints.parse([columns]))
        else:
            text = "\n".join(json.dumps(each) for each in conversations or [])
            done = importing.text(store, chosen.id, text, "The list", heldout)
        return done.to_json() | {"case": chosen.id, "imported": done.added, "heldout": heldout}

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
        if not (text := question.strip()):
            raise AttuneError("The question is empty.", "Write a question.")
        store, chosen = self.bench.store, pick(self.bench.store, case)
        talk = history.told_apart(text)
        variant = switch.answering(store, self.bench.settings, chosen.id, talk)
        with watch.answering(self.bench.chat, variant, talk, kept=True):
            reply = self.bench.chat.reply(variant, [{"role": "user", "content": text}])
            for _ in reply:
                pass
            turn = gestures.keep_both(store, variant, text, reply)
        cited = [{"document": p.document, "heading": p.heading, "text": p.text} for p in reply.passages]
        return {
            "answer": reply.text,
            "number": turn.id,
            "variant": variant.name,
            "passages": cited,
            "note": reply.note,
            "unfound": reply.unfound,
            "cut": reply.cut,
            "repeats": reply.repeats,
        }

    def approve_answer(self, number: int, better: str = "", case: str = "") -> Json:
        """Approve an answer of ask, so that a model may learn from it; with `better`, approve that text instead, and
        the original is kept beside it. Only for answers that a person has called good: it is their judgement."""
        turn, store = self._answer(number, case), self.bench.store
        new = gestures.edit(store, turn.id, better) if better.strip() else gestures.approve(store, turn.id)
        return {"approved": new.id} | ({"instead_of": turn.id} if new.id != turn.id else {})

    def reject_answer(self, number: int, case: str = "") -> Json:
        """Mark an answer of ask as bad. Only where a person has said so. `returned` says where with that the variant
        that answered before has come back by itself."""
        store, chosen = self.bench.store, pick(self.bench.store, case).id
        turn, newest = gestures.answer(store, chosen, number), returning.last(store, chosen)
        rejected = gestures.reject(store, turn.id).id
        back = returning.since(store, chosen, newest)
        return {"rejected": rejected} | ({"returned": back} if back else {})

    # shared ---------------------------------------------------------------------------------------------------------
    def _added(self, case: str, files: list[tuple[str, bytes]]) -> Json:
        """All of the files, or none."""
        chosen, store = pick(self.bench.store, case), self.bench.store
        if not files:
            raise AttuneError("No file was named.", "Name at least one.")
        with store.atomic():
            made = [ingestion.add(store, self.bench.settings, chosen.id, name, data) for name, data in files]
        return {"case": chosen.id, "documents": [described(document) for document in made]}

    def _answer(self, number: int, case: str) -> Turn:
        return gestures.answer(self.bench.store, pick(self.bench.store, case).id, number)


def _there(path: str) -> Path:
    found = Path(path).expanduser()
    if not found.exists():
        raise AttuneError(f"'{path}' cannot be read.", "Give the full path of a file on this machine.")
    return found


def _bytes(path: str) -> bytes:
    try:
        return Path(path).expanduser().read_bytes()
    except (OSError, ValueError) as error:
        raise AttuneError(f"'{path}' cannot be read.", "Give the full path of a file on this machine.") from error
