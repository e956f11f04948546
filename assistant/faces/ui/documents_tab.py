"""The documents that answers may draw on: put in, looked at, taken out; and the baseline that uses them."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from assistant.faces.ui.session import QUIET, Session
from assistant.faces.ui.told import told, warn
from assistant.knowledge import documents
from assistant.record.types import Document
from assistant.stages import baseline
from assistant.workbench import Workbench

HEADERS = ("name", "kind", "pages", "words", "notes")
ABOUT = "Text, Markdown and PDF. Answers search them and cite what they used. They stay on this computer."


class DocumentsTab:
    """Builds the panel."""

    def __init__(self, bench: Workbench, session: Session) -> None:
        self.bench, self.session = bench, session
        gr.Markdown(ABOUT, elem_classes="quiet")
        self.files = gr.File(
            label="Drop documents here", file_count="multiple", type="filepath", elem_id="upload", height=140
        )
        self.table = gr.HTML(elem_id="documents")
        with gr.Row():
            self.chosen = gr.Dropdown(
                [], label="Document", show_label=False, container=False, scale=2, min_width=160, visible=False
            )
            self.remove = gr.Button("Remove", size="sm", scale=0, min_width=110, visible=False, elem_id="remove")
        self.build = gr.Button("Build the baseline", variant="primary", elem_classes="go", elem_id="build-baseline")
        self.why = gr.Markdown(elem_classes="quiet")

    def wire(self) -> None:
        case = self.session.case
        self.session.after(self.files.upload(told(self._add), [self.files, case], self.files, show_progress="minimal",
                                             api_visibility="private"))  # fmt: skip
        self.session.after(self.remove.click(told(self._remove), [self.chosen, case], None, **QUIET))
        self.session.after(self.build.click(told(self._build), case, None, **QUIET))
        outputs = [self.table, self.chosen, self.remove, self.build, self.why]
        self.session.in_front("documents", self.show, outputs)

    def show(self, case: str) -> tuple[Any, ...]:
        found = self.bench.store.documents(case)
        names = [document.name for document in found]
        reason = baseline.blocked(self.bench.store, case)
        have = bool(found)
        done = baseline.done(self.bench.store, case)
        return (
            _table(found),
            gr.Dropdown(names, value=names[-1] if have else None, visible=have),
            gr.Button(visible=have),
            gr.Button("Build the baseline again" if done else "Build the baseline", interactive=reason is None,
                      variant="secondary" if done else "primary"),
            reason or "Four variants that need no training: prompt, few-shot, rag, and rag + few-shot.",
        )  # fmt: skip

    def _add(self, paths: list[str], case: str) -> None:
        """Read every file; one that cannot be read is told about and does not hold up the others."""
        added = 0
        for path in paths or []:
            name = Path(path).name
            try:
                documents.add(self.bench.store, self.bench.settings, case, name, Path(path).read_bytes())
                added += 1
            except Exception as error:
                warn(error)
        if added:
            pieces = self.bench.knowledge.sync(case)
            gr.Info(f"{added} document{'s' * (added != 1)} added; {pieces} passages can be searched.")

    def _remove(self, name: str | None, case: str) -> None:
        if name:
            self.bench.store.remove_document(case, name)
            self.bench.knowledge.sync(case)
            gr.Info(f"{escape(name)} is no longer used. Answers that cited it keep what they cited.")

    def _build(self, case: str) -> None:
        made = baseline.run(self.bench.store, self.bench.settings, case)
        gr.Info(f"{len(made)} variants are ready; which one answers now stands at the top.")


def _table(found: Sequence[Document]) -> str:
    """The documents as HTML."""
    if not found:
        return '<div class="quiet">No documents yet.</div>'
    rows = "".join(
        f"<tr><td><b>{escape(document.name)}</b></td><td class=n>{escape(document.kind)}</td>"
        f"<td class=n>{document.pages}</td>"
        f"<td class=n>{len(document.text.split()):,}</td><td>{escape('; '.join(document.warnings)) or '–'}</td></tr>"
        for document in found
    )
    head = "".join(f"<th>{name}</th>" for name in HEADERS)
    return f'<div class="wide"><table class="plain"><tr>{head}</tr>{rows}</table></div>'
