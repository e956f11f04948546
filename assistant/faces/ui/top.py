"""The top of the screen: the cases, what answers now with its undo, and the stages."""

from __future__ import annotations

from html import escape
from typing import Any

import gradio as gr

from assistant import cases
from assistant.faces.ui import tracker
from assistant.faces.ui.handler_errors import told
from assistant.faces.ui.session import QUIET, Session
from assistant.stages import interview, progress, switch
from assistant.workbench import Workbench

FIRST = "My first case"


def ensure_case(bench: Workbench) -> str:
    """The id of the latest case; an empty one is made where there is none, so that the chat always opens ready."""
    cases = bench.store.cases(bench.settings.owner)
    return cases[-1].id if cases else interview.new(bench.store, FIRST, owner=bench.settings.owner).id


class Top:
    """Builds the bar and keeps it true."""

    def __init__(self, bench: Workbench, session: Session) -> None:
        self.bench, self.session = bench, session
        with gr.Row(elem_id="top"):
            gr.HTML("<b>Attune</b>", elem_id="brand")
            self.chooser = gr.Dropdown(
                [], label="Case", show_label=False, container=False, elem_id="case", filterable=False, interactive=True
            )
            self.new = gr.Button("New case", size="sm", elem_id="new-case")
            self.now = gr.HTML(elem_id="answering")
            self.undo = gr.Button("Undo switch", size="sm", visible=False, elem_id="undo-switch")
        with gr.Row(visible=False, elem_classes="card", elem_id="new-form") as self.form:
            self.title = gr.Textbox(
                placeholder="What is the new case called? For example: support desk",
                label="Name of the new case",
                show_label=False,
                container=False,
                scale=3,
                min_width=220,
                max_length=60,
                elem_id="new-title",
            )
            self.create = gr.Button("Create", size="sm", scale=0, min_width=90, elem_id="create-case")
            self.example = gr.Button(
                "Load the example (tea shop)", size="sm", scale=0, min_width=200, elem_id="example-case"
            )
            self.never = gr.Button("Cancel", size="sm", scale=0, min_width=80)
        self.stages = gr.HTML(elem_id="stages")

    def wire(self, remembered: gr.BrowserState) -> None:
        """Attach the events. `remembered` holds this browser's case."""
        session = self.session
        open_outputs = [session.case, self.chooser, self.form, self.title]
        self.chooser.input(lambda case: case, self.chooser, session.case, **QUIET)
        self.new.click(lambda: gr.Row(visible=True), None, self.form, **QUIET)
        self.never.click(lambda: gr.Row(visible=False), None, self.form, **QUIET)
        gr.on([self.create.click, self.title.submit], told(self._create), self.title, open_outputs, **QUIET)
        self.example.click(told(self._example), None, open_outputs, **QUIET)
        session.after(self.undo.click(told(self._undo), session.case, None, **QUIET))
        session.case.change(lambda case: case, session.case, remembered, **QUIET)
        session.always(self.show, [self.stages, self.now, self.undo])

    def open(self, remembered: str | None) -> tuple[Any, ...]:
        """On load: this browser's case if it still exists, else the latest. For [case, chooser]."""
        latest = ensure_case(self.bench)
        known = {case.id for case in self.bench.store.cases(self.bench.settings.owner)}
        case = remembered if remembered in known else latest
        return case, self._choices(case)

    def show(self, case: str) -> tuple[Any, ...]:
        if not case:
            return gr.skip(), gr.skip(), gr.skip()
        store, settings = self.bench.store, self.bench.settings
        found = {store.variant(id): share for id, share in switch.shares(store, settings, case).items()}
        several = {variant.name: share for variant, share in found.items()}
        return (
            tracker.steps(progress(store, case)),
            tracker.shared(several) if len(found) > 1 else tracker.answering(*found),
            gr.Button(visible=switch.previous(store, case) is not None),
        )

    def _create(self, title: str) -> tuple[Any, ...]:
        return self._opened(interview.new(self.bench.store, title, owner=self.bench.settings.owner).id)

    def _example(self) -> tuple[Any, ...]:
        return self._opened(cases.example(self.bench).id)

    def _opened(self, case: str) -> tuple[Any, ...]:
        return case, self._choices(case), gr.Row(visible=False), ""

    def _choices(self, case: str) -> gr.Dropdown:
        cases = self.bench.store.cases(self.bench.settings.owner)
        return gr.Dropdown([(known.title or known.id, known.id) for known in cases], value=case)

    def _undo(self, case: str) -> None:
        row = switch.undo(self.bench.store, case)
        name = self.bench.store.variant(row.variant).name
        gr.Info(f"Undone: '{escape(name)}' answers again.")
