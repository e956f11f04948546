"""What is being measured for the case in sight: started once, its progress shown until it ends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gradio as gr

from assistant.background import Report
from assistant.faces.ui.handler_errors import told
from assistant.faces.ui.result import compare_text
from assistant.faces.ui.session import QUIET, Session, news
from assistant.workbench import Workbench

POLL_SECONDS = 1.0


class Measuring:
    """A progress line and its timer. Measuring runs on a thread of the app: closing the page does not end it."""

    def __init__(self, bench: Workbench, session: Session, task: Callable[[str], str], elem_id: str) -> None:
        self.bench, self.session, self.task = bench, session, task
        self.timer = gr.Timer(POLL_SECONDS, active=False)
        self.progress = gr.HTML(elem_id=elem_id)

    def wire(self) -> None:
        self.session.always(self._watch, [self.timer, self.progress])
        self.timer.tick(told(self._tick), self.session.case, [self.progress, self.session.changed], **QUIET)

    def start(self, case: str, work: Callable[[Report], object]) -> None:
        if not self.bench.background.start(self.task(case), work):
            gr.Info("It is being measured already.")

    def running(self, case: str) -> bool:
        return self.bench.background.running(self.task(case))

    def _watch(self, case: str) -> tuple[gr.Timer, str]:
        """Poll only while this case is being measured; also shows how the last measuring ended."""
        return gr.Timer(active=self.running(case)), self._shown(case)

    def _tick(self, case: str) -> tuple[str, Any]:
        shown = self._shown(case)  # before the look at its end: what ended in between is shown by the refresh
        return shown, gr.skip() if self.running(case) else news()

    def _shown(self, case: str) -> str:
        return compare_text.progress(self.bench.background.task(self.task(case)))
