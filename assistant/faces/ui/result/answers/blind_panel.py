"""Compare blind: two answers whose names are hidden until enough was said."""

from __future__ import annotations

from typing import Any

import gradio as gr

from assistant.evidence.answers import arena
from assistant.evidence.answers.rows import AnswerTable
from assistant.faces.ui.handler_errors import told
from assistant.faces.ui.result.answers import blind_text, clicks
from assistant.faces.ui.result.answers.latest_table import LatestTable
from assistant.faces.ui.session import QUIET, Session
from assistant.record.opinions.votes import CHOICES
from assistant.workbench import Workbench

ABOUT = (
    "Two answers to a held-out question, in random order and without names. Your votes are evidence; as the rows are "
    "held out, no vote becomes something to train on."
)


class BlindPanel:
    """A part under the answers. What the votes say is folded away: it would sway the next one."""

    def __init__(self, bench: Workbench, session: Session, tables: LatestTable) -> None:
        self.bench, self.session, self.tables = bench, session, tables
        with gr.Accordion("Compare blind", open=False, visible=False, elem_id="blind-fold") as self.box:
            gr.Markdown(ABOUT, elem_classes="quiet")
            with gr.Row():
                self.one = gr.Dropdown([], label="One", filterable=False, min_width=140, elem_id="blind-one")
                self.other = gr.Dropdown([], label="The other", filterable=False, min_width=140, elem_id="blind-other")
            self.pair = clicks.written("blind")
            with gr.Accordion("What the votes say so far", open=False, elem_id="blind-results"):
                self.said = gr.HTML(elem_id="blind-said")

    def wire(self) -> None:
        session, case, names = self.session, self.session.case, [self.one, self.other]
        session.in_front("compare", self.show, [self.box, *names, self.pair, self.said])
        gr.on([one.input for one in names], told(self._chosen), [case, *names], [self.pair, self.said], **QUIET)
        self.pair.click(told(self._voted), [case, *names], [self.pair, self.said], **QUIET)

    def show(self, case: str) -> tuple[Any, ...]:
        """For [box, one, other, pair, said]: hidden where there are not two variants to compare."""
        table = self.tables.of(case)
        if table is None or not table.rival:
            return gr.Accordion(visible=False), *[gr.skip()] * 4
        one, other = table.candidate, table.rival
        return (
            gr.Accordion(visible=True),
            gr.Dropdown(table.names, value=one),
            gr.Dropdown(table.names, value=other),
            *self._shown(table, one, other),
        )

    def _chosen(self, case: str, one: str, other: str) -> Any:
        table = self.tables.of(case)
        return self._shown(table, one, other) if table else gr.skip()

    def _voted(self, case: str, one: str, other: str, event: gr.EventData) -> Any:
        """The vote counts for the row and the order that were shown: those are what the seed says they were."""
        table, pressed = self.tables.of(case), clicks.data(event)
        if table is None:
            return gr.skip()
        found = self._next(table, one, other)
        choice, row = pressed.get("act"), pressed.get("row")
        if found and choice in CHOICES and row == f"{found.key[0]}.{found.key[1]}":
            left, right = table.ids[found.left], table.ids[found.right]
            self.bench.store.add_vote(table.evaluation.id, *found.key, left, right, str(choice))
        return self._shown(table, one, other)

    def _shown(self, table: AnswerTable, one: str, other: str) -> tuple[str, str]:
        found = self._next(table, one, other)
        none = '<div class="quiet" role="status">Nothing is left to compare between these two.</div>'
        votes = self.bench.store.votes(table.evaluation.id)
        return blind_text.pair(table, found) if found else none, blind_text.results(arena.counts(table, votes))

    def _next(self, table: AnswerTable, one: str, other: str) -> arena.BlindPair | None:
        known = one in table.ids and other in table.ids and one != other
        return arena.next_pair(table, self.bench.store.votes(table.evaluation.id), (one, other)) if known else None
