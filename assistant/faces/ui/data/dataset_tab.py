"""What would be learned from: every conversation with an approved answer, the counts, and the frozen split."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from assistant.conversations import importing
from assistant.conversations.formats.found import Hints
from assistant.conversations.labels import Row
from assistant.faces.ui.session import QUIET, Session
from assistant.faces.ui.handler_errors import told
from assistant.record.types import Message
from assistant.stages import dataset
from assistant.stages.dataset import Preview
from assistant.workbench import Workbench

HEADERS = ["Source", "Turns", "Good", "Preview"]
MOST = 300  # rows shown
FORMS = (
    "Chat and preference rows of OpenAI, ShareGPT, Alpaca, questions with answers (JSON, CSV, Excel, Parquet); exports "
    "of ChatGPT, Claude, Open WebUI, Langfuse, LangSmith and Slack, also as a zip; transcripts. Their answers count as "
    "approved, those with a thumb down as rejected."
)
HINT = "Tap a row to see exactly what is learned from it."


class DatasetTab:
    """Builds the panel."""

    def __init__(self, bench: Workbench, session: Session) -> None:
        self.bench, self.session = bench, session
        self.counts = gr.HTML(elem_id="dataset-counts")
        self.build = gr.Button("Build dataset", variant="primary", elem_classes="go", elem_id="build-dataset")
        self.why = gr.Markdown(elem_classes="quiet", elem_id="dataset-why")
        self.table = gr.Dataframe(
            headers=HEADERS, datatype="str", interactive=False, show_label=False, label="Conversations", max_height=340,
            column_widths=["16%", "14%", "18%", "52%"], buttons=[], elem_id="conversations", max_chars=140,
            visible=False,
        )
        self.row = gr.HTML(elem_id="row")
        with gr.Accordion("Import conversations", open=False, elem_id="import"):
            gr.Markdown(FORMS, elem_classes="quiet")
            self.heldout = gr.Checkbox(False, label="Keep these for testing only", elem_id="heldout")
            self.names = gr.Textbox(
                label="What is what, where it is not recognised", elem_id="import-names",
                placeholder="question=COLUMN,answer=COLUMN, or assistant=NAME for a transcript",
            )
            self.file = gr.File(label="Drop a file", height=120, elem_id="jsonl")

    def wire(self) -> None:
        session, case = self.session, self.session.case
        session.after(
            self.file.upload(told(self._import), [self.file, self.heldout, self.names, case], self.file,
                             show_progress="minimal", api_visibility="private")
        )
        session.after(self.build.click(told(self._build), case, None, **QUIET))
        self.table.select(told(self._look), case, self.row, **QUIET)
        session.in_front("dataset", self.show, [self.counts, self.build, self.why, self.table, self.row])

    def show(self, case: str) -> tuple[Any, ...]:
        found = dataset.preview(self.bench.store, case)
        reason, built = dataset.blocked(self.bench.store, case), dataset.done(self.bench.store, case)
        return (
            _counts(found),
            gr.Button(interactive=reason is None, variant="secondary" if built else "primary"),
            reason or self._frozen(case, found),
            gr.Dataframe([_cells(row) for row in found.rows[:MOST]], visible=bool(found.rows)),
            f'<div class="quiet">{HINT}</div>' if found.rows else "",
        )

    def _frozen(self, case: str, found: Preview) -> str:
        notes = "; ".join(found.problems)
        built = self.bench.store.datasets(case)
        if not built:
            return notes or "Ready: the split is seeded, and near-duplicates stay on one side."
        last = built[-1]
        frozen = f"Frozen: **{last.train} to train on, {last.test} to test on** (seed {last.seed}, `{last.id[:12]}`)."
        return f"{frozen} {notes}".strip()

    def _import(self, path: str | None, heldout: bool, names: str, case: str) -> None:
        if not path:
            return
        done = importing.files(self.bench.store, case, [Path(path)], heldout, Hints.parse([names]))
        said = f"{done.counted()} imported{' for testing only' * heldout}. {done.sentence}"
        gr.Info(escape(" ".join([said, *done.told])), duration=20 if done.told else 10)

    def _build(self, case: str) -> None:
        made = dataset.run(self.bench.store, case)
        gr.Info(f"The dataset is frozen: {made.train} conversations to train on, {made.test} to test on.")

    def _look(self, case: str, data: gr.SelectData) -> str:
        rows = dataset.preview(self.bench.store, case).rows
        place = data.index[0] if isinstance(data.index, (list, tuple)) else int(data.index)
        return learned(rows[place].messages) if place < len(rows) else ""


def learned(messages: list[Message]) -> str:
    """A conversation as HTML; what is learned is marked, the rest is context."""
    lines = "".join(
        f"<tr><td>{escape(message['role'])}{' ✓ learned' * _trained(message)}</td>"
        f"<td>{'<mark>' * _trained(message)}{escape(said(message)).replace(chr(10), '<br>')}"
        f"{'</mark>' * _trained(message)}</td></tr>"
        for message in messages
    )
    return f'<div class="wide"><table class="plain">{lines}</table></div>'


def said(message: Message) -> str:
    """What a message says, with the tools that it declares and the calls that it makes."""
    tools = [str(tool["function"]["name"]) for tool in message.get("tools") or []]
    lines = [f"Tools: {', '.join(tools)}"] * bool(tools) + [str(message["content"])] * bool(message["content"])
    calls = (call["function"] for call in message.get("tool_calls") or [])
    return "\n".join([*lines, *(f"{call['name']}({call['arguments']})" for call in calls)])


def _trained(message: Message) -> bool:
    return bool(message["role"] == "assistant" and message.get("weight", 1) != 0)


def _cells(row: Row) -> list[str]:
    answers = [message for message in row.messages if message["role"] == "assistant"]
    good = sum(_trained(message) for message in answers)
    preview = " → ".join(" ".join(said(message).split()) for message in row.messages)
    return [row.source, str(len(row.messages)), f"{good} of {len(answers)}", preview[:400]]


def _counts(found: Preview) -> str:
    facts = (
        (found.usable, "usable"), (found.duplicates, "left out as duplicates"), (found.pairs, "preference pairs"),
        (found.negatives, "rejected answers"), (found.heldout, "held-out conversations"),
    )
    return f'<div class="facts">{"".join(f"<div><b>{n}</b><span>{what}</span></div>" for n, what in facts)}</div>'
