"""The report to take along: as a page, or printed to PDF."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import gradio as gr

from assistant.faces.ui.handler_errors import told
from assistant.faces.ui.session import QUIET, Session
from assistant.leaving.report import page
from assistant.stages import evaluate
from assistant.workbench import Workbench

# The file exists only once it was asked for, so the button that downloads is pressed when it is there.
_FETCH = "() => setTimeout(() => document.querySelector('#report-file a, a#report-file, #report-file')?.click(), 400)"


class ReportPanel:
    """Two buttons beside the verdict."""

    def __init__(self, bench: Workbench, session: Session) -> None:
        self.bench, self.session = bench, session
        self._place = tempfile.TemporaryDirectory(prefix="attune-report-")  # until the app ends
        with gr.Row(visible=False, elem_id="report") as self.row:
            self.html = gr.Button("Report as a page (HTML)", size="sm", min_width=150, elem_id="report-html")
            self.pdf = gr.Button("Report as PDF", size="sm", min_width=150, elem_id="report-pdf")
            self.file = gr.DownloadButton("Download the report", visible="hidden", elem_id="report-file")

    def wire(self) -> None:
        self.session.in_front("compare", self.show, [self.row])
        for button, as_pdf in ((self.html, False), (self.pdf, True)):
            made = button.click(told(self._making(as_pdf)), self.session.case, self.file, **QUIET)
            made.success(None, None, None, js=_FETCH, **QUIET)

    def show(self, case: str) -> gr.Row:
        return gr.Row(visible=evaluate.latest(self.bench.store, case) is not None)

    def _making(self, as_pdf: bool) -> Any:
        def make(case: str) -> gr.DownloadButton:
            folder = Path(tempfile.mkdtemp(dir=self._place.name))
            made = page.write(self.bench.store, case, folder / f"{case}-report", as_pdf)
            return gr.DownloadButton(value=str(made), visible="hidden")

        return make
