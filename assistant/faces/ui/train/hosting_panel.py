"""A model tuned at Azure: whether it is deployed, what that has cost, and one button that ends it."""

from __future__ import annotations

from typing import Any

import gradio as gr

from assistant import hosting
from assistant.faces.ui.handler_errors import told
from assistant.faces.ui.session import QUIET, Session
from assistant.guide import proposals
from assistant.guide.proposals import remove
from assistant.record.types import Job
from assistant.workbench import Workbench
from tools.azure.deployment import KINDS
from tools.trainer import JobState


class HostingPanel:
    """Nothing is shown for a case without a model at Azure."""

    def __init__(self, bench: Workbench, session: Session) -> None:
        self.bench, self.session = bench, session
        with gr.Column(visible=False, elem_id="hosting", elem_classes="card") as self.box:
            self.text = gr.Markdown(elem_id="hosting-text")
            with gr.Row():
                self.deploy = gr.Button("Deploy…", size="sm", scale=0, min_width=110, elem_id="deploy")
                self.down = gr.Button("Take it down", size="sm", scale=0, min_width=130, elem_id="take-down")

    def wire(self) -> None:
        session = self.session
        session.in_front("training", self.show, [self.box, self.text, self.deploy, self.down])
        session.after(self.deploy.click(told(self.propose), session.case, None, **QUIET))
        session.after(self.down.click(told(self.take_down), session.case, None, **QUIET))

    def show(self, case: str) -> tuple[Any, ...]:
        """For [box, text, deploy, down]. What has used up its hours is taken down on the way."""
        bench, job = self.bench, self._job(case)
        if job is None:
            return gr.Column(visible=False), *[gr.skip()] * 3
        if problem := bench.hosting.unavailable():
            return gr.Column(visible=True), problem, gr.Button(visible=False), gr.Button(visible=False)
        over = hosting.sweep(bench.store, bench.hosting)
        found = [one for one in hosting.running(bench.store, bench.hosting) if one.job == job.id]
        date = bench.hosting.prices.date
        price = f"${bench.hosting.hour(KINDS[0]):.2f} an hour, used or not (price of {date})"
        text = (
            hosting.said(found[0], date)
            if found
            else (
                f"The model of job {job.id} is not deployed at Azure: it does not answer, and costs nothing. "
                f"Deployed it costs {price}."
            )
        )
        if job.id in over:
            text = f"Its reserved hours have passed: it was taken down. {text}"
        text = text[0].upper() + text[1:]
        return gr.Column(visible=True), text, gr.Button(visible=not found), gr.Button(visible=bool(found))

    def propose(self, case: str) -> None:
        """The card beside the chat shows price and hours; nothing begins before it is confirmed there."""
        proposals.propose(self.bench, case, "deploy", {})
        gr.Info("Look at the proposal beside the chat: it says what this costs.")

    def take_down(self, case: str) -> None:
        job = self._job(case)
        if job is not None:
            gr.Info(remove.remove(self.bench, {"job": job.id}))

    def _job(self, case: str) -> Job | None:
        """The latest model of the case at Azure."""
        jobs = self.bench.store.jobs(case) if case else []
        found = [job for job in jobs if job.trainer == hosting.TRAINER and job.state == JobState.SUCCEEDED]
        return found[-1] if found else None
