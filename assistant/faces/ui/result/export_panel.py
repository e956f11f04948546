"""Taking a trained model elsewhere: as a folder, an adapter, for Ollama, as GGUF, or to the Hub."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import gradio as gr

from assistant.background import Report, Task
from assistant.errors import AttuneError
from assistant.faces.ui.handler_errors import told
from assistant.faces.ui.session import QUIET, Session
from assistant.leaving import export, publish
from assistant.workbench import Workbench

KINDS = [
    ("The whole model (safetensors)", "model"),
    ("The adapter alone (LoRA)", "adapter"),
    ("A folder for Ollama", "ollama"),
    ("One GGUF file", "gguf"),
    ("A repository on the Hub", "push"),
]
WHAT = {
    "model": "An ordinary folder that transformers and vLLM read.",
    "adapter": "Small; it works with the base that it was trained on.",
    "ollama": "The model with a Modelfile, and the commands for Ollama, vLLM and `transformers serve`.",
    "gguf": "The file that answers here. Ollama, LM Studio and llama.cpp need nothing else.",
    "push": "**This leaves your computer**: to Hugging Face, with a model card, private unless you say otherwise.",
}
POLL_SECONDS = 1.0


class ExportPanel:
    """Shown once a model is on this machine. It exports on a thread of the app: closing the page does not end it."""

    def __init__(self, bench: Workbench, session: Session) -> None:
        self.bench, self.session = bench, session
        self.timer = gr.Timer(POLL_SECONDS, active=False)
        with gr.Accordion("Take the model elsewhere", open=False, visible=False, elem_id="export") as self.box:
            self.kind = gr.Dropdown(KINDS, value="model", label="As", filterable=False, elem_id="export-kind")
            self.what = gr.Markdown(WHAT["model"], elem_classes="quiet", elem_id="export-what")
            self.name = gr.Textbox(label="Repository", placeholder="OWNER/NAME", visible=False, elem_id="export-name")
            self.public = gr.Checkbox(False, label="Let everybody read it", visible=False, elem_id="export-public")
            self.go = gr.Button("Export", size="sm", elem_classes="go", elem_id="export-go")
            self.told = gr.Markdown(elem_id="export-told")

    def wire(self) -> None:
        session, case = self.session, self.session.case
        session.in_front("training", self.show, [self.box, self.timer, self.go, self.told])
        self.kind.change(_asked, self.kind, [self.what, self.name, self.public], **QUIET)
        started = self.go.click(told(self.export), [case, self.kind, self.name, self.public], self.told, **QUIET)
        started.then(told(self.look), case, [self.timer, self.go, self.told], **QUIET)
        self.timer.tick(told(self.look), case, [self.timer, self.go, self.told], **QUIET)

    def show(self, case: str) -> tuple[Any, ...]:
        """For [box, timer, go, told]: nothing for a case whose newest model is not here."""
        done = self.bench.store.made(case)
        here = bool(done) and Path(self.bench.settings.model_path(done[-1].model)).is_dir()
        return gr.Accordion(visible=here), *self.look(case)

    def look(self, case: str) -> tuple[Any, ...]:
        """For [timer, go, told]: how the last export of the case stands."""
        task = self.bench.background.task(_name(case)) if case else None
        running = task is not None and task.state == "running"
        return gr.Timer(active=running), gr.Button(interactive=not running), _said(task)

    def export(self, case: str, kind: str, name: str | None, public: bool) -> str:
        work = self._work(case, kind, (name or "").strip(), public)

        def reported(report: Report) -> None:
            report("Exporting", 0.0)
            report(work(), 1.0)

        if not self.bench.background.start(_name(case), reported):
            gr.Info("An export of this case is running already.")
        return "Exporting…"

    def _work(self, case: str, kind: str, name: str, public: bool) -> Callable[[], str]:
        """What is to be done; it returns what to tell."""
        store, settings = self.bench.store, self.bench.settings
        if kind == "push":
            if not name:
                raise AttuneError("The repository has no name.", "Write OWNER/NAME.")
            return lambda: f"Pushed to {publish.push(store, settings, case, name, public=public)['url']}"
        if kind == "gguf":
            return self._gguf(case)
        return lambda: str(export.written(store, settings, case, kind)["told"])

    def _gguf(self, case: str) -> Callable[[], str]:
        store, settings = self.bench.store, self.bench.settings
        job = export.finished(store, case)
        place = settings.data / export.FOLDER / case / f"job-{job.id}-gguf"

        def make() -> str:  # asked again, it is made again
            done = publish.as_gguf(store, settings, case, place / f"{case}.gguf", job.id, ours=True)
            return f"The GGUF file is {done['file']}"

        return make


def _asked(kind: str) -> tuple[Any, ...]:
    pushed = kind == "push"
    return WHAT[kind], gr.Textbox(visible=pushed), gr.Checkbox(visible=pushed)


def _said(task: Task | None) -> str:
    if task is None:
        return ""
    return task.error if task.state == "failed" else task.message if task.state == "done" else f"{task.message}…"


def _name(case: str) -> str:
    return f"export:{case}"
