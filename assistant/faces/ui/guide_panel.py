"""The guide beside everything else: it asks, explains and proposes; a person confirms on a card."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Any

import gradio as gr

from assistant.faces.ui.session import QUIET, Session
from assistant.faces.ui.told import told, told_stream
from assistant.faces.ui.transcript import Shown
from assistant.guide import proposals
from assistant.guide.agent import Guide, GuideReply
from assistant.record.types import Proposal
from assistant.stages import current
from assistant.workbench import Workbench

KEPT = 60  # messages shown when a case is opened again


class GuidePanel:
    """Builds the panel. The talk is a conversation of the record with the source "guide"."""

    def __init__(self, bench: Workbench, session: Session) -> None:
        self.bench, self.session = bench, session
        self.guide = Guide(bench)
        self.proposal = gr.State(0)
        self.stage = gr.State("")  # where the case stood when the guide last looked
        with gr.Accordion("Guide", open=True, elem_id="guide"):
            self.chat = gr.Chatbot(
                elem_id="guide-chat", height="46vh", min_height=240, show_label=False, label="Guide", buttons=[],
                layout="bubble", feedback_options=None, group_consecutive_messages=False, allow_tags=False,
                latex_delimiters=[], container=False,
            )  # fmt: skip
            with gr.Column(visible=False, elem_classes="card", elem_id="proposal") as self.card:
                self.what = gr.HTML()
                with gr.Row():
                    self.confirm = gr.Button("Confirm", size="sm", elem_id="confirm", min_width=90)
                    self.decline = gr.Button("Decline", size="sm", elem_id="decline", min_width=90)
            self.box = gr.Textbox(
                placeholder="Answer or ask the guide", show_label=False, label="To the guide", container=False,
                submit_btn=True, lines=1, max_lines=5, elem_id="guide-message",
            )  # fmt: skip

    def wire(self) -> None:
        case, session = self.session.case, self.session
        outputs = [self.chat, self.proposal, self.card, self.what]
        said = self.box.submit(told_stream(self._say), [self.box, self.chat, case], [self.box, *outputs], **QUIET)
        tapped = self.chat.option_select(told_stream(self._tap), [self.chat, case], [self.box, *outputs], **QUIET)
        sure = self.confirm.click(told(self._confirm), [self.proposal, self.chat, case], outputs, **QUIET)
        no = self.decline.click(told(self._decline), [self.proposal, self.chat, case], outputs, **QUIET)
        for event in (said, tapped, sure, no):
            session.after(event)
        case.change(told(self._open), case, [*outputs, self.stage], **QUIET)
        session.changed.change(told(self._again), [case, self.stage], [*outputs, self.stage], **QUIET)

    def _open(self, case: str) -> tuple[Any, ...]:
        if not case:
            return [], *self._card(case), ""
        opening = self.guide.opening(case)  # enters the history where it says something new
        shown = [*self.guide.history(case)[-KEPT:-1], *_spoken(opening)]
        return shown, *self._card(case), current(self.bench.store, case)

    def _again(self, case: str, stage: str) -> tuple[Any, ...]:
        """After a change: the card, and a word of the guide where the case has moved on."""
        if case and current(self.bench.store, case) != stage:
            return self._open(case)
        return gr.skip(), *self._card(case), gr.skip()

    def _say(self, text: str, shown: Shown, case: str) -> Iterator[tuple[Any, ...]]:
        if not text.strip():
            return
        shown = [*_without_options(shown), {"role": "user", "content": text.strip()}]
        waiting = {"role": "assistant", "content": "", "metadata": {"title": "Thinking…", "status": "pending"}}
        yield "", [*shown, waiting], gr.skip(), gr.skip(), gr.skip()
        try:
            reply = self.guide.say(case, text.strip())
        except Exception:
            yield text, shown[:-1], *self._card(case)
            raise
        yield "", [*shown, *_spoken(reply)], *self._card(case)

    def _tap(self, shown: Shown, case: str, data: gr.SelectData) -> Iterator[tuple[Any, ...]]:
        yield from self._say(str(data.value), shown, case)

    def _confirm(self, proposal: int, shown: Shown, case: str) -> tuple[Any, ...]:
        if not proposal:
            return gr.skip(), *self._card(case)
        sentence = proposals.confirm(self.bench, proposal)
        return [*_without_options(shown), _line(sentence)], *self._card(case)

    def _decline(self, proposal: int, shown: Shown, case: str) -> tuple[Any, ...]:
        if proposal:
            proposals.decline(self.bench, proposal)
        return [*shown, _line("Declined: nothing was done.")], *self._card(case)

    def _card(self, case: str) -> tuple[Any, ...]:
        """The newest open proposal as a card, for [proposal, card, what]."""
        waiting = self.bench.store.proposals(case, "open") if case else []
        if not waiting:
            return 0, gr.Column(visible=False), ""
        return waiting[-1].id, gr.Column(visible=True), described(waiting[-1])


def described(proposal: Proposal) -> str:
    """A proposal as HTML: what would be done, and why."""
    title = {"train": "Train a model", "evaluate": "Measure the variants", "switch": "Switch what answers",
             "baseline": "Build the baseline again", "undo": "Undo the last switch"}  # fmt: skip
    chosen = "".join(
        f"<tr><td>{escape(name.replace('_', ' '))}</td><td>{escape(str(value))}</td></tr>"
        for name, value in proposal.payload.items()
        if value not in ("", 0, None, [], {})
    )
    return (
        f"<h4>{escape(title.get(proposal.kind, proposal.kind))}?</h4><div>{escape(proposal.why)}</div>"
        f'<details><summary>Details</summary><table class="plain">{chosen}</table></details>'
    )


def _spoken(reply: GuideReply) -> Shown:
    options = [{"value": text, "label": text} for text in reply.suggestions]
    return [{"role": "assistant", "content": reply.text, "options": options}]


def _line(text: str) -> dict[str, Any]:
    return {"role": "assistant", "content": text}


def _without_options(shown: Shown) -> Shown:
    return [{key: value for key, value in message.items() if key != "options"} for message in shown]
