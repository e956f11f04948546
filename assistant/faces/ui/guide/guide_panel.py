"""The guide beside everything else: it asks, explains and proposes; a person confirms on a card."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gradio as gr

from assistant.faces.ui import safe_html
from assistant.faces.ui.chat.transcript import Shown
from assistant.faces.ui.guide.proposal_card import ProposalCard
from assistant.faces.ui.handler_errors import told, told_stream
from assistant.faces.ui.session import QUIET, Session
from assistant.guide import proposals
from assistant.guide.agent import Guide, GuideReply
from assistant.stages import current
from assistant.workbench import Workbench

KEPT = 60  # messages shown when a case is opened again


class GuidePanel:
    """Builds the panel. The talk is a conversation of the record with the source "guide"."""

    def __init__(self, bench: Workbench, session: Session) -> None:
        self.bench, self.session = bench, session
        self.guide = Guide(bench)
        self.stage = gr.State("")  # where the case stood when the guide last looked
        with gr.Accordion("Guide", open=True, elem_id="guide"):
            self.chat = gr.Chatbot(
                elem_id="guide-chat",
                height="46vh",
                min_height=240,
                show_label=False,
                label="Guide",
                buttons=[],
                layout="bubble",
                feedback_options=None,
                group_consecutive_messages=False,
                allow_tags=False,
                latex_delimiters=[],
                container=False,
            )
            self.card = ProposalCard(bench)
            self.box = gr.Textbox(
                placeholder="Answer or ask the guide",
                show_label=False,
                label="To the guide",
                container=False,
                submit_btn=True,
                lines=1,
                max_lines=5,
                elem_id="guide-message",
            )

    def wire(self) -> None:
        case, session = self.session.case, self.session
        card = self.card
        outputs = [self.chat, *card.outputs]
        said = self.box.submit(told_stream(self._say), [self.box, self.chat, case], [self.box, *outputs], **QUIET)
        tapped = self.chat.option_select(told_stream(self._tap), [self.chat, case], [self.box, *outputs], **QUIET)
        sure = card.confirm.click(told(self._confirm), [card.proposal, self.chat, case], outputs, **QUIET)
        no = card.decline.click(told(self._decline), [card.proposal, self.chat, case], outputs, **QUIET)
        again = card.again.click(told(self._change), [card.proposal, self.chat, case, *card.options], outputs, **QUIET)
        for event in (said, tapped, sure, no, again):
            session.after(event)
        card.change.click(told(card.edit), card.proposal, [card.form, card.more, *card.options], **QUIET)
        card.keep.click(lambda: gr.Column(visible=False), None, card.form, **QUIET)
        case.change(told(self._open), case, [*outputs, self.stage], **QUIET)
        session.changed.change(told(self._again), [case, self.stage], [*outputs, self.stage], **QUIET)

    def _open(self, case: str) -> tuple[Any, ...]:
        if not case:
            return [], *self.card.show(case), ""
        opening = self.guide.opening(case)  # enters the history where it says something new
        had = [turn | {"content": safe_html.markdown(turn["content"])} for turn in self.guide.history(case)[-KEPT:-1]]
        shown = [*had, *_spoken(opening)]
        return shown, *self.card.show(case), current(self.bench.store, case)

    def _again(self, case: str, stage: str) -> tuple[Any, ...]:
        """After a change: the card, and a word of the guide where the case has moved on."""
        if case and current(self.bench.store, case) != stage:
            return self._open(case)
        return gr.skip(), *self.card.show(case), gr.skip()

    def _say(self, text: str, shown: Shown, case: str) -> Iterator[tuple[Any, ...]]:
        if not text.strip():
            return
        shown = [*_without_options(shown), {"role": "user", "content": safe_html.markdown(text.strip())}]
        waiting = {"role": "assistant", "content": "", "metadata": {"title": "Thinking…", "status": "pending"}}
        yield "", [*shown, waiting], *[gr.skip()] * len(self.card.outputs)
        try:
            reply = self.guide.say(case, text.strip())
        except Exception:
            yield text, shown[:-1], *self.card.show(case)
            raise
        yield gr.skip(), [*shown, *_spoken(reply)], *self.card.show(case)  # somebody may be typing already

    def _tap(self, shown: Shown, case: str, data: gr.SelectData) -> Iterator[tuple[Any, ...]]:
        yield from self._say(str(data.value), shown, case)

    def _confirm(self, proposal: int, shown: Shown, case: str) -> tuple[Any, ...]:
        if not proposal:
            return gr.skip(), *self.card.show(case)
        sentence = proposals.confirm(self.bench, proposal)
        return [*_without_options(shown), _line(sentence), *self._onward(case)], *self.card.show(case)

    def _decline(self, proposal: int, shown: Shown, case: str) -> tuple[Any, ...]:
        if proposal:
            proposals.decline(self.bench, proposal)
        line = _line("Declined: nothing was done.")
        return [*_without_options(shown), line, *self._onward(case)], *self.card.show(case)

    def _onward(self, case: str) -> Shown:
        """What the checklist says once a proposal is decided; a model has said already how it goes on."""
        return [] if self.bench.settings.guide_model else _spoken(self.guide.opening(case))

    def _change(self, proposal: int, shown: Shown, case: str, *options: Any) -> tuple[Any, ...]:
        made = self.card.changed(proposal, *options)
        sentence = f"Changed: proposal {made.id} takes its place. {made.terms['what']}"
        return [*_without_options(shown), _line(sentence)], *self.card.show(case)


def _spoken(reply: GuideReply) -> Shown:
    options = [{"value": text, "label": text} for text in reply.suggestions]
    return [{"role": "assistant", "content": safe_html.markdown(reply.text), "options": options}]


def _line(text: str) -> dict[str, Any]:
    return {"role": "assistant", "content": safe_html.markdown(text)}


def _without_options(shown: Shown) -> Shown:
    return [{key: value for key, value in message.items() if key != "options"} for message in shown]
