"""The untrained variants measured by themselves, and one click for the one that shall answer."""

from __future__ import annotations

from html import escape
from typing import Any

import gradio as gr

from assistant import variants
from assistant.faces.ui.handler_errors import told
from assistant.faces.ui.result import baseline_text
from assistant.faces.ui.result.measuring import Measuring
from assistant.faces.ui.session import QUIET, Session
from assistant.stages import baseline, switch
from assistant.workbench import Workbench


class BaselinePanel:
    """A part of the comparison."""

    def __init__(self, bench: Workbench, session: Session) -> None:
        self.bench, self.session = bench, session
        self.measure = gr.Button("Measure the baseline", elem_id="measure-baseline", min_width=150)
        self.why = gr.Markdown(elem_classes="quiet")
        self.measuring = Measuring(bench, session, baseline.task, "baseline-progress")
        self.report = gr.HTML(elem_id="baseline-report")
        with gr.Row(elem_classes="middle", elem_id="serve"):
            self.choices = {
                name: gr.Button(
                    name, size="sm", min_width=110, visible=False, elem_id=f"serve-{name.replace('+', '-')}"
                )
                for name in variants.UNTRAINED
            }

    def wire(self) -> None:
        session, case = self.session, self.session.case
        session.in_front("compare", self.show, [self.measure, self.why, self.report, *self.choices.values()])
        self.measuring.wire()
        session.after(self.measure.click(told(self._measure), case, None, **QUIET))
        for name, button in self.choices.items():
            session.after(button.click(told(self._serving(name)), case, None, **QUIET))

    def show(self, case: str) -> tuple[Any, ...]:
        store = self.bench.store
        reason, trial = baseline.unmeasurable(store, case), baseline.measured(store, case)
        active = switch.active(store, self.bench.settings, case).id
        answers = trial.report["answers"] if trial else {}
        best = trial.report["best"] if trial else ""
        buttons = [self._choice(name, answers.get(name), active, best) for name in self.choices]
        return (
            gr.Button(
                "Measure the baseline again" if trial else "Measure the baseline",
                interactive=reason is None and not self.measuring.running(case),
            ),
            reason or "",
            baseline_text.report(trial.report, active) if trial else "",
            *buttons,
        )

    def _choice(self, name: str, found: dict[str, Any] | None, active: str, best: str) -> gr.Button:
        if found is None:
            return gr.Button(visible=False)
        now = found["variant"] == active
        said = f"{name} answers now" if now else f"Use {name}{' (best)' if name == best else ''}"
        return gr.Button(
            said, visible=True, interactive=not now, variant="primary" if name == best and not now else "secondary"
        )

    def _measure(self, case: str) -> None:
        bench = self.bench
        self.measuring.start(case, lambda report: baseline.measure(bench, case, report))

    def _serving(self, name: str) -> Any:
        def serve(case: str) -> None:
            switch.serve(self.bench.store, case, name)
            gr.Info(f"'{escape(name)}' answers from now on. Undo is at the top.")

        return serve
