"""The documents that answers may draw on: put in, looked at, taken out; and the baseline that uses them."""

from __future__ import annotations

import itertools
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from assistant.background import Report, Task
from assistant.errors import AttuneError
from assistant.faces.ui.data import documents_text
from assistant.faces.ui.session import QUIET, Session, news
from assistant.faces.ui.handler_errors import told
from assistant.knowledge.reading import ingestion
from assistant.knowledge.reading.ingestion import IngestionOutcome, IncomingFile
from assistant.stages import baseline
from assistant.workbench import Workbench

POLL_SECONDS = 0.7


class DocumentsTab:
    """Builds the panel. Files are read on a thread of the app: closing the page does not end it."""

    def __init__(self, bench: Workbench, session: Session) -> None:
        self.bench, self.session = bench, session
        self.tasks: dict[str, list[str]] = {}  # names of the uploads of a case, the newest last
        self.numbers = itertools.count(1)
        self.seen = gr.State("")  # what was going on at the last look: the table is drawn anew when that changes
        self.timer = gr.Timer(POLL_SECONDS, active=False)
        gr.Markdown(documents_text.about(bench.settings), elem_classes="quiet")
        self.files = gr.File(
            label="Drop documents here", show_label=False, file_count="multiple", type="filepath", elem_id="upload",
            height=140,
        )
        self.progress = gr.HTML(elem_id="upload-progress")
        self.table = gr.HTML(elem_id="documents")
        with gr.Row(elem_classes="middle"):
            self.chosen = gr.Dropdown(
                [], value=None, label="Document", show_label=False, container=False, scale=2, min_width=160,
                visible=False, elem_id="chosen-document",
            )
            self.remove = gr.Button("Remove", size="sm", scale=0, min_width=110, visible=False, elem_id="remove")
            self.again = gr.Button("Index again", size="sm", scale=0, min_width=110, visible=False, elem_id="reindex")
        self.build = gr.Button("Build the baseline", variant="primary", elem_classes="go", elem_id="build-baseline")
        self.why = gr.Markdown(elem_classes="quiet")

    def wire(self) -> None:
        session, case = self.session, self.session.case
        session.after(self.files.upload(told(self._add), [self.files, case], self.files, show_progress="minimal",
                                        api_visibility="private"))
        session.after(self.remove.click(told(self._remove), [self.chosen, case], self.chosen, **QUIET))
        case.change(lambda: None, None, self.chosen, **QUIET)
        session.after(self.again.click(told(self._reindex), case, None, **QUIET))
        session.after(self.build.click(told(self._build), case, None, **QUIET))
        outputs = [self.table, self.chosen, self.remove, self.again, self.build, self.why]
        session.in_front("documents", self.show, outputs)
        session.always(self.watch, [self.timer, self.progress])
        self.timer.tick(told(self._tick), [case, self.seen],
                        [self.progress, self.seen, session.changed], **QUIET)

    def show(self, case: str) -> tuple[Any, ...]:
        store = self.bench.store
        found, refused = store.documents(case), store.refused_documents(case)
        names = list(dict.fromkeys(document.name for document in (*found, *refused)))
        reason = baseline.blocked(store, case)
        done = baseline.done(store, case)
        return (
            documents_text.table(found, refused, self.bench.knowledge.counted(case)),
            gr.Dropdown(names, visible=bool(names)),  # what was chosen stays: this is drawn anew while files are read
            gr.Button(visible=bool(names)),
            gr.Button(visible=bool(found)),
            gr.Button("Build the baseline again" if done else "Build the baseline", interactive=reason is None,
                      variant="secondary" if done else "primary"),
            reason or "Five variants that need no training: prompt, few-shot, rag, rag + few-shot, and quote.",
        )

    def watch(self, case: str) -> tuple[gr.Timer, str]:
        """Poll only while files are read or the index is filled; also shows how the last upload ended."""
        return gr.Timer(active=self._busy(case)), self._progress(case)

    def _tick(self, case: str, seen: str) -> tuple[Any, ...]:
        running = [task.name for task in self._of(case) if task.state == "running"]
        now = f"{case} {running} {self.bench.knowledge.indexing(case) is not None}"
        same = now == seen and self._busy(case)
        return self._progress(case), now, gr.skip() if same else news()

    def _progress(self, case: str) -> str:
        if not case:
            return ""
        knowledge = self.bench.knowledge
        return documents_text.progress(self._of(case), knowledge.indexing(case), knowledge.describe(case))

    def _busy(self, case: str) -> bool:
        running = any(task.state == "running" for task in self._of(case))
        return bool(case) and (running or self.bench.knowledge.indexing(case) is not None)

    def _of(self, case: str) -> list[Task]:
        """The uploads of a case that are going on, and the last one that ended."""
        known = [self.bench.background.task(name) for name in self.tasks.get(case, [])]
        found = [task for task in known if task is not None]
        return [task for task in found[:-1] if task.state == "running"] + found[-1:]

    def _add(self, paths: list[str], case: str) -> None:
        """Read every file on a thread; one that cannot be read is told about and does not hold up the others."""
        uploads = [IncomingFile(Path(path).name, Path(path)) for path in paths or []]
        if uploads:
            self._start(case, lambda report: self._read(case, uploads, report))

    def _read(self, case: str, uploads: list[IncomingFile], report: Report) -> None:
        bench = self.bench
        found = ingestion.add_all(bench.store, bench.settings, case, uploads, report)
        self._index(case, found, report)

    def _index(self, case: str, found: list[IngestionOutcome], report: Report) -> None:
        if any(outcome.document is not None for outcome in found):
            report("Indexing", 0.95)
            self.bench.knowledge.sync(case)
        report(documents_text.ended(found), 1.0)

    def _start(self, case: str, work: Any) -> None:
        name = f"documents:{case}:{next(self.numbers)}"
        self.tasks[case] = [*self.tasks.get(case, [])[-20:], name]
        self.bench.background.start(name, work)

    def _remove(self, name: str | None, case: str) -> None:
        if not name:
            raise AttuneError("No document is chosen.", "Choose the one to remove in the list beside the button.")
        self.bench.store.remove_document(case, name)
        self.bench.knowledge.sync(case)
        gr.Info(f"{escape(name)} is no longer used. Answers that cited it keep what they cited.")

    def _reindex(self, case: str) -> None:
        def work(report: Report) -> None:
            report("Indexing", 0.5)
            count = self.bench.knowledge.reindex(case)
            report(f"Cut again into {count:,} passages.", 1.0)

        self._start(case, work)

    def _build(self, case: str) -> None:
        made = baseline.run(self.bench.store, self.bench.settings, case)
        gr.Info(f"{len(made)} variants are ready; which one answers now stands at the top.")
