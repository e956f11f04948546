"""The answers: every variant's, row by row beside the approved one, to be read and marked."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

import gradio as gr

from assistant.conversations import references
from assistant.evidence.answers import opinions, order
from assistant.evidence.answers.order import AnswerPage, RowChoice
from assistant.evidence.answers.rows import AnswerTable
from assistant.faces.ui.handler_errors import told
from assistant.faces.ui.result.answers import answers_text, clicks
from assistant.faces.ui.result.answers.latest_table import LatestTable
from assistant.faces.ui.session import QUIET, Session
from assistant.record.opinions.marks import KINDS, READ, Mark
from assistant.workbench import Workbench

PAGE = 5  # rows of a page
SORTS = [("worst first", "worst"), ("best first", "best"), ("most different first", "different"), ("random", "random")]
MARKS = [
    ("all rows", ""),
    ("not read yet", "unread"),
    ("right", "right"),
    ("wrong", "wrong"),
    ("approved answer wrong", "reference"),
]


class AnswersPanel:
    """A part of the comparison. What is chosen and where it stands is the browser tab's; the rest is read anew."""

    def __init__(self, bench: Workbench, session: Session, tables: LatestTable) -> None:
        self.bench, self.session, self.tables = bench, session, tables
        with gr.Accordion("The answers", open=True, visible=False, elem_id="answers-fold") as self.box:
            with gr.Row(elem_id="answers-choice"):
                self.sort = _choice("Order", SORTS, "worst", "answers-sort")
                self.topic = _choice("Topic", [("all topics", "")], "", "answers-topic")
                self.lacks = _choice("Missing in the form", [("anything", "")], "", "answers-lacks")
                self.mark = _choice("Marked", MARKS, "", "answers-mark")
            self.read = gr.HTML(elem_id="answers-read")
            self.rows = clicks.written("answers")
            with gr.Row(elem_classes="middle", elem_id="answers-pages"):
                self.back = gr.Button("Previous", size="sm", min_width=90, scale=0, elem_id="answers-back")
                self.place = gr.HTML(elem_id="answers-place")
                self.on = gr.Button("Next", size="sm", min_width=90, scale=0, elem_id="answers-on")
        self.start, self.keys = gr.State(0), gr.State([])  # where the page begins, and its rows

    @property
    def outputs(self) -> list[Any]:
        return [self.rows, self.read, self.place, self.back, self.on, self.start, self.keys]

    def wire(self, door: Any, switch_parts: list[Any]) -> None:
        """`door(case)` gives `switch_parts`: whether the switch is open, which the marks decide, too."""
        session, case = self.session, self.session.case
        wanted = [self.sort, self.topic, self.lacks, self.mark]
        session.in_front("compare", self.show, [self.box, self.sort, self.mark, self.topic, self.lacks, *self.outputs])
        gr.on([one.input for one in wanted], told(self._first), [case, *wanted], self.outputs, **QUIET)
        for button, step in ((self.back, -PAGE), (self.on, PAGE)):
            button.click(told(self._turning(step)), [case, self.start, *wanted], self.outputs, **QUIET)
        pressed = self.rows.click(told(self._pressed), [case, self.keys], [self.rows, self.read], **QUIET)
        pressed.then(told(door), case, switch_parts, **QUIET)

    def show(self, case: str) -> tuple[Any, ...]:
        """For [box, sort, mark, topic, lacks, *outputs]: the first page, worst first."""
        table = self.tables.of(case)
        if table is None:
            return gr.Accordion(visible=False), *[gr.skip()] * (4 + len(self.outputs))
        topics = sorted({*table.topics.values()} - {""})
        faults = order.faults(table)
        lacks = [("anything", ""), *((f"not so: {part} ({n})", part) for part, n in faults.items())]
        return (
            gr.Accordion(visible=True),
            gr.Dropdown(value="worst"),
            gr.Dropdown(value=""),
            gr.Dropdown([("all topics", ""), *((topic, topic) for topic in topics)], value="", visible=bool(topics)),
            gr.Dropdown(lacks, value="", visible=bool(faults)),
            *self._page(table, RowChoice(), 0),
        )

    def _first(self, case: str, sort: str, topic: str, lacks: str, mark: str) -> Any:
        table = self.tables.of(case)
        return self._page(table, _wanted(sort, topic, lacks, mark), 0) if table else gr.skip()

    def _turning(self, step: int) -> Any:
        def turn(case: str, start: int, sort: str, topic: str, lacks: str, mark: str) -> Any:
            table = self.tables.of(case)
            return self._page(table, _wanted(sort, topic, lacks, mark), start + step) if table else gr.skip()

        return turn

    def _pressed(self, case: str, keys: list[Any], event: gr.EventData) -> Any:
        """For [rows, read]: a row was unfolded, or an answer marked. The rows of the page stay, whatever was picked."""
        table, pressed = self.tables.of(case), clicks.data(event)
        key = next((one for one in table.keys if _name(one) == pressed.get("row")), None) if table else None
        if table is None or key is None:
            return gr.skip()
        act, variant = pressed.get("act", ""), pressed.get("variant", "")
        if act == "approve":
            self._approve(table, key, variant)
        elif act in KINDS and (not variant or variant in table.ids):
            self.bench.store.add_mark(table.evaluation.id, *key, act, table.ids.get(variant, ""))
        said = self.bench.store.marks(table.evaluation.id)
        if act == READ:  # the page has unfolded it already
            return gr.skip(), self._read(table, said)
        shown = AnswerPage([table.row(one, said) for one in table.keys if list(one) in keys], 0, 0)
        ordered = sorted(shown.rows, key=lambda row: keys.index([row.item, row.turn]))
        return answers_text.listing(table, AnswerPage(ordered, 0, 0), pressed["open"]), self._read(table, said)

    def _approve(self, table: AnswerTable, key: tuple[int, int], variant: str) -> None:
        store, given = self.bench.store, table.given.get((variant, key))
        item = next(one for one in store.items(table.evaluation.dataset, "test") if one.position == key[0])
        if given is not None and not given.error:
            references.correct(store, item, key[1], given.answer)
            gr.Info("Approved. The next dataset tests with this answer; this verdict stays as it is.")

    def _page(self, table: AnswerTable, wanted: RowChoice, start: int) -> tuple[Any, ...]:
        """For `outputs`."""
        said = self.bench.store.marks(table.evaluation.id)
        found = order.page(table, said, wanted, max(0, start), PAGE)
        last = found.start + len(found.rows)
        return (
            answers_text.listing(table, found),
            self._read(table, said),
            f'<div class="quiet" role="status">{found.start + 1} to {last} of {found.total}</div>' if last else "",
            gr.Button(interactive=found.start > 0),
            gr.Button(interactive=last < found.total),
            found.start,
            [[row.item, row.turn] for row in found.rows],
        )

    def _read(self, table: AnswerTable, said: Sequence[Mark]) -> str:
        """How many were read, and how far the scorer agrees with the marks."""
        read = len({(one.item, one.turn) for one in said})
        told = " ".join(filter(None, (opinions.agreement(table, said).sentence, self.tables.own_words(table))))
        lead = f"{read} of {len(table.keys)} rows read. Underlined: not in the approved answer."
        return f'<div class="quiet">{lead} {escape(told)}</div>'


def _wanted(sort: str, topic: str | None, lacks: str | None, mark: str | None) -> RowChoice:
    return RowChoice(sort or "worst", "", topic or "", lacks or "", mark or "")


def _name(key: tuple[int, int]) -> str:
    return f"{key[0]}.{key[1]}"


def _choice(label: str, choices: list[tuple[str, str]], value: str, elem_id: str) -> gr.Dropdown:
    return gr.Dropdown(choices, value=value, label=label, filterable=False, min_width=150, elem_id=elem_id)
