"""Training: choose, see the forecast, start; then follow a run that lives in its own process."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

import gradio as gr

from assistant.faces.ui.handler_errors import told
from assistant.faces.ui.result import plots
from assistant.faces.ui.result.export_panel import ExportPanel
from assistant.faces.ui.session import QUIET, Session, news
from assistant.faces.ui.train import option_inputs, training_text
from assistant.faces.ui.train.hosting_panel import HostingPanel
from assistant.jobs import lifecycle
from assistant.stages import finetune
from assistant.workbench import Workbench
from tools.options import given
from tools.trainer import JobState, ToolError

POLL_SECONDS = 1.5
STOP = (
    "**Stop this run?** Kept: its curve, its samples and the last checkpoint, from which it can be resumed. "
    "Not there until it is resumed: a model to measure. What answers in the chat stays as it is."
)


class TrainingTab:
    """Builds the panel. What it shows comes from the record and the run's directory, so a closed tab loses nothing."""

    def __init__(self, bench: Workbench, session: Session) -> None:
        self.bench, self.session = bench, session
        self.seen = gr.State("")  # what the plots show, so that a tick without news draws nothing
        self.known = gr.State("")  # the states of the runs that this tab was told
        self.timer = gr.Timer(POLL_SECONDS, active=False)
        with gr.Column(visible=False, elem_id="run") as self.run:
            self.status = gr.HTML(elem_id="run-status")
            with gr.Row():
                self.stop = gr.Button("Stop…", size="sm", scale=0, min_width=100, elem_id="stop-run")
                self.pause = gr.Button("Pause", size="sm", scale=0, min_width=100, elem_id="pause-run")
                self.resume = gr.Button("Resume", size="sm", scale=0, min_width=110, elem_id="resume-run")
            with gr.Column(visible=False, elem_classes="card") as self.sure:
                gr.Markdown(STOP)
                with gr.Row():
                    self.really = gr.Button("Stop the run", variant="stop", size="sm", elem_id="really-stop")
                    self.go_on = gr.Button("Let it go on", size="sm")
            with gr.Row():
                self.loss = gr.Plot(show_label=False, scale=3, min_width=300, elem_id="loss")
                self.rate = gr.Plot(show_label=False, scale=2, min_width=260, elem_id="rate")
            with gr.Accordion("Sample answers while training", open=True):
                self.samples = gr.HTML(elem_id="samples")
        with gr.Column(elem_id="start-form") as self.form:
            self.trainer = gr.Dropdown(list(bench.trainers), label="Trainer", elem_id="trainer", filterable=False)
            self.forecast = gr.HTML(elem_id="forecast")
            with gr.Accordion("Expert settings", open=False, elem_id="expert"):
                self._expert()
            self.start = gr.Button("Start training", variant="primary", elem_classes="go", elem_id="start-training")
            self.why = gr.Markdown(elem_classes="quiet", elem_id="training-why")
        self.hosting = HostingPanel(bench, session)
        self.export = ExportPanel(bench, session)
        with gr.Accordion("All runs", open=False, visible=False) as self.past:
            self.history = gr.HTML()

    def _expert(self) -> None:
        gr.Markdown("0 or empty leaves the choice to the trainer.", elem_classes="quiet")
        self.inputs = option_inputs.inputs()
        self.command = gr.Code(
            label="The same from a terminal", language="shell", interactive=False, lines=1, wrap_lines=True
        )

    @property
    def options(self) -> list[Any]:
        return [self.trainer, *self.inputs.values()]

    def wire(self) -> None:
        session, case = self.session, self.session.case
        live = [
            self.run,
            self.status,
            self.stop,
            self.pause,
            self.resume,
            self.loss,
            self.rate,
            self.samples,
            self.seen,
        ]
        form = [self.form, self.trainer, self.start, self.why, self.past, self.history]
        session.in_front("training", self.show, form)
        session.in_front("training", lambda case: self.live(case, ""), live)
        gr.on(
            [case.change, session.changed.change],
            told(self.watch),
            [case, self.known],
            [self.timer, self.known, session.changed],
            **QUIET,
        )
        self.hosting.wire()
        self.export.wire()
        self.timer.tick(told(self._tick), [case, self.seen], [*live, session.changed], **QUIET)
        asked = [case.change, session.changed.change, session.panel.change, *(option.change for option in self.options)]
        gr.on(
            asked,
            told(self.show_forecast),
            [case, session.panel, *self.options],
            [self.forecast, self.command],
            trigger_mode="always_last",
            **QUIET,
        )
        session.after(self.start.click(told(self.start_training), [case, *self.options], None, **QUIET))
        self.stop.click(lambda: gr.Column(visible=True), None, self.sure, **QUIET)
        self.go_on.click(lambda: gr.Column(visible=False), None, self.sure, **QUIET)
        session.after(self.really.click(told(self._cancel), case, self.sure, **QUIET))
        session.after(self.pause.click(told(self._pause), case, None, **QUIET))
        session.after(self.resume.click(told(self._resume), case, None, **QUIET))

    def show(self, case: str) -> tuple[Any, ...]:
        """The form, for [form, trainer, start, why, past, history]."""
        bench = self.bench
        jobs = bench.store.jobs(case)
        running = any(not JobState(job.state).ended for job in jobs)
        reason = finetune.blocked(bench.store, case)
        problems = {name: trainer.unavailable() for name, trainer in bench.trainers.items()}
        chosen = str(finetune.defaults(bench, case)["trainer"])
        return (
            gr.Column(visible=not running),
            gr.Dropdown([(f"{name}: {problem or 'ready'}", name) for name, problem in problems.items()], value=chosen),
            gr.Button(
                "Train again" if jobs else "Start training",
                interactive=reason is None,
                variant="secondary" if finetune.done(bench.store, case) else "primary",
            ),
            reason or "It runs in a process of its own: you can close this page and come back.",
            gr.Accordion(visible=bool(jobs)),
            training_text.history(jobs) if jobs else "",
        )

    def live(self, case: str, seen: str) -> tuple[Any, ...]:
        """The latest run, for the nine of `live` in `wire`; nothing when there is no news."""
        jobs = self.bench.store.jobs(case) if case else []
        if not jobs:
            return gr.Column(visible=False), *[gr.skip()] * 7, ""
        bench = self.bench
        now = lifecycle.follow(bench, jobs[-1].id)
        key = f"{jobs[-1].id} {now.state} {len(now.events)} {now.resumable}"
        if key == seen:
            return (gr.skip(),) * 9
        return (
            gr.Column(visible=True),
            training_text.status(jobs[-1], now, now.events),
            gr.Button(visible=not now.state.ended),
            gr.Button(visible=now.state is JobState.RUNNING),
            gr.Button(visible=now.resumable and now.state is not JobState.RUNNING),
            plots.loss(now.events),
            plots.rate(now.events),
            training_text.samples(now.events),
            key,
        )

    def watch(self, case: str, known: str) -> tuple[Any, ...]:
        """For [timer, known, changed]: poll only while a run of this case is going, and tell the panels of a new state.

        It is compared with what this tab was told: another handler may have written it into the record a moment ago.
        """
        bench = self.bench
        jobs = lifecycle.refresh(bench, case) if case else []
        now = f"{case} {' '.join(f'{job.id}:{job.state}' for job in jobs)}"
        rest = all(JobState(job.state).rests for job in jobs)
        return gr.Timer(active=not rest), now, news() if now != known else gr.skip()

    def _tick(self, case: str, seen: str) -> tuple[Any, ...]:
        """`live`, and word to the other panels when the run has ended or is paused: the tracker depends on it."""
        found = self.live(case, seen)
        rests = all(JobState(job.state).rests for job in self.bench.store.jobs(case))
        return *found, news() if rests else gr.skip()

    def show_forecast(self, case: str, panel: str, *values: Any) -> Any:
        """What this run would take, and the command that does the same."""
        if panel != "training":
            return gr.skip()
        chosen = _chosen(values)
        command = training_text.command(case, chosen)
        bench = self.bench
        if not case or not chosen or finetune.blocked(bench.store, case):
            return "", command
        try:
            estimate = finetune.estimate(bench, case, **chosen)
        except ToolError as error:  # a setting that cannot run: said where the forecast stands
            return f'<div class="verdict stay">{escape(str(error))}</div>', command
        return training_text.forecast(estimate), command

    def start_training(self, case: str, *values: Any) -> None:
        bench = self.bench
        job = finetune.run(bench, case, **_chosen(values))
        gr.Info(f"Training {job.id} has started.")

    def _cancel(self, case: str) -> gr.Column:
        bench = self.bench
        lifecycle.cancel(bench, bench.store.jobs(case)[-1].id)
        gr.Info("The run ends after the step it is in.")
        return gr.Column(visible=False)

    def _pause(self, case: str) -> None:
        bench = self.bench
        lifecycle.pause(bench, bench.store.jobs(case)[-1].id)
        gr.Info("The run pauses after the step it is in.")

    def _resume(self, case: str) -> None:
        bench = self.bench
        job = lifecycle.resume(bench, bench.store.jobs(case)[-1].id)
        gr.Info(f"Training {job.id} goes on from its last checkpoint.")


def _chosen(values: Sequence[Any]) -> dict[str, Any]:
    """The options that were set: 0 and empty leave the choice to the trainer."""
    return given(dict(zip(("trainer", *option_inputs.NAMES), values, strict=True)))
