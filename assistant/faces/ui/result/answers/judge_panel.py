"""A model that judges, on the page: one button where a model is set, and what it said beside the figures."""

from __future__ import annotations

from html import escape
from typing import Any

import gradio as gr

from assistant.errors import AttuneError
from assistant.evidence.answers.rows import AnswerTable
from assistant.evidence.judging import asking, judge
from assistant.faces.ui.handler_errors import told
from assistant.faces.ui.result.measuring import Measuring
from assistant.faces.ui.session import QUIET, Session
from assistant.stages import evaluate
from assistant.workbench import Workbench

ABOUT = (
    "The guide's model may judge the answers, too: first those you marked, and the others only if it agrees with you. "
    "It decides nothing. The held-out conversations go to its server, which may cost money."
)


def task(case: str) -> str:
    """The name of the background task in which a model judges the case's answers."""
    return f"judge:{case}"


class JudgePanel:
    """A part under the answers."""

    def __init__(self, bench: Workbench, session: Session) -> None:
        self.bench, self.session = bench, session
        with gr.Accordion("A model as judge", open=False, visible=False, elem_id="judge-fold") as self.box:
            gr.Markdown(ABOUT, elem_classes="quiet")
            self.ask = gr.Button("Let it judge", size="sm", elem_classes="go", elem_id="judge-ask")
            self.measuring = Measuring(bench, session, task, "judge-progress")
            self.said = gr.HTML(elem_id="judge-said")

    def wire(self) -> None:
        session, case = self.session, self.session.case
        session.in_front("compare", self.show, [self.box, self.ask, self.said])
        self.measuring.wire()
        session.after(self.ask.click(told(self._ask), case, None, **QUIET))

    def show(self, case: str) -> tuple[Any, ...]:
        """For [box, ask, said]."""
        latest = evaluate.latest(self.bench.store, case)
        reason = asking.unavailable(self.bench.settings)
        found = latest.proof.get("judge") if latest else None
        said = (
            f"<b>{escape(str(found['model']))}:</b> {escape(str(found['sentence']))}" if found else escape(reason or "")
        )
        return (
            gr.Accordion(visible=latest is not None),
            gr.Button(interactive=reason is None and not self.measuring.running(case)),
            f'<div role="status">{said}</div>' if said else "",
        )

    def _ask(self, case: str) -> None:
        latest = evaluate.latest(self.bench.store, case)
        if latest is None:
            raise AttuneError("Nothing has been measured yet.", "Evaluate first.")
        ask, name = asking.asker(self.bench.settings), self.bench.settings.guide_model
        self.measuring.start(case, lambda report: judge.run(AnswerTable(self.bench.store, latest), ask, name, report))
