"""The comparison: every variant on the held-out conversations, the verdict, and the switch with its history."""

from __future__ import annotations

from html import escape
from typing import Any

import gradio as gr

from assistant.errors import AttuneError
from assistant.evidence import scoring
from assistant.evidence.aside import cost
from assistant.faces.ui import safe_html
from assistant.faces.ui.handler_errors import told
from assistant.faces.ui.result import compare_text, plots
from assistant.faces.ui.result.answers.answers_panel import AnswersPanel
from assistant.faces.ui.result.answers.blind_panel import BlindPanel
from assistant.faces.ui.result.answers.judge_panel import JudgePanel
from assistant.faces.ui.result.answers.latest_table import LatestTable
from assistant.faces.ui.result.answers.report_panel import ReportPanel
from assistant.faces.ui.result.baseline_panel import BaselinePanel
from assistant.faces.ui.result.checks_panel import ChecksPanel
from assistant.faces.ui.result.measuring import Measuring
from assistant.faces.ui.session import QUIET, Session, news
from assistant.record.traffic.switches import WHOLE, Switch
from assistant.stages import evaluate, switch
from assistant.traffic import returning
from assistant.workbench import Workbench


class CompareTab:
    """Builds the panel."""

    def __init__(self, bench: Workbench, session: Session) -> None:
        self.bench, self.session = bench, session
        self.verdict = gr.HTML(elem_id="verdict")
        with gr.Row():
            self.evaluate = gr.Button("Evaluate", variant="primary", elem_id="evaluate", min_width=150)
            self.switch = gr.Button("Switch to the tuned model", elem_id="switch", min_width=150)
        self.why = gr.Markdown(elem_classes="quiet", elem_id="switch-why")
        self.measuring = Measuring(bench, session, evaluate.task, "evaluate-progress")
        self.plot = gr.Plot(show_label=False, visible=False, elem_id="scores")
        self.table = gr.HTML(elem_id="results")
        self.aside = gr.Markdown(elem_id="takes")
        self.report, tables = ReportPanel(bench, session), LatestTable(bench)
        self.answers = AnswersPanel(bench, session, tables)
        self.blind = BlindPanel(bench, session, tables)
        self.judge = JudgePanel(bench, session)
        with gr.Accordion(
            "Is it better than no model at all? Your format", open=False, visible=False
        ) as self.sane_fold:
            self.sane = gr.HTML(elem_id="sanity")
        with gr.Accordion("Is what is served what was trained?", open=False, visible=False) as self.parity_fold:
            self.parity = gr.HTML(elem_id="parity")
        with gr.Accordion("The baseline: five variants without training", open=True, elem_id="baseline"):
            self.baseline = BaselinePanel(bench, session)
        with gr.Accordion("Checks from the brief", open=False, elem_id="brief-checks"):
            self.checks = ChecksPanel(bench, session)
        with gr.Accordion("Choose another variant, history", open=False, elem_id="other"):
            with gr.Row(elem_classes="middle"):
                self.other = gr.Dropdown([], label="Variant", scale=2, elem_id="other-variant", filterable=False)
                self.share = gr.Slider(
                    1, WHOLE, WHOLE, step=1, label="Of 100 conversations", scale=2, elem_id="switch-share"
                )
                self.anyway = gr.Button("Let it answer", size="sm", scale=0, min_width=130, elem_id="switch-anyway")
            with gr.Row(elem_classes="middle"):
                self.sure = gr.Checkbox(
                    False, label="Even a tuned model that has not proved better", min_width=240, elem_id="sure"
                )
                self.reason = gr.Textbox(
                    label="Why, for the record",
                    placeholder="A reason of a few words; without one it is not overridden",
                    max_length=300,
                    scale=2,
                    min_width=240,
                    elem_id="switch-reason",
                )
            self.trial = gr.Markdown(elem_id="switch-trial")
            self.history = gr.HTML(elem_id="switches")

    def wire(self) -> None:
        self.baseline.wire()
        self.checks.wire()
        self.report.wire()
        self.blind.wire()
        self.judge.wire()
        self.answers.wire(self.door, [self.switch, self.why])
        session, case = self.session, self.session.case
        outputs = [
            self.verdict,
            self.evaluate,
            self.switch,
            self.why,
            self.plot,
            self.table,
            self.aside,
            self.sane_fold,
            self.sane,
            self.parity_fold,
            self.parity,
            self.other,
            self.history,
            self.trial,
        ]
        session.in_front("compare", self.show, outputs)
        self.measuring.wire()
        session.after(self.evaluate.click(told(self._evaluate), case, None, **QUIET))
        session.after(self.switch.click(told(self._switch), case, None, **QUIET))
        choice = [case, self.other, self.sure, self.reason, self.share]
        self.anyway.click(told(self._other), choice, [self.reason, session.changed], **QUIET)  # refused, it all stays

    def show(self, case: str) -> tuple[Any, ...]:
        store = self.bench.store
        latest = evaluate.latest(store, case)
        unmeasured = evaluate.blocked(store, case)
        proved = switch.blocked(store, case) is None and not switch.done(store, case)
        results = latest.results if latest else {}
        variants = {variant.name: variant.id for variant in store.variants(case)}
        active = switch.active(store, self.bench.settings, case)
        return (
            compare_text.verdict(latest, str(scoring.of(store, latest)) if latest else ""),
            gr.Button(
                "Evaluate again" if latest else "Evaluate",
                variant="secondary" if proved else "primary",
                interactive=unmeasured is None and not self.measuring.running(case),
            ),
            *self.door(case),
            gr.Plot(plots.scores(results) if results else None, visible=bool(results)),
            compare_text.table(results, active.id),
            safe_html.markdown(
                compare_text.aside(latest, cost.of(store, self.bench.settings, latest)) if latest else ""
            ),
            gr.Accordion(visible=bool(latest and latest.proof)),
            compare_text.sanity(latest.proof, latest.verdict) if latest and latest.proof else "",
            gr.Accordion(visible=bool(latest and latest.parity)),
            compare_text.parity(latest.parity) if latest and latest.parity else "",
            gr.Dropdown(list(variants.items()), value=active.id if active.id in variants.values() else None),
            compare_text.switches(store.switches(case), {variant.id: variant for variant in store.variants(case)}),
            safe_html.markdown(returning.told(store, case)),
        )

    def door(self, case: str) -> tuple[gr.Button, str]:
        """For [switch, why]: whether the proved model may take over, and why not yet."""
        store = self.bench.store
        latest, problem, done = evaluate.latest(store, case), switch.blocked(store, case), switch.done(store, case)
        unread = None if problem or done else switch.unread(store, case)
        proved = not (problem or done or unread)
        said = _why(done, problem, str(latest.verdict.get("reason", "")) if latest else "")
        button = gr.Button(variant="primary" if proved else "secondary", interactive=proved)
        return button, evaluate.blocked(store, case) or unread or said

    def _evaluate(self, case: str) -> None:
        bench = self.bench
        self.measuring.start(case, lambda report: evaluate.run(bench, case, report=report))

    def _switch(self, case: str) -> None:
        if unread := switch.unread(self.bench.store, case):
            raise AttuneError(unread, "They are below, under 'The answers'.")
        self._said(switch.run(self.bench.store, case))

    def _other(self, case: str, variant: str | None, sure: bool, reason: str, share: int) -> tuple[Any, ...]:
        """The next switch needs a reason of its own, so this one is cleared."""
        if not variant:
            return gr.skip(), gr.skip()
        self._said(switch.run(self.bench.store, case, variant, reason=reason, force=sure, share=int(share)))
        return "", news()

    def _said(self, row: Switch) -> None:
        part = "" if row.share == WHOLE else f" in {row.share} of 100 conversations"
        name = escape(self.bench.store.variant(row.variant).name)
        gr.Info(f"'{name}' answers{part} from now on. Undo is at the top.")


def _why(done: bool, problem: str | None, verdict: str) -> str:
    """Why the switch is open or closed; nothing where the verdict above says it already."""
    if done:
        return "The proved model answers."
    return "" if problem == verdict else problem or "Proved better: it may take over."
